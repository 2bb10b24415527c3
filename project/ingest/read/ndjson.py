"""NDJSON: a record a line, as APIs and connectors write it; also records nested under `data`."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from io import BufferedReader
from itertools import chain, islice
from typing import Any

import orjson

from project.errors import LoadRefused
from project.ingest.mapping.columns import count_known
from project.ingest.options import Options
from project.ingest.read.table import LIST, MISSING, Row, Table, blocks_of, text_of

_SAMPLE = 1000
"""How many records determine the header."""

_DAY = {"year", "month", "day"}
"""How LinkedIn writes a day."""

Record = dict[str, Any]


def table(content: BufferedReader, name: str, options: Options) -> Table:
    """Read records. Nested objects become dotted names, and Meta's lists of actions `actions[…]`.

    Raises LoadRefused, also where records of several streams are in one file: their breakdowns overlap.
    """
    records = _records(content, name, options)
    sample = list(islice(records, _SAMPLE))
    if not sample:
        raise LoadRefused(f"{name} has no records.")
    header = list(dict.fromkeys(field for _, record in sample for field in record))
    rows = _rows(chain(sample, records), header, name, options)
    return Table("NDJSON", header, blocks_of(rows, len(header)))


def _rows(records: Iterator[tuple[int, Record]], header: list[str], name: str, options: Options) -> Iterator[Row]:
    known = set(header)
    for line, record in records:
        if not record.keys() <= known:
            new = [field for field in record if field not in known]
            if count_known(new, options):
                raise LoadRefused(
                    f"{name}, line {line}: the field {new[0]!r} is not in the first {_SAMPLE:,} records; "
                    "put a record that has all fields first."
                )
            known.update(new)
        yield line, [_cell(record, field, options) for field in header]


def _cell(record: Record, field: str, options: Options) -> str:
    if field not in record:
        # Meta leaves out actions of which there were none.
        return "0" if field.startswith(("actions[", "conversions[")) else MISSING
    return text_of(record[field], decimal_comma=options.decimal_comma)


def _records(content: Iterable[bytes], name: str, options: Options) -> Iterator[tuple[int, Record]]:
    streams: dict[str, int] = {}
    for number, line in enumerate(content, 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise LoadRefused(
                f"{name}, line {number}: not a JSON record: {error}. A record is a line of its own; `jq -c '.[]'` or "
                "`jq -c '.data[]'` makes them of an array."
            ) from error
        for one in _unwrapped(value, name, number):
            stream = one.get("stream") if isinstance(one.get("data"), dict) else None
            if stream is not None:
                streams.setdefault(str(stream), number)
                if options.stream not in (None, stream):
                    continue
                if options.stream is None and len(streams) > 1:
                    raise LoadRefused(
                        f"{name} has records of several streams, {' and '.join(streams)}: breakdowns of one account "
                        "overlap. Choose one, --stream " + next(iter(streams)) + "."
                    )
                yield number, _flat(one["data"])
            else:
                yield number, _flat(one)
    if options.stream is not None and options.stream not in streams:
        raise LoadRefused(f"{name} has no stream {options.stream!r}; it has {', '.join(streams) or 'none at all'}.")


def _unwrapped(value: Any, name: str, line: int) -> Iterator[Record]:
    """Yield the records of a line: one, an array of them, or an API's answer that has them in `data`."""
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        value = value["data"]
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict):
            raise LoadRefused(f"{name}, line {line}: a record is an object of fields, not {str(one)[:40]!r}.")
        yield one


def _actions(field: str, values: list[Any]) -> Record:
    """Return the values of Meta's list of actions by their type, and any other list as one cell that no field takes."""
    actions: Record = {}
    for one in values:
        if not (isinstance(one, dict) and {"action_type", "value"} <= one.keys()):
            return {field: LIST + orjson.dumps(values).decode()}
        name = f"{field}[{one['action_type']}]"
        # A breakdown of actions has several of one type.
        parts = [actions.get(name, 0), one["value"]]
        try:
            actions[name] = one["value"] if name not in actions else str(sum(Decimal(str(part)) for part in parts))
        except InvalidOperation:
            return {field: LIST + orjson.dumps(values).decode()}
    return actions


def _flat(record: Mapping[str, Any], prefix: str = "") -> Record:
    flat: Record = {}
    for field, value in record.items():
        if isinstance(value, dict) and value.keys() == _DAY and all(isinstance(one, int) for one in value.values()):
            flat[f"{prefix}{field}"] = f"{value['year']:04}-{value['month']:02}-{value['day']:02}"
        elif isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{field}.")
        elif isinstance(value, list):
            flat |= _actions(f"{prefix}{field}", value)
        else:
            flat[f"{prefix}{field}"] = value
    return flat
