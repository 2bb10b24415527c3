"""The rules of the loader, each by the smallest file that breaks it: what is loaded is right, or the reason is said."""

from decimal import Decimal
from typing import Any

import orjson
import pytest

from project.errors import LoadRefused
from project.ingest.mapping.columns import map_columns
from project.ingest.mapping.questions import answered
from project.ingest.options import Options
from tests.support.model import TABLES
from tests.support.records import csv_text, record
from tests.support.staged_rows import read

REST = {"missing": "(not set)"}
CANONICAL = list(record())


def total(content: bytes | str, measure: str = "cost", name: str = "a.csv", **options: Any) -> Decimal:
    """Return a measure's sum over a file. Raises LoadRefused, also for a rejected row."""
    rows, report, _ = read(content if isinstance(content, bytes) else content.encode(), Options(**options), name)
    if report.rejects:
        raise LoadRefused("; ".join(reject.reason for reject in report.rejects))
    return sum((Decimal(row[measure]) for row in rows), Decimal(0))


def refusal(content: bytes | str, name: str = "a.csv", **options: Any) -> str:
    """Return why a file is refused."""
    with pytest.raises(LoadRefused) as error:
        total(content, name=name, **options)
    return str(error.value)


def sources(header: str, **options: Any) -> dict[str, str]:
    """Return where each field comes from, in words."""
    columns = map_columns(header.split(","), Options(**options), "a.csv", "USD")
    return {field: str(source).partition(" ← ")[2] for field, source in columns.sources.items()}


def test_a_preset_never_overrules_the_file() -> None:
    for other in ("country_code", "network", "stat_time_day", "swipes", "retweets"):
        header = ",".join([*CANONICAL, other])
        assert sources(header) == {name: name for name in CANONICAL}
    own = "Day,Region,Network,Device,Currency code,Cost,Impr.,Clicks,Conversions,platform"
    assert sources(own, **REST, set=["likes=0"])["platform"] == "platform"
    assert "likes: give its column" in refusal(f"{own}\n", **REST)
    assert sources(own.removesuffix(",platform"), **REST)["platform"] == "'google' (preset google)"


def test_a_preset_is_guessed_from_two_columns_of_one_platform_only() -> None:
    rest = "date,impressions,clicks,spend,conversions,likes"
    assert "nothing says whose export it is" in refusal(f"{rest},swipes\n")
    assert (
        sources(f"{rest},swipes,screen_time_millis".replace("clicks,", ""), **REST)["platform"]
        == "'snapchat' (preset snapchat)"
    )
    assert "nothing says whose export it is" in refusal(f"{rest},swipes,screen_time_millis,retweets\n")
    assert "nothing says whose export it is" in refusal(
        "date,currency_code,device_type,network,clicks,impressions,spend\n"
    )


@pytest.mark.parametrize(
    "columns",
    [
        "insertion_order,insertion_order_id,line_item,line_item_id,partner_id",
        "media_cost,click_through_conversions,view_through_conversions",
        "media_cost,post_click_conversions,post_view_conversions",
        "quartile_1,quartile_2,quartile_3",
    ],
)
def test_names_that_many_ad_servers_write_tell_no_platform(columns: str) -> None:
    assert "nothing says whose export it is" in refusal(f"date,impressions,clicks,total_conversions,{columns}\n")


def test_two_columns_that_claim_a_measure_are_refused() -> None:
    text = refusal(f"{','.join(CANONICAL)},Clicks (all)\n", preset="meta")
    assert 'clicks: there are 2 columns that may be clicks: --map clicks=clicks or --map clicks="Clicks (all)"' in text


