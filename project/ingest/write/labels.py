"""Labels: the days and labels of a load, with the database's ids; what is new is inserted.

A load of known labels asks twice: for its days, and for the labels of all dimensions.
"""

from collections.abc import Mapping
from typing import Any

import asyncpg

from project.catalog import LABELLED_DIMENSIONS, Dimension

Ids = Mapping[str, Mapping[int, int]]
"""By dimension, `day` for the date: the database's id of each staged number."""


async def insert_labels(connection: "asyncpg.Connection[Any]", *, only_staged: bool) -> Ids:
    """Insert the days and labels of `staged_day` and `staged_label` that are new, and return the ids of all.

    `only_staged` leaves out labels that no row of `staging` has.
    """
    ids: dict[str, dict[int, int]] = {dimension.name: {} for dimension in LABELLED_DIMENSIONS}
    days = await connection.fetch(_DAYS)
    ids["day"] = {number: day for number, day, _ in days}
    if not all(known for *_, known in days):
        await connection.execute(_INSERT_DATES)
    numbers = await connection.fetch(_IDS)
    for dimension in LABELLED_DIMENSIONS:
        of_dimension = {number: id_ for name, number, id_ in numbers if name == dimension.name}
        if None in of_dimension.values():
            await connection.execute(_insert_labels(dimension, only_staged=only_staged))
            of_dimension = dict(await connection.fetch(_select_ids(dimension)))
        ids[dimension.name] = of_dimension
    return ids


def by_number(ids: Mapping[int, int]) -> list[int | None]:
    """Return a list that has, at the index of each staged number, the database's id."""
    return [ids.get(number) for number in range(max(ids, default=-1) + 1)]


def _insert_labels(dimension: Dimension, *, only_staged: bool) -> str:
    table, label = dimension.table, dimension.label
    # A label that only rejected rows have is not inserted.
    staged = f"AND number IN (SELECT {dimension.name} FROM staging)" if only_staged else ""  # noqa: S608
    # The first spelling in the load stays; ids follow the order of first appearance.
    return f"""\
INSERT INTO {table} ({label})
SELECT spelling FROM (
    SELECT DISTINCT ON (lower(staged.label COLLATE "default")) staged.label AS spelling, number
    FROM staged_label AS staged LEFT JOIN {table} AS known
        ON lower(known.{label} COLLATE "default") = lower(staged.label COLLATE "default")
    WHERE dimension = '{dimension.name}' AND known.{dimension.key} IS NULL {staged}
    ORDER BY lower(staged.label COLLATE "default"), number
) AS new
ORDER BY number"""  # noqa: S608


def _select_ids(dimension: Dimension, *, join: str = "JOIN", name: str = "") -> str:
    return f"""\
SELECT {name} number, {dimension.key} FROM staged_label
{join} {dimension.table} AS known
    ON lower(known.{dimension.label} COLLATE "default") = lower(staged_label.label COLLATE "default")
WHERE dimension = '{dimension.name}'"""  # noqa: S608


_DAYS = """\
SELECT number, staged.date_id, known.date_id IS NOT NULL FROM staged_day AS staged
LEFT JOIN dim_date AS known ON known.date_id = staged.date_id"""
_INSERT_DATES = "INSERT INTO dim_date (date_id, date_value) SELECT date_id, day FROM staged_day ON CONFLICT DO NOTHING"
_IDS = " UNION ALL ".join(
    _select_ids(dimension, join="LEFT JOIN", name="dimension, ") for dimension in LABELLED_DIMENSIONS
)
