"""Exports as platforms write them, made of records, with the sums that a loader must come to.

The names are of the platforms' documents and connectors, written down here anew: the presets are what is tested.
"""

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.model import MEASURES, TABLES

NOT_SET = "(not set)"
PLATFORMS: dict[str, dict[str, tuple[str, ...]]] = {
    "meta": {
        "date": ("date_start", "Day", "Reporting starts"),
        "region": ("region", "Country"),
        "age_range": ("age", "Age"),
        "gender": ("gender", "Gender"),
        "platform": ("publisher_platform", "Platform"),
        "placement": ("platform_position", "Placement"),
        "device_type": ("impression_device", "device_platform", "Impression device"),
        "impressions": ("impressions", "Impressions"),
        "clicks": ("clicks", "Clicks (all)"),
        "cost": ("spend", "Amount spent (USD)"),
        "conversions": ("conversions", "Results"),
        "likes": ("likes", "actions[post_reaction]", "Post reactions"),
        "extra": ("Attribution setting", "inline_link_clicks", "reach", "Link clicks", "CPC (all)", "Frequency"),
    },
    "google": {
        "date": ("segments.date", "date", "Day"),
        "region": ("Region", "Country/Territory", "geo_target_region"),
        "age_range": ("Age Range", "ad_group_criterion.age_range.type"),
        "gender": ("Gender", "gender.type"),
        "placement": ("segments.ad_network_type", "Network", "Network (with search partners)"),
        "device_type": ("Device", "segments.device", "segmentsDevice"),
        "impressions": ("Impr.", "metrics.impressions", "impressions"),
        "clicks": ("Clicks", "metrics.clicks"),
        "cost": ("Cost", "metrics.cost_micros", "costMicros"),
        "conversions": ("Conversions", "metrics.conversions"),
        "extra": ("customer_id", "Cost / conv.", "Avg. CPC", "Conv. value", "metrics.all_conversions", "Interaction rate"),
    },
    "tiktok": {
        "date": ("stat_time_day", "By Day"),
        "region": ("country_code", "Country"),
        "age_range": ("age", "Age"),
        "gender": ("gender", "Gender"),
        "placement": ("placement", "Placement"),
        "device_type": ("platform", "Device"),
        "impressions": ("impressions", "Impressions"),
        "clicks": ("clicks", "Clicks (destination)"),
        "cost": ("spend", "Cost"),
        "conversions": ("conversion", "Conversions"),
        "likes": ("likes", "Likes"),
        "extra": ("real_time_conversion", "cost_per_conversion", "CPM", "secondary_goal_result", "complete_payment"),
    },
    "microsoft": {
        "date": ("TimePeriod", "date", "Gregorian date"),
        "region": ("State", "Country"),
        "age_range": ("AgeGroup",),
        "gender": ("Gender",),
        "placement": ("Network", "network"),
        "device_type": ("DeviceType", "Device type"),
        "impressions": ("Impressions", "Impr."),
        "clicks": ("Clicks",),
        "cost": ("Spend",),
        "conversions": ("Conversions",),
        "extra": ("TopVsOther", "BidMatchType", "CostPerConversion", "AverageCpc", "ConversionsQualified", "CTR (%)"),
    },
    "linkedin": {
        "date": ("day", "Start Date (in UTC)", "start_date"),
        "impressions": ("impressions", "Impressions"),
        "clicks": ("clicks", "Clicks"),
        "cost": ("costInUsd", "Total Spent", "cost_in_local_currency"),
        "conversions": ("externalWebsiteConversions", "external_website_conversions"),
        "likes": ("likes",),
        "extra": ("oneClickLeads", "landing_page_clicks", "Total Social Actions", "viral_impressions", "Average CPC"),
    },
    "pinterest": {
        "date": ("date", "DATE"),
        "impressions": ("impression_1", "IMPRESSION_1"),
        "clicks": ("clickthrough_1", "CLICKTHROUGH_1"),
        "cost": ("spend_in_micro_dollar", "SPEND_IN_MICRO_DOLLAR"),
        "conversions": ("total_conversions", "TOTAL_CONVERSIONS"),
        "extra": ("impression_2", "clickthrough_2", "outbound_click_1", "total_conversions_quantity"),
    },
    "snapchat": {
        "date": ("date", "start_time"),
        "region": ("country", "region"),
        "impressions": ("impressions",),
        "clicks": ("swipes",),
        "cost": ("spend",),
        "extra": ("quartile_1", "screen_time_millis", "view_completion", "ad_squad_id", "swipe_up_percent"),
    },
    "x": {
        "date": ("date",),
        "placement": ("placement",),
        "device_type": ("segment",),
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "cost": ("billed_charge_local_micro", "billedChargeLocalMicro"),
        "likes": ("likes",),
        "extra": ("billed_engagements", "url_clicks", "retweets", "qualified_impressions"),
    },
    "reddit": {
        "date": ("date",),
        "region": ("country",),
        "impressions": ("impressions",),
        "clicks": ("clicks",),
        "cost": ("spend",),
        "extra": ("ecpm", "upvotes", "downvotes", "campaign_id"),
    },
    "amazon": {
        "date": ("Date", "Start Date", "date"),
        "region": ("Country",),
        "placement": ("Placement",),
        "impressions": ("Impressions", "impressions"),
        "clicks": ("Clicks", "clicks"),
        "cost": ("Spend", "cost"),
        "conversions": ("7 Day Total Orders (#)", "14 Day Total Orders (#)", "purchases7d"),
        "extra": ("Cost Per Click (CPC)", "7 Day Total Sales ", "Portfolio name", "campaign_budget_amount", "sales_7_d"),
    },
    "apple": {
        "date": ("date",),
        "region": ("country_or_region", "countryOrRegion"),
        "device_type": ("device_class", "deviceClass"),
        "impressions": ("impressions",),
        "clicks": ("taps",),
        "cost": ("local_spend_amount", "localSpend.amount"),
        "extra": ("avg_cpt_amount", "new_downloads", "redownloads", "ttr", "lat_on_installs"),
    },
    "dv360": {
        "date": ("Date",),
        "region": ("Country",),
        "placement": ("Environment",),
        "device_type": ("Device Type",),
        "impressions": ("Impressions",),
        "clicks": ("Clicks",),
        "cost": ("Media Cost (Advertiser Currency)", "Revenue (Adv Currency)"),
        "conversions": ("Total Conversions",),
        "extra": ("Insertion Order ID", "Line Item ID", "Click Rate (CTR)", "Post-View Conversions"),
    },
    "cm360": {
        "date": ("Date",),
        "region": ("Country",),
        "placement": ("Environment",),
        "device_type": ("Platform Type",),
        "impressions": ("Impressions",),
        "clicks": ("Clicks",),
        "cost": ("Media Cost",),
        "conversions": ("Total Conversions",),
        "extra": ("Site (CM360)", "Package/Roadblock", "Click Rate", "Active View: % Viewable Impressions"),
    },
    "elsewhere": {
        "date": ("date", "Datum"),
        "region": ("region", "Country", "Land"),
        "age_range": ("age_range", "Age group"),
        "gender": ("gender",),
        "platform": ("platform", "Ad platform"),
        "placement": ("placement",),
        "device_type": ("device_type", "Device"),
        "impressions": ("impressions", "Impressionen", "Impr."),
        "clicks": ("clicks", "Klicks"),
        "cost": ("cost", "Ad spend", "Kosten", "spend_cents"),
        "conversions": ("conversions", "Conv."),
        "likes": ("likes",),
        "extra": ("network", "cost_per_click", "daily_budget", "campaign"),
    },
}  # fmt: skip
UNREPORTED = {"likes": ("google", "microsoft", "amazon", "dv360", "cm360")}
_MICROS = ("micro", "billedchargelocalmicro")
_PRESET_MICROS = ("snapchat", "reddit")
LABELS = {
    "region": ("Bavaria", "US", "NA", "Île-de-France", "unknown"),
    "age_range": ("25-34", "65+", "unknown"),
    "gender": ("female", "male", "unknown"),
    "placement": ("feed", "search", "Top of page", "in-stream"),
    "device_type": ("iphone", "Desktop", "android_tablet", "Connected TV"),
    "platform": ("facebook", "instagram"),
}
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%b %d, %Y", "%Y-%m-%d 00:00:00")
Key = tuple[Any, ...]