@pytest.mark.parametrize(
    ("column", "source"),
    [
        ("spend_in_micro_dollar", "spend_in_micro_dollar ÷ 1,000,000"),
        ("billedChargeLocalMicro", "billedChargeLocalMicro ÷ 1,000,000"),
        ("spend_in_microcurrency", "spend_in_microcurrency ÷ 1,000,000"),
        ("Cost (micros)", "Cost (micros) ÷ 1,000,000"),
        ("spend_cents", "spend_cents ÷ 100"),
        ("Spend", "Spend"),
    ],
)
def test_a_name_that_says_micro_is_divided(column: str, source: str) -> None:
    header = ",".join(CANONICAL).replace("cost", column)
    assert sources(header, map=[f"cost={column}"])["cost"] == source
    assert sources(header, map=[f"cost={column}"], scale=["cost=1000"])["cost"] == f"{column} ÷ 1,000"


def test_micros_under_a_name_that_does_not_say_so_are_asked_about() -> None:
    micros = csv_text([record(cost=1_500_000)])
    text = refusal(micros)
    assert "cost has whole amounts as large as micros; say --scale cost=micros, or --scale cost=1" in text
    assert total(micros, scale=["cost=micros"]) == Decimal("1.5")
    assert total(micros, scale=["cost=1"]) == 1_500_000
    assert "no micros, though its name says so" in refusal(
        csv_text([record(cost="1.50")], [*CANONICAL[:9], "cost_micros", *CANONICAL[10:]]), map=["cost=cost_micros"]
    )


def test_a_platform_by_set_leaves_open_whether_its_amounts_are_micros() -> None:
    header = [{"cost": "spend"}.get(name, name) for name in CANONICAL if name != "platform"]
    values = [value for name, value in record(cost=10_000).items() if name != "platform"]
    flags = {"set": ["platform=reddit"]}
    assert "spend is in micros where reddit's API writes it" in refusal(csv_text([values], header), **flags)
    assert total(csv_text([values], header), **flags, scale=["cost=micros"]) == Decimal("0.01")
    assert total(csv_text([values], header), preset="reddit") == Decimal("0.01")


@pytest.mark.parametrize(
    "column", ["cost_currency", "Currency", "accountCurrency", "Spend currency code", "Währung", "ccy", "spend_ccy"]
)
def test_every_column_of_currencies_is_compared(column: str) -> None:
    rows = [[*record().values(), code] for code in ("USD", "EUR")]
    assert f"has amounts in EUR ({column})" in refusal(csv_text(rows, [*CANONICAL, column]))
    assert total(csv_text(rows[:1], [*CANONICAL, column])) == Decimal("18.4")
    named = [[*record().values(), "US Dollar"]]
    assert "has amounts in US Dollar" in refusal(csv_text(named, [*CANONICAL, column]))
    assert total(csv_text(named, [*CANONICAL, column]), currency="USD") == Decimal("18.4")


@pytest.mark.parametrize("column", ["Budget (account currency)", "daily_budget_in_local_currency"])
def test_amounts_in_a_currency_are_no_names_of_it(column: str) -> None:
    for cell in ("10.00", "Unlimited", "10.00 USD", "--"):
        assert total(csv_text([[*record().values(), cell]], [*CANONICAL, column])) == Decimal("18.4")


@pytest.mark.parametrize("column", ["Cost (EUR)", "cost_eur", "Cost in EUR", "Cost (€)"])
def test_an_amount_that_names_another_currency_is_refused(column: str) -> None:
    header = [column if name == "cost" else name for name in CANONICAL]
    assert "in EUR, this database in USD" in refusal(csv_text([record()], header), map=[f"cost={column}"])


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("Start Date", "End Date"),
        ("date_start", "date_stop"),
        ("Início dos relatórios", "Término dos relatórios"),
        ("Inicio del informe", "Fin del informe"),
        ("from", "to"),
        ("Start Date (in UTC)", "End Date (in UTC)"),
        ("start_time", "end_date"),
        ("Berichtsstart", "Berichtsende"),
        ("Anfangsdatum", "Enddatum"),
        ("Startdatum", "Einddatum"),
        ("レポート開始日", "レポート終了日"),
        ("Start", "Finish"),
    ],
)
def test_a_range_of_days_is_rejected_also_when_the_date_is_mapped(start: str, end: str) -> None:
    header = [start, *CANONICAL[1:], end]
    rows = [
        [*record(date=first).values(), last]
        for first, last in (("2024-05-01", "2024-05-01"), ("2024-05-01", "2024-05-31"))
    ]
    assert total(csv_text(rows[:1], header), map=[f"date={start}"]) == Decimal("18.4")
    assert "spans days up to 2024-05-31" in refusal(csv_text(rows, header), map=[f"date={start}"])


