"""Today, where the service's users are."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import Request


def today(request: Request) -> date:
    """Return the current day in the setting `TIMEZONE`."""
    return datetime.now(ZoneInfo(request.app.state.settings.timezone)).date()
