"""Excel files: what a JSON answer has, as numbers, percentages and dates, with names for people."""

import io
import zipfile
from dataclasses import replace
from datetime import date
from typing import Any
from xml.etree import ElementTree

import httpx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tortoise.context import TortoiseContext

from project.errors import InvalidRequest
from project.export.formats import FORMATS
from project.export.formats.xlsx import XlsxEncoder
from project.export.open_export import open_export
from project.query.filters import Filters
from project.query.rows import RowsQuestion
from project.settings import Settings
from project.store.postgres.connections import serving_config
from project.store.warehouse.snapshot import long_snapshot
from tests.export.test_report_files import flat
from tests.support.report_model import GRAINS, METRICS, REPORT_FACTS, report
from tests.web.api.test_reports_properties import as_parameters, questions

REPORTS = "/v1/reports"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def number_formats(content: bytes) -> list[str | None]:
    """Return the number format of each cell of the second row, None where it is empty, by the workbook's own XML."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        styles = ElementTree.fromstring(file.read("xl/styles.xml"))
        sheet = ElementTree.fromstring(file.read("xl/worksheets/sheet1.xml"))
    codes = {one.get("numFmtId"): one.get("formatCode") for one in styles.iter(f"{MAIN}numFmt")}
    codes |= {"0": "General", "1": "0", "3": "#,##0", "4": "#,##0.00", "10": "0.00%"}
    [cells] = styles.iter(f"{MAIN}cellXfs")
    first, second = list(sheet.iter(f"{MAIN}row"))[:2]
    formats = {cell.get("r"): codes[cells[int(cell.get("s", 0))].get("numFmtId")] for cell in second}
    return [formats.get(str(title.get("r")).replace("1", "2")) for title in first]


def spelled(label: str) -> str:
    return label.casefold().replace("_", "").replace(" ", "")


def encoded(table: pa.Table) -> bytes:
    file = io.BytesIO()
    encoder = XlsxEncoder(file, table.schema)
    for batch in table.to_batches():
        encoder.write(batch)
    encoder.close()
    return file.getvalue()


@settings(max_examples=settings.default.max_examples // 3)
@given(asked=questions())
async def test_a_workbook_is_the_models_report(reports_client: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    answer = await reports_client.get(REPORTS, params=as_parameters(asked) | {"format": "xlsx"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == FORMATS["xlsx"].media_type
    expected = [flat(row, asked) for row in report(REPORT_FACTS, asked)["data"]]
    _title, *rows = sheets(answer.content)["Data"]
    assert len(rows) == len(expected)
    for row, model in zip(rows, expected, strict=True):
        for cell, (name, value) in zip(row, model.items(), strict=True):
            if any(part in METRICS for part in name.split(".")):
                assert cell == ("" if value is None else pytest.approx(float(value), rel=1e-14)), name
            elif name in GRAINS or isinstance(value, bool):
                assert cell == value
            else:
                # For people: a capital, and spaces.
                assert (
                    spelled(cell).startswith(spelled(value)) if name == "weekday" else spelled(cell) == spelled(value)
                )


async def test_titles_formats_and_the_question(reports_client: httpx.AsyncClient) -> None:
    query = "group_by=month,platform&metrics=clicks,cost,ctr,cpc&compare_to=previous_month&date_from=2024-03-01"
    answer = await reports_client.get(f"{REPORTS}.xlsx?{query}&fill=true&date_to=2024-03-31")
    found = sheets(answer.content)
    shown = dict(zip(found["Data"][0], number_formats(answer.content), strict=True))
    assert {title: shown[title] for title in list(shown)[:6]} == {
        "Month": "yyyy-mm-dd", "Platform": "General", "Clicks": "#,##0", "Cost": "#,##0.00", "CTR": "0.00%",
        "CPC": "#,##0.00",
    }  # fmt: skip
    assert list(shown)[6:10] == ["Clicks, before", "Clicks, change", "Clicks, change in %", "Clicks, contribution"]
    assert (shown["Cost, change in %"], shown["CTR, change"]) == ("0.00%", "0.00%")
    assert found["Data"][1][0] == date(2024, 3, 1)
    asked = [tuple(line[:2]) for line in found["Question"]]
    assert ("group_by", "month,platform") in asked
    assert {"date_from": "2024-03-01", "date_to": "2024-03-31"}.items() <= dict(asked).items()
    assert dict(asked)["data_version"]
    again = await reports_client.get(f"{REPORTS}.xlsx?{query}&fill=true&date_to=2024-03-31")
    assert again.content == answer.content


@given(
    numbers=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=5),
    label=st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20).map("={}".format),
)
def test_no_digit_is_lost_and_no_label_is_a_formula(numbers: list[int], label: str) -> None:
    content = encoded(pa.table({"region": [label] * len(numbers), "impressions": pa.array(numbers, pa.int64())}))
    for number, (text, cell) in zip(numbers, sheets(content)["Data"][1:], strict=True):
        assert text == label
        # Excel would show the first 15 digits of a number, and zeros.
        assert int(cell) == number
        assert isinstance(cell, str) == (len(str(number).rstrip("0")) > 15)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert b"<f>" not in file.read("xl/worksheets/sheet1.xml")


async def test_more_rows_than_a_workbook_takes_are_refused(facts_database: str) -> None:
    small = replace(FORMATS["xlsx"], most_rows=3)
    async with TortoiseContext() as context:
        await context.init(config=serving_config(Settings(database_url=facts_database)))
        async with long_snapshot() as current:
            opened = await open_export(RowsQuestion(Filters(), limit=3), small, current, "")
            assert opened.rows == 3
            await opened.close()
        with pytest.raises(InvalidRequest, match=r"The answer has \d+ rows; xlsx takes 3\."):
            async with long_snapshot() as current:
                await open_export(RowsQuestion(Filters()), small, current, "")
