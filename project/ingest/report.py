"""The report of a load: the files that were read, and what became of their rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from project.catalog import MEASURE_NAMES, MEASURES
from project.errors import LoadRefused

LISTED_REJECTS = 1000
"""How many rejected rows a report lists, and as many again of reasons that come later; it counts all."""

SHOWN_REJECTS = 3
"""How many rows with the same column and reason the report for people shows."""

SHOWN_REASONS = 50
"""How many columns and reasons the report for people shows."""

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be read: its first line, the column and value at fault, the reason, and its cells."""

    file: str
    line: int
    column: str
    value: str
    reason: str
    row: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Lines of a file that are not facts: what they are, the first of them, and how many."""

    file: str
    what: str
    line: int
    text: str
    lines: int


@dataclass(slots=True)
class Report:
    """Counts of one load.

    Each line of the files, except the headers, is read, rejected or left out. `reasons` counts the rejected rows by
    (file, column, reason). `sources` say of each file where its fields come from. `first_records` and `platforms` are
    known before any fact is written: what is stored first, and the sums of each platform. `summed` rows were added to
    another row of the load with the same natural key; `repeated` of them were equal to it byte by byte. `before` and
    `after` are each measure's sums over the facts that changed.
    `committed` is None from the moment when the database is asked to commit until it answers.
    """

    files: list[dict[str, Any]] = field(default_factory=list)
    rows_read: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    reasons: dict[tuple[str, str, str], int] = field(default_factory=dict)
    left_out: int = 0
    left_out_lines: list[LeftOut] = field(default_factory=list)
    profile: str | None = None
    sources: list[dict[str, Any]] = field(default_factory=list)
    first_records: list[dict[str, Any]] = field(default_factory=list)
    platforms: list[dict[str, Any]] = field(default_factory=list)
    more_platforms: int = 0
    currency: str | None = None
    summed: int = 0
    repeated: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    before: dict[str, int | Decimal] = field(default_factory=dict)
    after: dict[str, int | Decimal] = field(default_factory=dict)
    date_from: date | None = None
    date_to: date | None = None
    data_version: int | None = None
    sample_removed: int = 0
    dry_run: bool = False
    committed: bool | None = False
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    finished_at: datetime | None = None
    on_reject: Callable[[Reject], None] | None = None

    @property
    def facts(self) -> int:
        """How many facts the load has."""
        return self.inserted + self.changed + self.unchanged

    @property
    def bytes_read(self) -> int:
        """The size of the files that have been read to their end."""
        return sum(file["bytes"] for file in self.files)

    @property
    def seconds(self) -> float:
        """How long the load took, or has run so far."""
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()

    @property
    def interrupted(self) -> str:
        """What the load has done where it is interrupted now, as a sentence."""
        if self.committed:
            return f"Interrupted; the load was complete: {self.facts:,} facts, data version {self.data_version}."
        if self.committed is None:
            return "Interrupted while the database committed; `ad-metrics loads` says whether it did."
        return "Interrupted; nothing was loaded."

    @property
    def preset(self) -> str | None:
        """The preset that all files were read as; None where they differ."""
        presets = {entry["preset"] for entry in self.sources}
        return presets.pop() if len(presets) == 1 else None

    def add_sources(self, file: str, preset: str, fields: Iterable[Any], notify: Callable[[str], None]) -> None:
        """Add where the fields of a file come from, and notify of it where the file before had other sources."""
        sources = dict(str(source).split(" ← ", 1) for source in fields)
        if not self.sources or self.sources[-1]["fields"] != sources:
            for name, source in sources.items():
                notify(f"  {name} ← {source}")
        self.sources.append({"file": file, "preset": preset, "fields": sources})

    def preview_text(self) -> Iterator[str]:
        """Yield what will be stored: the first records, and the sums by platform."""
        for record in self.first_records:
            yield f"will store: {', '.join(self._named(name, value) for name, value in record.items())}"
        for sums in self.platforms:
            measures = ", ".join(self._named(name, sums[name]) for name in MEASURE_NAMES)
            yield f"sums of {sums['platform']}: {measures}"
        if self.more_platforms:
            yield f"  … and of {self.more_platforms:,} more platforms"

    def add_file(self, name: str, sha256: str, size: int) -> None:
        """Add a file that has been read to its end. Raises LoadRefused where the load already has the same file."""
        for file in self.files:
            if file["sha256"] == sha256:
                raise LoadRefused(f"{file['name']} and {name} are the same file; it would count twice.")
        self.files.append({"name": name, "sha256": sha256, "bytes": size})

    def reject(self, reject: Reject) -> None:
        """Count a row that could not be read, and list the first thousand and the first few of each later reason."""
        self.rejected += 1
        if self.on_reject:
            self.on_reject(reject)
        kind = (reject.file, reject.column, reject.reason)
        self.reasons[kind] = self.reasons.get(kind, 0) + 1
        limit = LISTED_REJECTS if self.reasons[kind] > SHOWN_REJECTS else 2 * LISTED_REJECTS
        if len(self.rejects) < limit:
            self.rejects.append(reject)

    def leave_out(self, file: str, line: int, what: str, row: Sequence[str]) -> None:
        """Count a line that is not a fact."""
        self.left_out += 1
        for index, entry in enumerate(self.left_out_lines):
            if (entry.file, entry.what) == (file, what):
                self.left_out_lines[index] = replace(entry, lines=entry.lines + 1)
                return
        text = " ".join(cell.strip() for cell in row if cell.strip())[:80]
        self.left_out_lines.append(LeftOut(file, what, line, text, 1))

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        counted = [
            {"file": file, "column": column, "reason": reason, "rows": rows}
            for (file, column, reason), rows in self.reasons.items()
        ]
        content = asdict(replace(self, on_reject=None, reasons={}))
        del content["on_reject"]
        return content | {"reasons": counted, "seconds": self.seconds, "rows_a_second": self._rate}

    def json(self) -> str:
        """Return the same as text, amounts with exactly their digits."""
        return orjson.dumps(self.as_json(), default=_exact).decode()

    def as_text(self) -> Iterator[str]:
        """Yield the report's lines for people."""
        yield f"read {self.rows_read:,} rows of {', '.join(file['name'] for file in self.files) or 'no file'}"
        for entry in self.left_out_lines:
            lines = f"line {entry.line}" if entry.lines == 1 else f"{entry.lines:,} lines from {entry.line} on"
            yield f"left out {entry.what} of {entry.file}, {lines}: {entry.text!r}"
        yield from self._rejected_lines()
        if self.sample_removed:
            yield f"removed the {self.sample_removed:,} facts of the sample data: this load replaces them"
        if self.facts:
            yield (
                f"loaded {self.facts:,} facts: {self.inserted:,} inserted, {self.changed:,} changed, "
                f"{self.unchanged:,} unchanged; {self.summed:,} rows were added to another of the same key"
            )
        if self.repeated:
            yield f"warning: {self.repeated:,} of those rows equal another byte by byte; were they exported twice?"
        if self.removed:
            yield f"removed {self.removed:,} facts of these dates and platforms that the files no longer have"
        for name in MEASURE_NAMES if self.changed else ():
            before, after = self.before[name], self.after[name]
            if before != after:
                yield f"  {name} of the changed facts: {before:,} before, {after:,} now"
        if self.date_from:
            yield f"dates {self.date_from} to {self.date_to}"
        if self.facts and not self.inserted and not self.changed and not self.removed:
            yield "nothing changed: the database had all of it"
        if self.data_version is not None:
            yield f"data version {self.data_version}, {self.seconds:.1f} s, {self._rate:,} rows a second"
        if self.dry_run:
            yield "a dry run: nothing was kept"

    @property
    def _rate(self) -> int:
        return round(self.rows_read / self.seconds) if self.seconds else 0

    def _named(self, name: str, value: Any) -> str:
        """Return a value as people read it, that of a measure with its name."""
        measure = next((one for one in MEASURES if one.name == name), None)
        if measure is None:
            return str(value)
        digits = f",.{measure.decimals if value % _CENT else 2}f" if measure.decimals else ","
        return f"{name} {value:{digits}}" + (f" {self.currency}" if measure.unit == "currency" else "")

    def _rejected_lines(self) -> Iterator[str]:
        if self.rejected:
            yield f"rejected {self.rejected:,} row{'' if self.rejected == 1 else 's'}:"
        frequent = sorted(self.reasons.items(), key=lambda item: -item[1])
        for (file, column, reason), count in frequent[:SHOWN_REASONS]:
            same = [one for one in self.rejects if (one.file, one.column, one.reason) == (file, column, reason)]
            for reject in same[:SHOWN_REJECTS]:
                what = f"{column} {reject.value!r}" if column else repr(reject.value)
                yield f"  {file}, line {reject.line}: {what}: {reason}"
            if count > SHOWN_REJECTS:
                yield f"  … and {count - min(len(same), SHOWN_REJECTS):,} more rows of {file} for the same reason"
        if others := frequent[SHOWN_REASONS:]:
            yield f"  … and {sum(count for _, count in others):,} more rows for {len(others):,} other reasons"


def _exact(value: object) -> object:
    return orjson.Fragment(format(value, "f")) if isinstance(value, Decimal) else str(value)