def test_a_range_that_ends_at_the_next_midnight_is_of_one_day() -> None:
    header = ["start_time", *CANONICAL[1:], "end_time"]
    for end, is_day in (("2024-05-02T00:00:00.000Z", True), ("2024-05-01T23:59:59.000Z", True), ("2024-05-03T00:00:00.000Z", False)):  # fmt: skip
        content = csv_text([[*record(date="2024-05-01T00:00:00.000Z").values(), end]], header)
        if is_day:
            assert total(content, map=["date=start_time"]) == Decimal("18.4")
        else:
            assert "spans days" in refusal(content, map=["date=start_time"])


@pytest.mark.parametrize("name", ["Week", "Woche", "Mês", "Semaine", "Trimestre"])
def test_a_grain_that_is_no_day_is_known_in_other_languages(name: str) -> None:
    content = csv_text([record()], [name, *CANONICAL[1:]])
    assert f"a row of {name!r} is of a {name.casefold()}, and facts are daily" in refusal(content, map=[f"date={name}"])


@pytest.mark.parametrize("end", ["End Date", "date_end", "Date to", "end_day"])
def test_an_end_beside_a_date_that_says_no_start(end: str) -> None:
    rows = [[*record(date="2024-05-01").values(), last] for last in ("2024-05-01", "2024-05-31")]
    assert total(csv_text(rows[:1], [*CANONICAL, end])) == Decimal("18.4")
    assert "spans days up to 2024-05-31" in refusal(csv_text(rows, [*CANONICAL, end]))
    for other in ("Ends", "Campaign end date"):
        assert total(csv_text(rows, [*CANONICAL, other])) == Decimal("36.8")
    # A start of its own: both are a campaign's.
    flights = [[*row, "2024-04-01"] for row in rows]
    assert total(csv_text(flights, [*CANONICAL, end, "Start Date"])) == Decimal("36.8")


@pytest.mark.parametrize(
    "first", ["Total", "Total: Account", "Grand Total:", "Subtotal", "Gesamtsumme", "合計", "Total - 2 rows"]
)
@pytest.mark.parametrize("given", ["column", "set"])
def test_totals_are_known_wherever_the_date_comes_from(first: str, given: str) -> None:
    names = ["region", "impressions", "cost"]
    rows: list[list[Any]] = [["North", 100, "1.50"], ["South", 200, "2.50"], [first, 300, "4.00"]]
    options = {"set": ["clicks=0", "conversions=0", "likes=0", "date=2024-05-01"], **REST}
    if given == "column":
        names, rows = ["date", *names], [["2024-05-01", *row] for row in rows]
        options["set"] = options["set"][:3]
    assert total(csv_text(rows, names), **options) == 4
    brand = [*rows[:-1], [*rows[-1][:-3], "Total Wine", 300, "4.00"]]
    assert total(csv_text(brand, names), **options) == 8


