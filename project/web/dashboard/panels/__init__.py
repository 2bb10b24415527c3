"""The panels of the page, from top to bottom. A new one is its file, its template and an entry here."""

from project.web.dashboard.panels.breakdown import Breakdown
from project.web.dashboard.panels.filters import Filters
from project.web.dashboard.panels.freshness import Freshness
from project.web.dashboard.panels.panel import Panel
from project.web.dashboard.panels.series import Series
from project.web.dashboard.panels.share import Share
from project.web.dashboard.panels.totals import Totals

PANELS: list[type[Panel]] = [Share, Freshness, Filters, Totals, Series, Breakdown]