@dataclass
class Export:
    """A file, and what it means: `truth` is day and labels → measures. `cause` is why it cannot be loaded, if so."""

    platform: str
    header: list[str]
    rows: list[list[str]]
    delimiter: str
    fields: dict[str, str]
    truth: dict[Key, tuple[Decimal, ...]]
    label: str
    decimal_comma: bool
    date_format: str
    is_micros: bool
    cause: str | None = None
    lines_above: list[str] = field(default_factory=list)

    def content(self, header: list[str] | None = None) -> bytes:
        """Return the file, or the same with another header."""
        text = io.StringIO(newline="")
        text.writelines(f"{line}\r\n" for line in self.lines_above)
        csv.writer(text, delimiter=self.delimiter).writerows([header or self.header, *self.rows])
        return text.getvalue().encode()


def exports(platforms: tuple[str, ...] = tuple(PLATFORMS)) -> st.SearchStrategy[Export]:
    """Return exports of these platforms."""
    return st.sampled_from(platforms).flatmap(_export)


@st.composite
def _export(draw: st.DrawFn, platform: str) -> Export:
    names = PLATFORMS[platform]
    always = ("date", "impressions", "clicks", "cost")
    chosen = [name for name in names if name != "extra" and (name in always or draw(st.integers(0, 3)))]
    fields = {name: draw(st.sampled_from(names[name])) for name in draw(st.permutations(chosen))}
    extra = draw(st.lists(st.sampled_from(names["extra"]), unique=True, max_size=4))
    style = _Style(draw, platform, fields)
    records = [_record(draw, platform, fields, style) for _ in range(draw(st.integers(1, 8)))]
    header, rows = [*fields.values()], [style.row(record, fields) for record in records]
    for name in extra:
        where = draw(st.integers(0, len(header)))
        header.insert(where, name)
        for row in rows:
            row.insert(where, draw(st.sampled_from(["0.5", "2", "77", "x"])))
    cause = _add_currency(draw, header, rows) or _add_range(draw, header, rows, fields, style)
    truth: dict[Key, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * len(MEASURES))
    for record in records:
        key = (record["date"], *(record[name] for name in TABLES))
        truth[key] = [have + record[name] for have, name in zip(truth[key], MEASURES, strict=True)]
    _add_totals(draw, header, rows, fields, records, style)
    above = draw(st.sampled_from([[], [], ["Report of my campaigns", '"March 1, 2024 - March 31, 2024"']]))
    return Export(
        platform, header, rows, style.delimiter, fields, {key: tuple(sums) for key, sums in truth.items()},
        style.label, style.decimal_comma, style.date_format.split(" 00:")[0], style.shift == 6, cause, above,
    )  # fmt: skip


