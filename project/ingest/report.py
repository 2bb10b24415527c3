"""The report of a load: what was read, and what became of it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from project.catalog import MEASURES
from project.ingest.records import Reject

KEPT_REJECTS = 1000
"""How many rejected rows a report names; it counts all."""

SHOWN_OF_A_KIND = 3


@dataclass(slots=True)
class Report:
    """Counts of one load.

    `reasons` counts the rejected rows by (file, column, reason). `summed` rows were added to another row of the load
    with the same natural key. `before` and `after` are each measure's sums over the facts that the load changed.
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    rows_read: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    reasons: dict[tuple[str, str, str], int] = field(default_factory=dict)
    left_out: int = 0
    summed: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    before: dict[str, int | Decimal] = field(default_factory=dict)
    after: dict[str, int | Decimal] = field(default_factory=dict)
    date_from: date | None = None
    date_to: date | None = None
    data_version: int | None = None
    sample_removed: int = 0
    dry_run: bool = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None

    @property
    def facts(self) -> int:
        """How many facts the load named."""
        return self.inserted + self.changed + self.unchanged

    @property
    def seconds(self) -> float:
        """How long the load took, or has taken so far."""
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()

    def reject(self, reject: Reject) -> None:
        """Count a row that could not be read, and keep the first thousand."""
        self.rejected += 1
        kind = (reject.file, reject.column, reject.reason)
        self.reasons[kind] = self.reasons.get(kind, 0) + 1
        if len(self.rejects) < KEPT_REJECTS:
            self.rejects.append(reject)

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        counted = [
            {"file": file, "column": column, "reason": reason, "rows": rows}
            for (file, column, reason), rows in self.reasons.items()
        ]
        return asdict(self) | {"reasons": counted, "seconds": self.seconds, "rows_a_second": self._rate}

    def as_text(self) -> Iterator[str]:
        """Yield the report's lines for people."""
        yield f"read {self.rows_read:,} rows of {', '.join(file['name'] for file in self.files) or 'no file'}"
        yield from self._rejected_lines()
        if self.sample_removed:
            yield f"removed the {self.sample_removed:,} facts of the sample data: real data has come"
        if self.facts:
            yield (
                f"loaded {self.facts:,} facts: {self.inserted:,} inserted, {self.changed:,} changed, "
                f"{self.unchanged:,} unchanged; {self.summed:,} rows were added to another of the same key"
            )
        for measure in MEASURES if self.changed else ():
            before, after = self.before[measure.name], self.after[measure.name]
            if before != after:
                yield f"  {measure.name} of the changed facts: {before:,} before, {after:,} now"
        if self.date_from:
            yield f"dates {self.date_from} to {self.date_to}"
        if self.facts and not self.inserted and not self.changed:
            yield "nothing changed: the database had all of it"
        if self.data_version is not None:
            yield f"data version {self.data_version}, {self.seconds:.1f} s, {self._rate:,} rows a second"
        if self.dry_run:
            yield "a dry run: nothing was kept"

    @property
    def _rate(self) -> int:
        return round(self.rows_read / self.seconds) if self.seconds else 0

    def _rejected_lines(self) -> Iterator[str]:
        if self.rejected:
            yield f"rejected {self.rejected:,} rows:"
        for (file, column, reason), count in self.reasons.items():
            alike = [one for one in self.rejects if (one.file, one.column, one.reason) == (file, column, reason)]
            for reject in alike[:SHOWN_OF_A_KIND]:
                what = f"{column} {reject.value!r}" if column else repr(reject.value)
                yield f"  {file}, line {reject.line}: {what}: {reason}"
            if count > SHOWN_OF_A_KIND:
                yield f"  … and {count - min(len(alike), SHOWN_OF_A_KIND):,} more rows of {file} for the same reason"
