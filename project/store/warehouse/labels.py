"""The dimensions' labels in memory: id ↔ label, of one data version.

The dimensions are small, so each process holds all of them. Filters are resolved to ids before any SQL, and rows get
their labels here. Every snapshot (`store.warehouse.snapshot`) compares the data version first and reloads the labels
when it moved, so that labels are never older than the rows they name.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import asyncpg

from project.catalog import DIMENSIONS, date_of
from project.catalog.natural_order import NATURAL_ORDERS
from project.store.postgres import citus
from project.store.warehouse import data_version, ledger
from project.store.warehouse.data_version import DataVersion
from project.store.warehouse.maturity import Maturity, read_maturity
from project.suggestions import nearest

_LABELS = " UNION ALL ".join(
    f"SELECT '{dimension.name}', {dimension.key}, {dimension.label}::text FROM {dimension.table}"  # noqa: S608 - the catalogue's
    for dimension in DIMENSIONS
)


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of one dimension by id, and what they are sorted by."""

    labels: Mapping[int, str]
    _ids: Mapping[str, int] = field(repr=False)
    _lowered: Mapping[str, int] = field(repr=False)
    order: Callable[[str], Any] = str.casefold

    @classmethod
    def of(cls, labels: Mapping[int, str], order: Callable[[str], Any] = str.casefold) -> "LabelSet":
        """Index the labels by their exact spelling, and in lower case, which the database keeps unique.

        Where two labels that the database distinguishes have one lower case in Python, only the exact spelling matches.
        """
        lowered = Counter(label.lower() for label in labels.values())
        return cls(
            labels,
            {label: id_ for id_, label in labels.items()},
            {label.lower(): id_ for id_, label in labels.items() if lowered[label.lower()] == 1},
            order,
        )

    def id(self, label: str) -> int | None:
        """Return the id of a label in any case, or None."""
        label = normal_label(label)
        exact = self._ids.get(label)
        return exact if exact is not None else self._lowered.get(label.lower())

    def nearest(self, label: str, limit: int = 3) -> tuple[str, ...]:
        """Return the labels that resemble this one, best first."""
        return nearest(label, self.labels.values(), limit)

    def search(self, text: str) -> dict[int, str]:
        """Return the labels that contain the text in any case, in their order."""
        folded = normal_label(text).casefold()
        matches = ((id_, label) for id_, label in self.labels.items() if folded in label.casefold())
        return dict(sorted(matches, key=lambda match: (self.order(match[1]), match[0])))


@dataclass(frozen=True, slots=True)
class Labels:
    """All labels of one data version (a date's label is its ISO form), and the extent of facts and rollups.

    `first_date` and `last_date` are the first and last day with facts. `grouping_sets` are the numbers of the sets that
    the rollups have of every day. `maturity` is what re-pulls teach of each platform, by id. `on_citus` says that the
    database has Citus, where a transaction alone is not one state (`store.warehouse.commits`).
    """

    version: DataVersion
    dimensions: Mapping[str, LabelSet]
    first_date: date | None
    last_date: date | None
    grouping_sets: frozenset[int]
    maturity: Mapping[int, Maturity]
    on_citus: bool = False

    def __getitem__(self, dimension: str) -> LabelSet:
        return self.dimensions[dimension]

    def days(self, first: date | None, last: date | None) -> tuple[date | None, date | None]:
        """Return the days from the first to the last; an open end is the first or last day with facts.

        It stays None where there are no facts, or where all are beyond the other end.
        """
        start, end = first or self.first_date, last or self.last_date
        return (first, last) if start and end and start > end else (start, end)

    def settled_to(self, platforms: Container[str] | None = None) -> date | None:
        """Return the newest day whose facts have settled, of these platforms or of all; None where one is unknown."""
        labels = self["platform"].labels
        days = [
            maturity.settled_to
            for id_, maturity in self.maturity.items()
            if platforms is None or labels[id_] in platforms
        ]
        known = [day for day in days if day]
        return min(known) if known and len(known) == len(days) else None


async def load_labels(connection: "asyncpg.Connection[Any]", version: DataVersion) -> Labels:
    """Read all labels; `version` is the one that the connection sees."""
    labels: dict[str, dict[int, str]] = {dimension.name: {} for dimension in DIMENSIONS}
    for dimension, id_, label in await connection.fetch(_LABELS):
        labels[dimension][id_] = label
    first, last = await ledger.read_extent(connection)
    return Labels(
        version,
        {name: LabelSet.of(of_name, NATURAL_ORDERS.get(name, str.casefold)) for name, of_name in labels.items()},
        date_of(first) if first else None,
        date_of(last) if last else None,
        await data_version.read_grouping_sets(connection),
        await read_maturity(connection, version.number, date_of(last) if last else None),
        await citus.installed(connection) is not None,
    )


def normal_label(text: str) -> str:
    """Return a label in its stored form: trimmed, and composed (Unicode NFC)."""
    return text if text.isascii() and text == text.strip() else unicodedata.normalize("NFC", text).strip()