@pytest.mark.parametrize("total_of", [("Total", "All"), ("North Total", ""), ("Subtotal", "x")])
def test_totals_among_days(total_of: tuple[str, str]) -> None:
    rows = [["2024-05-01", "North", "x", 100, "1.50"], ["2024-05-02", "South", "y", 200, "2.50"]]
    options = {"set": ["clicks=0", "conversions=0", "likes=0"], **REST}
    header = ["date", "Campaign", "region", "impressions", "cost"]
    sums: list[Any] = ["2024-05-02", *total_of, 100, "1.50"]
    assert total(csv_text([rows[0], sums, rows[1]], header), **options) == 4
    # A name of which nothing else in the file is a part.
    assert total(csv_text([*rows, ["2024-05-02", "Wine Total", "z", 100, "1.50"]], header), **options) == Decimal("5.5")


@pytest.mark.parametrize("place", [0, 2])
def test_a_total_without_a_word_is_known_by_its_sums(place: int) -> None:
    rows: list[list[Any]] = [["North", "2024-05-01", 100, "1.50"], ["South", "2024-05-01", 200, "2.50"]]
    header = ["region", "date", "impressions", "cost"]
    options = {"set": ["clicks=0", "conversions=0", "likes=0"], **REST}
    for sums, expected in ((("", "2024-05-01", 300, "4.00"), 4), (("", "2024-05-01", 301, "4.00"), 8)):
        assert total(csv_text([*rows[:place], sums, *rows[place:]], header), **options) == expected
    # Of another day it is a fact: a region that is not set.
    other = ("", "2024-05-02", 300, "4.00")
    assert total(csv_text([*rows[:place], other, *rows[place:]], header), **options) == 8


@pytest.mark.parametrize(
    "texts", [("Total", "Everywhere"), ("All campaigns", "All"), ("Results from 2 campaigns", "--")]
)
@pytest.mark.parametrize("place", [0, 2])
def test_a_row_that_may_mean_all_is_known_by_its_sums(texts: tuple[str, str], place: int) -> None:
    rows: list[list[Any]] = [["A", "North", 100, "1.50"], ["B", "South", 200, "2.50"]]
    options = {"set": ["clicks=0", "conversions=0", "likes=0", "date=2024-05-01"], **REST}
    for impressions, expected in ((300, 4), (310, 8)):
        content = csv_text(
            [*rows[:place], [*texts, impressions, "4.00"], *rows[place:]], ["Campaign", "region", "impressions", "cost"]
        )
        assert total(content, **options) == expected


def test_rows_without_a_day_are_totals_at_the_top_or_the_end_only() -> None:
    header = ["date", "campaign_id", "impressions", "cost"]
    days: list[list[Any]] = [[f"2024-05-0{day}", 1, 100, "1.50"] for day in (1, 2)]
    options = {"set": ["clicks=0", "conversions=0", "likes=0"], **REST}
    blank: list[Any] = ["", 2, 200, "3.00"]
    for rows in ([blank, *days], [*days, blank]):
        assert total(csv_text(rows, header), **options) == 3
    # A spreadsheet writes a merged cell once, and leaves it blank in the rows below.
    assert "blank" in refusal(csv_text([days[0], blank, days[1]], header), **options)


def test_footers_of_several_cells_are_left_out_and_a_cut_row_is_not() -> None:
    text = csv_text([record()])
    footer = "Report Time:,2024/05/02 06:00 GMT\r\nFilter by Partner ID:,1001,x\r\n"
    padded = "".join(line + "," * 9 + "\r\n" for line in ("Group By:,Date,", "Report by somebody,,"))
    for end in (footer, padded, "," * 11 + "\r\n" + padded):
        assert total(text + end) == Decimal("18.4")
    assert "the row has 3 cells" in refusal(text + "2024-05-01,North,25-34\r\n")
    assert "not a date such as" in refusal(text + padded + csv_text([record()]).partition("\r\n")[2])


