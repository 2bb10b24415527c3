"""The dimensions' labels in memory: number ↔ label, of one data version.

The dimensions are small, so each process keeps all of them; filters are resolved to numbers before any SQL, and rows
get their labels here. Every snapshot (`store.warehouse.snapshot`) compares the data version first and loads the labels
again when it moved, so that they are never older than the rows they name.
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import asyncpg
from rapidfuzz import fuzz, process

from project.catalog import DIMENSIONS, date_of
from project.errors import DatabaseUnavailable, NotMigrated

_VERSION = "SELECT version, changed_at, sample FROM data_version"
_LABELS = " UNION ALL ".join(
    f"SELECT '{dimension.name}', {dimension.key}, {dimension.label}::text FROM {dimension.table}"  # noqa: S608 - the catalogue's
    for dimension in DIMENSIONS
)
_DATES = "SELECT min(date_id), max(date_id) FROM fact_ad_metrics_daily"


@dataclass(frozen=True, slots=True)
class DataVersion:
    """Which state of the data this is. Equal versions have equal facts and labels."""

    number: int
    changed_at: datetime
    sample: bool

    @property
    def token(self) -> str:
        """The version as a part of an ETag; the time tells apart databases that reached the same number."""
        return f"{self.number}-{int(self.changed_at.timestamp() * 1_000_000):x}"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of one dimension."""

    names: Mapping[int, str]
    _numbers: Mapping[str, int] = field(repr=False)
    _lowered: Mapping[str, int] = field(repr=False)

    @classmethod
    def of(cls, names: Mapping[int, str]) -> "LabelSet":
        """Index the labels by their exact spelling, and in lower case, which the database keeps unique.

        Where Python's lower case makes one of two that the database tells apart, only the exact spelling counts.
        """
        lowered = Counter(name.lower() for name in names.values())
        return cls(
            names,
            {name: number for number, name in names.items()},
            {name.lower(): number for number, name in names.items() if lowered[name.lower()] == 1},
        )

    def number(self, label: str) -> int | None:
        """Return the number of a label, spelled in any case, or None."""
        label = normal_label(label)
        exact = self._numbers.get(label)
        return exact if exact is not None else self._lowered.get(label.lower())

    def nearest(self, label: str, limit: int = 3) -> tuple[str, ...]:
        """Return the labels most like this one, best first."""
        return nearest(label, self.names.values(), limit)

    def search(self, text: str) -> dict[int, str]:
        """Return the labels that contain the text in any case, in alphabetical order."""
        folded = normal_label(text).casefold()
        found = ((number, name) for number, name in self.names.items() if folded in name.casefold())
        return dict(sorted(found, key=lambda pair: (pair[1].casefold(), pair[0])))


@dataclass(frozen=True, slots=True)
class Labels:
    """All labels of one data version (a date's is its ISO form), and what there is of facts and rollups.

    That is the first and last day with facts, and the numbers of the grouping sets that the rollups have of every day.
    """

    version: DataVersion
    dimensions: Mapping[str, LabelSet]
    first_date: date | None
    last_date: date | None
    grouping_sets: frozenset[int]

    def __getitem__(self, dimension: str) -> LabelSet:
        return self.dimensions[dimension]


_current: Labels | None = None


def current() -> Labels:
    """Return the labels as this process last saw them; DatabaseUnavailable where it saw none yet."""
    if _current is None:
        raise DatabaseUnavailable("The labels have not been loaded from the database yet.")
    return _current


def forget() -> None:
    """Drop the labels: the next snapshot loads them."""
    global _current  # noqa: PLW0603 - one cache a process, replaced whole
    _current = None


async def refreshed(connection: "asyncpg.Connection[Any]") -> Labels:
    """Return the labels of the data version that this connection sees, loading them only when it moved.

    Raises NotMigrated.
    """
    global _current  # noqa: PLW0603
    row = await connection.fetchrow(_VERSION)
    if row is None:
        raise NotMigrated("The table data_version is empty; run `aerich upgrade`.")
    version = DataVersion(*row)
    known = _current
    if known is not None and known.version == version:
        return known
    loaded = await _load(connection, version)
    _current = loaded
    return loaded


def normal_label(text: str) -> str:
    """Return a label as it is stored: trimmed, and composed (Unicode NFC)."""
    return text if text.isascii() and text == text.strip() else unicodedata.normalize("NFC", text).strip()


def nearest(word: str, choices: Any, limit: int = 3) -> tuple[str, ...]:
    """Return those of the choices that a typist may have meant by the word, best first."""
    matches = process.extract(
        word[:100], list(choices), scorer=fuzz.WRatio, processor=str.casefold, limit=limit, score_cutoff=60
    )
    return tuple(match[0] for match in matches)


async def _load(connection: "asyncpg.Connection[Any]", version: DataVersion) -> Labels:
    names: dict[str, dict[int, str]] = {dimension.name: {} for dimension in DIMENSIONS}
    for dimension, number, label in await connection.fetch(_LABELS):
        names[dimension][number] = label
    first, last = await connection.fetchrow(_DATES) or (None, None)
    kept = await connection.fetchval("SELECT grouping_sets FROM data_version")
    return Labels(
        version,
        {dimension: LabelSet.of(of) for dimension, of in names.items()},
        date_of(first) if first else None,
        date_of(last) if last else None,
        frozenset(kept),
    )