class _Style:
    """How one file writes days and numbers."""

    def __init__(self, draw: st.DrawFn, platform: str, fields: dict[str, str]) -> None:
        self.date_format = draw(st.sampled_from(DATES))
        self.delimiter = draw(st.sampled_from([",", ";", "\t"]))
        self.decimal_comma = draw(st.sampled_from([False, self.delimiter != ",", draw(st.integers(0, 9)) == 0]))
        self.grouped = draw(st.booleans())
        # A comma before three digits is of thousands, but where semicolons separate the cells.
        self.places = draw(st.sampled_from([2, 2, 0, 2 if self.decimal_comma and self.delimiter != ";" else 3]))
        self.label = "meta" if platform == "meta" else "somewhere" if platform == "elsewhere" else platform
        cost = fields["cost"].lower()
        by_name = 6 if "micro" in cost else 2 if "cents" in cost else 0
        self.shift = by_name or (6 if platform in _PRESET_MICROS else 0)

    def amount(self, value: Decimal) -> str:
        if self.shift:
            return str(int(value.scaleb(self.shift)))
        return self._spelled(f"{value:,.{self.places}f}")

    def count(self, value: int) -> str:
        return self._spelled(f"{value:,}")

    def _spelled(self, text: str) -> str:
        text = text if self.grouped else text.replace(",", "")
        return text.translate(str.maketrans(".,", ",.")) if self.decimal_comma else text

    def row(self, record: dict[str, Any], fields: dict[str, str]) -> list[str]:
        return [self.cell(name, record[name]) for name in fields]

    def cell(self, name: str, value: Any) -> str:
        if name == "date":
            return str(value.strftime(self.date_format))
        return self.amount(value) if name == "cost" else self.count(value) if name in MEASURES else str(value)