def test_a_point_before_three_digits_is_asked_about_unless_the_column_tells() -> None:
    for delimiter in (",", "\t", ";"):
        dots = csv_text([record(cost="45.320"), record(cost="812")], delimiter=delimiter)
        assert "cost has '45.320', which may be thousands or have decimals" in refusal(dots)
        assert total(dots, decimal_comma=True) == 46132
        assert total(dots, decimal_comma=False) == Decimal("857.32")
    assert total(csv_text([record(cost="45.320"), record(cost="1.5")])) == Decimal("46.82")
    assert total(csv_text([record(cost="45.320"), record(cost="0.125")])) == Decimal("45.445")
    counts = refusal(csv_text([record(impressions="12.450")]))
    assert "--decimal-comma" in counts
    assert "--round" not in counts
    typed = orjson.dumps({**record(cost=45.32), "likes": 0})
    assert total(typed, name="a.jsonl") == Decimal("45.32")
    assert total(orjson.dumps(record(cost=45.325)), name="a.jsonl") == Decimal("45.325")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cost": "(1.50)"}, "negative: accountants write -1.50 as (1.50)"),
        ({"cost": "($1.50)"}, "negative: accountants write"),
        ({"cost": "-$1.50"}, "negative"),
        ({"impressions": "1.2E+05"}, "a spreadsheet has rounded it"),
        ({"age_range": "Oct-17"}, "a spreadsheet has made a date of an age range"),
        ({"age_range": "17. Okt"}, "a spreadsheet has made a date of an age range"),
        ({"age_range": "Age 25"}, None),
        ({"region": "#N/A"}, "a spreadsheet's error"),
        ({"placement": "#NAME?"}, "a spreadsheet's error"),
        ({"device_type": "########"}, "a spreadsheet's error"),
        ({"placement": "#1 spot"}, None),
        ({"date": "45292"}, "a spreadsheet's number of the day 2024-01-01"),
    ],
)
def test_what_a_spreadsheet_made_is_said(fields: dict[str, Any], reason: str | None) -> None:
    content = csv_text([record(**fields)])
    if reason is None:
        assert total(content) == Decimal("18.4")
    else:
        assert reason in refusal(content)


def test_what_is_negative_by_less_than_is_stored_is_rounded_away() -> None:
    assert "negative" in refusal(csv_text([record(cost="-2e-18")]))
    assert total(csv_text([record(cost="-2e-18"), record(cost="5e-05")]), round=["cost"]) == Decimal("0.00005")
    assert total(csv_text([record(cost="-0.00")])) == 0


def test_a_date_format_with_an_offset() -> None:
    content = csv_text([record(date="2024-05-01T00:00:00-0700")])
    assert total(content, date_format="%Y-%m-%dT%H:%M:%S%z") == Decimal("18.4")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_named(encoding: str) -> None:
    content = csv_text([record()], delimiter="\t").encode(encoding)
    text = refusal(content)
    assert f"looks like UTF-16 without a mark: --encoding {encoding}" in text
    assert total(content, encoding=encoding) == Decimal("18.4")


def test_a_list_of_a_record_is_said_and_a_breakdown_of_actions_is_summed() -> None:
    for field in ("clicks", "placement"):
        assert "a list, and a" in refusal(orjson.dumps(record(**{field: [1, 2]})), name="a.jsonl")
    assert total(orjson.dumps({**record(), "tags": ["a"]}), name="a.jsonl") == Decimal("18.4")
    labels = {"date_start": "2024-05-01", "date_stop": "2024-05-01", "publisher_platform": "facebook"}
    measures = {"impressions": 10, "clicks": 1, "spend": 1.5, "conversions": 0}
    actions = [{"action_type": "post_reaction", "action_device": one, "value": "3"} for one in ("iphone", "desktop")]
    meta = orjson.dumps({**labels, **measures, "actions": actions})
    assert total(meta, "likes", "a.jsonl", **REST) == 6


def test_a_day_in_three_fields() -> None:
    def days(last: int) -> bytes:
        ends = {name: {"year": 2024, "month": 5, "day": day} for name, day in (("start", 1), ("end", last))}
        return orjson.dumps({"dateRange": ends, **{name: value for name, value in record().items() if name != "date"}})

    assert total(days(1), name="a.jsonl", map=["date=dateRange.start"]) == Decimal("18.4")
    assert "spans days up to 2024-05-07" in refusal(days(7), "a.jsonl", map=["date=dateRange.start"])


