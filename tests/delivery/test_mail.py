"""The mail is what the page shows: numbers, days, what is incomplete, the chart and the file."""

import csv
import io
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest

from project.charts.renderer import Renderer
from project.delivery import subscriptions
from project.export.formats import FORMATS
from tests.delivery.conftest import Deliveries
from tests.support.mail import mailbox
from tests.support.report_model import REPORT_FACTS

SLOT = datetime(2024, 3, 11, 7, tzinfo=UTC)
WEEK = (date(2024, 3, 4), date(2024, 3, 10))
NAMES = {"tiktok": "TikTok", "facebook": "Facebook", "instagram": "Instagram"}


def by_platform(first: date, last: date) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for fact in REPORT_FACTS:
        if first <= fact["date"] <= last:
            sums[fact["platform"]] += fact["cost"]
    return sums


class Cells(HTMLParser):
    """The rows of the last table: the breakdown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.sources: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = dict(attributes)
        self.sources += [names["src"]] if tag == "img" else []
        self.links += [names["href"]] if tag == "a" else []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


async def mail_of(deliveries: Deliveries, query: str = "", at: datetime = SLOT, **changes: object) -> EmailMessage:
    if query:
        await deliveries.connection.execute("UPDATE saved_view SET query = $1", query)
    await deliveries.subscribe("boss@example.com", attach="csv")
    with mailbox() as box:
        renderer = changes.pop("renderer", None)
        deliveries.clock.move_to(at)
        await deliveries.dispatcher(renderer, smtp_url=box.url, **changes).send_due()
        assert await deliveries.errors() == [None]
        [mail] = box.mails
        return mail


async def test_a_mail_has_the_numbers_of_the_page(deliveries: Deliveries) -> None:
    mail = await mail_of(deliveries, public_url="https://ads.example.com/")
    now, before = by_platform(*WEEK), by_platform(*(day - timedelta(days=7) for day in WEEK))
    change = f"{100 * (sum(now.values()) / sum(before.values()) - 1):+.1f}%"
    assert mail["Subject"].startswith("Weekly spend, 4–10 Mar 2024: cost ")
    assert mail["Subject"].endswith(f"USD ({change})")
    assert mail["From"] == "Ad Metrics <reports@example.com>"
    assert mail["To"] == "boss@example.com"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    cells = Cells(mail.get_body(("html",)).get_content())
    rows = {row[0]: row[1:3] for row in cells.rows if row and row[0] in NAMES.values()}
    assert rows == {NAMES[name]: [f"{now[name]:,.0f}", f"{before[name]:,.0f}"] for name in now}
    assert "compared with 26 Feb – 3 Mar" in cells.text
    assert cells.links == ["https://ads.example.com/views/weekly-spend"]
    plain = mail.get_body(("plain",)).get_content()
    assert "https://ads.example.com/views/weekly-spend" in plain
    for name in now:
        assert f"{NAMES[name]:<20} {now[name]:>12,.0f} {before[name]:>12,.0f}" in plain
    [file] = mail.iter_attachments()
    assert file.get_filename() == "ad-metrics_platform_2024-03-04_2024-03-10.csv"
    table = list(csv.DictReader(io.StringIO(file.get_content())))
    assert {row["platform"]: Decimal(row["cost"]) for row in table} == now


@pytest.mark.slow
async def test_the_chart_is_inside_the_mail(deliveries: Deliveries) -> None:
    renderer = Renderer()
    mail = await mail_of(deliveries, renderer=renderer)
    await renderer.close()
    related = mail.get_body(("related",))
    [picture] = [part for part in related.iter_parts() if part.get_content_type() == "image/png"]
    assert picture.get_content().startswith(b"\x89PNG")
    assert Cells(mail.get_body(("html",)).get_content()).sources == [f"cid:{picture['Content-ID'].strip('<>')}"]


@pytest.mark.slow
async def test_the_chart_is_that_of_the_page(deliveries: Deliveries) -> None:
    renderer = Renderer()
    query = "date_preset=last_week&metric=cost&group_by=platform&rolling=7"
    mail = await mail_of(deliveries, query, renderer=renderer)
    await renderer.close()
    assert "each date is the mean of 7 days" in mail.get_body(("html",)).get_content()


async def test_any_text_is_text_in_a_mail(deliveries: Deliveries) -> None:
    await deliveries.connection.execute("UPDATE saved_view SET title = $1", "<b>Q1</b> & Größe")
    mail = await mail_of(deliveries, "group_by=region&region=O'Hara; DROP TABLE dim_region&date_preset=last_month")
    assert mail["Subject"].startswith("<b>Q1</b> & Größe, 1–29 Feb 2024: cost ")
    html = mail.get_body(("html",)).get_content()
    assert "<b>Q1" not in html
    assert "<b>Q1</b> & Größe" in Cells(html).text
    assert "Region O'Hara; DROP TABLE dim_region" in Cells(html).text
    for part in mail.walk():
        if not part.is_multipart():
            assert part["Content-Transfer-Encoding"] in ("7bit", "quoted-printable", "base64")


async def test_a_mail_says_what_is_missing(deliveries: Deliveries) -> None:
    last = max(fact["date"] for fact in REPORT_FACTS)
    at = datetime(2024, 4, 8, 7, tzinfo=UTC)
    mail = await mail_of(deliveries, at=at)
    assert last == date(2024, 4, 3)
    text = " ".join(mail.get_body(("plain",)).get_content().split())
    assert "Not complete: 4–7 Apr are not loaded yet." in text
    assert "Not complete: 4–7 Apr are not loaded yet." in Cells(mail.get_body(("html",)).get_content()).text


@pytest.mark.parametrize(
    "query", ["date_from=1999-01-01&date_to=1999-01-31", "region=Texas&exclude_platform=tiktok,facebook,instagram"]
)
async def test_a_view_that_finds_nothing_says_so(deliveries: Deliveries, query: str) -> None:
    mail = await mail_of(deliveries, query)
    assert mail["Subject"].endswith(": no facts")
    assert "No facts match." in mail.get_body(("plain",)).get_content()
    assert "No facts match this view." in Cells(mail.get_body(("html",)).get_content()).text


async def test_a_late_mail_shows_the_days_of_its_slot(deliveries: Deliveries) -> None:
    mail = await mail_of(deliveries, "date_preset=yesterday", at=SLOT + timedelta(days=3))
    assert mail["Subject"].startswith("Weekly spend, 10 Mar 2024")


# Of the second nothing is compared: the data begins in its days.
@pytest.mark.parametrize("query", ["date_preset=last_week&compare_to=none", "date_from=2020-01-01&date_to=2024-03-10"])
async def test_a_view_without_comparison_has_no_changes(deliveries: Deliveries, query: str) -> None:
    mail = await mail_of(deliveries, f"{query}&metric=ctr&group_by=gender")
    assert "(" not in mail["Subject"]
    rows = [row for row in Cells(mail.get_body(("html",)).get_content()).rows if row and row[0] == "Female"]
    assert [len(row) for row in rows] == [2]


def test_attachments_are_formats() -> None:
    assert set(subscriptions.ATTACHMENTS) <= set(FORMATS)


def test_templates_load_nothing_from_elsewhere() -> None:
    html = Path("project/delivery/templates/mail.html").read_text()
    assert "http" not in html.replace("https", "http").partition("<body")[0]
    assert "url(" not in html
    assert html.count("<img") == 1
