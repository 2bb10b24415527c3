"""The mail of a view: HTML with the chart inline, the same as plain text, and the breakdown as a file."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from project.catalog import KEY_METRICS, METRICS, Number
from project.catalog.display import capitalised, display_label, display_name, format_amount
from project.delivery.content import Content
from project.query.reports.groups import Group
from project.settings import mail_address
from project.web.dashboard.amounts import format_change, format_compact, judge_change
from project.web.dashboard.panels.panel import ReportPanel

_TILES = (*KEY_METRICS, "impressions")
"""The metrics that have a tile, beside the view's own, which comes first."""

_MOST_TILES = 6
_FIVE_DIGITS = 10_000
_CHART_ID = "chart"
_POLICY = SMTP.clone(cte_type="7bit")  # Not every server takes 8BITMIME.

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)
_templates.globals |= {
    "capitalised": capitalised,
    "display_name": display_name,
    "chart_id": _CHART_ID,
}


class Cell(NamedTuple):
    """A metric of a group: its value, that of the previous period, and the change, as text.

    `tone` of the change is `good`, `bad`, or "" where the change is neither.
    """

    metric: str
    value: str
    previous: str
    change: str
    tone: str
    unit: str


def mail_of(content: Content, sender: str, recipient: str) -> bytes:
    """Return the mail to one recipient, as SMTP transfers it."""
    from_ = mail_address(sender)
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = subject_of(content)
    message["From"], message["To"] = str(from_), recipient
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=from_.domain)
    # No answer of an absent reader is wanted (RFC 3834).
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_render("mail.txt", content))
    message.add_alternative(_render("mail.html", content), subtype="html")
    if content.chart and (html := message.get_body(("html",))):
        html.add_related(
            content.chart, "image", "png", cid=f"<{_CHART_ID}>", disposition="inline", filename="chart.png"
        )
    if file := content.attachment:
        message.add_attachment(file.content, *file.media_type.split("/"), filename=file.name)
    return message.as_bytes()


def subject_of(content: Content) -> str:
    """Return the subject: what and when, and the view's metric: `Spend, 16–22 Nov 2026: cost 12.34k USD (+4.2%)`."""
    metric, panel = content.view.metric, content.totals
    total = panel.report.page.total
    change = format_change(metric, panel.change(metric, total))
    value = f"{format_compact(metric, panel.value(metric, total))} {_unit(metric, content)}"
    number = f"{display_name(metric)} {value}" + (f" ({change})" if change else "")
    sample = "Sample data: " if panel.report.labels.version.sample else ""
    outcome = "no facts" if panel.is_empty else number
    # A header has one line.
    return " ".join(f"{sample}{content.saved.title}, {content.view.days}: {outcome}".split())


def _render(template: str, content: Content) -> str:
    view, totals, breakdown = content.view, content.totals, content.breakdown
    names = list(dict.fromkeys((view.metric, *_TILES)))[:_MOST_TILES]
    total = breakdown.report.page.total
    # Columns are read from above: all of a column has cents, or nothing has.
    shown = _format_without_cents if (breakdown.value(view.metric, total) or 0) >= _FIVE_DIGITS else format_amount
    groups = breakdown.report.page.groups[: view.limit]
    return _templates.get_template(template).render(
        content=content,
        tiles=[_cell(content, totals, name, totals.report.page.total, format_compact) for name in names],
        rows=[
            (
                " · ".join(map(display_label, map(str, group.key))),
                _cell(content, breakdown, view.metric, group, shown),
                breakdown.share(group),
            )
            for group in groups
        ],
        total=_cell(content, breakdown, view.metric, total, shown),
        unit=_unit(view.metric, content),
    )


def _cell(
    content: Content, panel: ReportPanel, metric: str, group: Group, shown: Callable[[str, Number | None], str]
) -> Cell:
    change = panel.change(metric, group)
    text = format_change(metric, change)
    # What rounds to nothing is neither good nor bad.
    tone = judge_change(metric, change)
    previous = shown(metric, change.value) if change and change.value is not None else ""
    return Cell(metric, shown(metric, panel.value(metric, group)), previous, text, tone, _unit(metric, content))


def _format_without_cents(metric: str, value: Number | None) -> str:
    """Return an amount of money without cents, and others as they are."""
    if value is not None and METRICS[metric].unit == "currency":
        return f"{value:,.0f}"
    return format_amount(metric, value)


def _unit(metric: str, content: Content) -> str:
    return content.currency if METRICS[metric].unit == "currency" else ""
