"""A plain-Python model of the facts: what the service should answer, computed without it.

It shares no code with the service but the names of columns, which are the schema's. A field that joins the catalogue may
be unknown to it.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from project.catalog import RECORD
from tests.support.calendar_model import WEEKDAYS

DIMENSIONS = ("date", "region", "age_range", "gender", "platform", "placement", "device_type")
MEASURES = ("impressions", "clicks", "cost", "conversions", "likes")

TABLES = {
    "region": ("dim_region", "region_id", "region_name"),
    "age_range": ("dim_age_group", "age_id", "age_range"),
    "gender": ("dim_gender", "gender_id", "gender_name"),
    "platform": ("dim_platform", "platform_id", "platform_name"),
    "placement": ("dim_placement", "placement_id", "placement_name"),
    "device_type": ("dim_device_type", "device_type_id", "device_type_name"),
}

# Numbers are not in alphabetical order, and some labels are awkward on purpose.
LABELS = {
    "region": ["Texas", "California", "Île-de-France", "Paris, Texas", "100%_real", "O'Hara; DROP TABLE dim_region"],
    "age_range": ["25-34", "18-24", "65+", "(not set)"],
    "gender": ["male", "female", "unknown"],
    "platform": ["tiktok", "facebook", "instagram"],
    "placement": ["stories", "Feed", "search"],
    "device_type": ["iphone", "desktop"],
}
FIRST_DAY = date(2024, 1, 20)
DAYS = 75


@dataclass(frozen=True)
class Fact:
    id: int
    key: tuple[int, ...]
    values: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def _facts() -> list[Fact]:
    dice = random.Random(7)
    facts = []
    for number in range(1, 1501):
        day = FIRST_DAY + timedelta(days=dice.randrange(DAYS))
        choice = {name: dice.randrange(len(labels)) for name, labels in LABELS.items()}
        key = (day.year * 10000 + day.month * 100 + day.day, *(choice[name] + 1 for name in LABELS))
        values = {"date": day} | {name: LABELS[name][index] for name, index in choice.items()}
        # Few values, so that there are many ties.
        values |= {
            "impressions": dice.choice([0, 10, 1000, 2**62]),
            "clicks": dice.randrange(4),
            "cost": dice.choice([Decimal("0"), Decimal("0.000001"), Decimal("18.4"), Decimal("999999999999.999999")]),
            "conversions": dice.randrange(2),
            "likes": 0,
        }
        facts.append(Fact(number, key, values))
    unique = {fact.key: fact for fact in facts}
    return sorted(unique.values(), key=lambda fact: fact.key)


FACTS = _facts()


async def insert_facts(connection: asyncpg.Connection, facts: list[Fact]) -> None:
    for table in ("fact_ad_metrics_daily", "rollup_ad_metrics_daily"):
        for month in sorted({fact.key[0] // 100 for fact in facts}):
            await connection.execute(
                f"CREATE TABLE {table}_{month} PARTITION OF {table} FOR VALUES FROM ({month}00) TO ({month + 1}00)"
            )
    days = sorted({fact["date"] for fact in facts})
    await connection.executemany(
        "INSERT INTO dim_date VALUES ($1, $2)", [(day.year * 10000 + day.month * 100 + day.day, day) for day in days]
    )
    for name, (table, _, _) in TABLES.items():
        await connection.executemany(
            f"INSERT INTO {table} VALUES ($1, $2)", [(index + 1, label) for index, label in enumerate(LABELS[name])]
        )
    await connection.copy_records_to_table(
        "fact_ad_metrics_daily",
        columns=["id", "date_id", *(key for _, key, _ in TABLES.values()), *MEASURES],
        records=[(fact.id, *fact.key, *(fact[name] for name in MEASURES)) for fact in facts],
    )
    await connection.execute("UPDATE data_version SET version = 12, changed_at = now()")
    keys = [fact.key[0] for fact in facts]
    await connection.execute("INSERT INTO data_change VALUES (12, now(), 'upgrade', $1, $2)", min(keys), max(keys))


def matching(facts: list[Fact], parameters: dict[str, Any]) -> list[Fact]:
    """Return the facts that the parameters of a request match."""

    def matches(fact: Fact) -> bool:
        for name, value in parameters.items():
            if value is None:
                continue
            if name.endswith("weekday"):
                if (WEEKDAYS[fact["date"].isoweekday() - 1] in value) == name.startswith("exclude_"):
                    return False
                continue
            if name == "date_from" and fact["date"] < value:
                return False
            if name == "date_to" and fact["date"] > value:
                return False
            if name in TABLES and fact[name] not in value:
                return False
            if name.startswith("exclude_") and fact[name.removeprefix("exclude_")] in value:
                return False
            if name.startswith("min_") and fact[name.removeprefix("min_")] < value:
                return False
            if name.startswith("max_") and fact[name.removeprefix("max_")] > value:
                return False
        return True

    return [fact for fact in facts if matches(fact)]


def in_order(facts: list[Fact], sort: list[str]) -> list[Fact]:
    """Return the facts by the sort keys, then by the natural key in the direction of the last of them."""
    descending = bool(sort) and sort[-1].startswith("-")
    facts = sorted(facts, key=lambda fact: fact.key, reverse=descending)
    for key in reversed(sort):
        name = key.removeprefix("-")
        facts.sort(key=lambda fact: place(name, fact[name]), reverse=key.startswith("-"))
    return facts


def place(name: str, label: Any) -> Any:
    """Return the place of a label among those of its dimension."""
    if name == "weekday":
        return WEEKDAYS.index(label)
    if name == "age_range":
        return ["18-24", "25-34", "65+", "(not set)"].index(label)
    return label


def known(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of an answer or file without fields that the catalogue has and this model does not."""
    new = set(RECORD).difference(DIMENSIONS, MEASURES)
    return {name: value for name, value in row.items() if new.isdisjoint(name.split("."))}


def as_answered(fact: Fact) -> dict[str, Any]:
    """Return a fact as a row of an answer, read back with exact numbers."""
    return {"id": fact.id} | {
        name: value.isoformat() if isinstance(value, date) else value for name, value in fact.values.items()
    }