def _record(draw: st.DrawFn, platform: str, fields: dict[str, str], style: _Style) -> dict[str, Any]:
    record: dict[str, Any] = {"date": date(2024, 3, 1) + timedelta(days=draw(st.integers(0, 40)))}
    for name in TABLES:
        default = style.label if name == "platform" else NOT_SET
        record[name] = draw(st.sampled_from(LABELS[name])) if name in fields else default
    for name in ("impressions", "clicks", "conversions", "likes"):
        most = {"impressions": 200_000, "clicks": 3000}.get(name, 50)
        record[name] = draw(st.integers(0, most)) if name in fields else 0
    places = 2 if style.shift else style.places
    # What people pay: a view costs 0.1 cents to a few.
    record["cost"] = (record["impressions"] * Decimal(draw(st.integers(1, 40))) / 1000).quantize(
        Decimal(1).scaleb(-places)
    )
    return record


def _add_currency(draw: st.DrawFn, header: list[str], rows: list[list[str]]) -> str | None:
    name = draw(
        st.sampled_from([None, None, None, "Currency code", "account_currency", "cost_currency", "CurrencyCode"])
    )
    if name is None:
        return None
    code = draw(st.sampled_from(["USD", "USD", "EUR"]))
    where = draw(st.integers(0, len(header)))
    header.insert(where, name)
    for row in rows:
        row.insert(where, code)
    return code if code != "USD" else None


def _add_range(
    draw: st.DrawFn, header: list[str], rows: list[list[str]], fields: dict[str, str], style: _Style
) -> str | None:
    """Add the last day, where the date is the first of a range; some ranges are longer than a day."""
    ends = {"start": "end", "Start": "End", "starts": "ends"}
    first = fields["date"]
    last = "date_stop" if first == "date_start" else None
    for start, end in ends.items():
        last = last or (first.replace(start, end) if start in first else None)
    if last is None:
        return None
    days = draw(st.sampled_from([0, 0, 0, 6]))
    column = header.index(first)
    where = draw(st.integers(column + 1, len(header)))
    header.insert(where, last)
    for row in rows:
        row.insert(where, style.cell("date", _day(row[column], style) + timedelta(days=days)))
    return "spans days" if days else None


def _day(text: str, style: _Style) -> date:
    return datetime.strptime(text, style.date_format).replace(tzinfo=UTC).date()


def _add_totals(
    draw: st.DrawFn, header: list[str], rows: list[list[str]], fields: dict[str, str], records: list[Any], style: _Style
) -> None:
    """Add a row of totals, with a word or without, and a footer."""
    sums = {name: sum((record[name] for record in records), Decimal(0)) for name in MEASURES}
    total = ["" for _ in header]
    for name, column in fields.items():
        if name in MEASURES:
            total[header.index(column)] = style.cell(name, sums[name] if name == "cost" else int(sums[name]))
    blank = draw(st.sampled_from(["", "--"]))
    texts = [index for index, cell in enumerate(total) if not cell]
    kind = draw(st.sampled_from([None, None, "Total", "Total: Account", "Grand Total:", "no word"]))
    if kind is not None:
        if kind != "no word":
            total = [cell or blank for cell in total]
            total[texts[0]] = kind
        rows.append(total)
    footer = draw(st.sampled_from([[], [], [["Report Time:", "2024/05/02 06:00 GMT"], ["Group By:", "Date"]], [["(c) 2024 by somebody"]]]))  # fmt: skip
    if footer and len(header) > 4:
        rows.extend(footer)
