"""NDJSON: one JSON object a line, the same as in the `data` of a JSON answer."""

import orjson
import pyarrow as pa

from project.export.formats.encoder import TextEncoder, Writable


class NdjsonEncoder(TextEncoder):
    """Writes NDJSON."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        first, *others = map(_json, schema.names)
        before = ["{" + first + ":", *("," + name + ":" for name in others)]
        super().__init__(file, before, "}\n", _json, null="null")


def _json(text: str) -> str:
    return orjson.dumps(text).decode()