def test_a_label_that_is_plainly_of_another_dimension_is_refused() -> None:
    for column, label in (
        ("platform", "ANDROID"),
        ("platform", "DESK"),
        ("platform", "Smart Phone"),
        ("device_type", "facebook"),
        ("region", "female"),
        ("gender", "25-34"),
    ):
        text = refusal(csv_text([record(**{column: label})]))
        assert f"{column!r} has {label!r}, which is no {column}" in text
        assert total(csv_text([record(**{column: label})]), map=[f"{column}={column}"]) == Decimal("18.4")


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        ("Date,Network,DeviceType,Country,CostPerConversion,Spend,Impressions,Clicks,Conversions", ["--map cost=Spend", "--map region=Country"]),
        ("date,platform,avg_cpc,ad_spend,daily_budget,imps,link_clicks", ["--map cost=ad_spend", "--map impressions=imps", "--map clicks=…"]),
        ("date,impressions,clicks,cost_per_click,roas,amount", ["--map cost=…"]),
        ("Start date,End date,Impressions,Clicks,Cost", ['--map date="Start date"']),
        ("date,channel,impressions,clicks,cost", ["--set platform=…"]),
        ("date,Kosten,Spend,impressions,clicks", ["--map cost=…"]),
    ],
)  # fmt: skip
def test_advice_is_by_meaning(header: str, flags: list[str]) -> None:
    text = refusal(f"{header}\n")
    line = text.splitlines()[-1]
    for flag in flags:
        assert flag in line
    for wrong in ("CostPer", "budget", "cpc", "roas", "cost_per", "platform=channel"):
        assert wrong not in line


def test_the_questions_come_at_once_and_answers_are_merged() -> None:
    with pytest.raises(LoadRefused) as error:
        read(b"spend,Clicks,Country\n", Options(map=["cost=spent"], set=["likes=0"]))
    questions = error.value.questions  # type: ignore[attr-defined]
    fields = [question.field for question in questions]
    assert fields[:5] == ["platform", "date", "impressions", "cost", "conversions"]
    assert set(fields[5:]) == set(TABLES) - {"platform"}
    options = answered(error.value.options, [question.default for question in questions if question.default])  # type: ignore[attr-defined]
    assert options.columns == {"cost": "spend", "region": "Country"}
    assert (options.constants, options.missing) == ({"likes": "0", "conversions": "0"}, "(not set)")


def test_a_range_without_an_end_and_two_claims_are_asked_with_the_rest() -> None:
    header = "Start Date (in UTC),Total Spent,cost_in_local_currency,Impressions,Clicks,Conversions,likes"
    text = refusal(f"{header}\n", preset="linkedin")
    line = text.splitlines()[-1]
    for flag in ("--map date=…", "--map cost=…", '--missing "(not set)"'):
        assert flag in line
    assert "'Start Date (in UTC)' is the first day of a row, and no column is the last" in text
    flags = {"map": ["date=Start Date (in UTC)", "cost=Total Spent"], **REST}
    assert sources(header, preset="linkedin", **flags)["platform"] == "'linkedin' (preset linkedin)"


def test_a_placeholder_is_no_value() -> None:
    for option in ({"set": ["platform=…"]}, {"missing": "…"}):
        assert "put the value in the place of …" in refusal(csv_text([record()]), **option)  # type: ignore[arg-type]


def test_missing_does_not_hide_a_dimension_that_the_file_has() -> None:
    header = ",".join(CANONICAL).replace("region", "Country")
    assert "region: --map region=Country" in refusal(f"{header}\n", **REST)
    assert (
        sources(",".join(name for name in CANONICAL if name != "region"), **REST)["region"] == "'(not set)' (--missing)"
    )
