"""Batches of changes: the entries as typed columns, with the members of nested objects joined by dots."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from project.catalog.metrics import DECIMAL_MEASURES
from project.export.row_batches import LABEL
from project.query.changes import BY_LOAD, ChangesPage, Entry
from project.store.warehouse.ledger import SUMS

_DAY_KEYS = (("date", pa.date32()), ("platform", LABEL))
_LOAD_KEYS = (
    ("data_version", pa.int64()), ("changed_at", LABEL), ("cause", LABEL), ("files", LABEL),
    ("date_from", pa.date32()), ("date_to", pa.date32()),
)  # fmt: skip


class ChangesTable:
    """Makes batches of entries. `changed_at` is RFC 3339; `files` are joined by commas."""

    def __init__(self, page: ChangesPage, group_by: Sequence[str], metadata: Mapping[str, str]) -> None:
        keys = _LOAD_KEYS if tuple(group_by) == BY_LOAD else _DAY_KEYS
        sums = [
            (f"{name}.{member}", _type(name, index, page.entries))
            for index, name in enumerate(SUMS)
            for member in ("before", "after", "change")
        ]
        self.schema = pa.schema([pa.field(*field, nullable=False) for field in (*keys, *sums)], dict(metadata))

    def batch(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        """Return some entries of the page."""
        rows = [[*_key(entry), *_sums(entry)] for entry in entries]
        columns = zip(*rows, strict=True) if rows else [()] * len(self.schema)
        arrays = [_array(list(column), field.type) for column, field in zip(columns, self.schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _key(entry: Entry) -> list[Any]:
    load = entry.load
    if load is None:
        return [entry.days[0], entry.platform]
    moment = f"{load.changed_at:%Y-%m-%dT%H:%M:%S.%fZ}"
    return [load.data_version, moment, load.cause, ", ".join(load.files), *entry.days]


def _sums(entry: Entry) -> list[Any]:
    pairs = zip(entry.before, entry.after, strict=True)
    return [value for before, after in pairs for value in (before, after, after - before)]


def _type(name: str, index: int, entries: Sequence[Entry]) -> pa.DataType:
    if name in DECIMAL_MEASURES:
        return pa.decimal128(38, 6)
    largest = max((max(entry.before[index], entry.after[index]) for entry in entries), default=0)
    return pa.decimal128(38) if largest >= 2**63 else pa.int64()


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(values, kind)
