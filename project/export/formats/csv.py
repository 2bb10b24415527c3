"""CSV as RFC 4180 has it, in UTF-8, with a header; nulls are empty cells.

A label that a spreadsheet would run as a formula (OWASP: CSV injection) has an apostrophe before it.
"""

import pyarrow as pa

from project.export.formats.encoder import TextEncoder, Writable


class CsvEncoder(TextEncoder):
    """Writes CSV."""

    def __init__(self, file: Writable, schema: pa.Schema) -> None:
        super().__init__(file, ["", *"," * (len(schema) - 1)], "\r\n", cell, null="")
        file.write((",".join(map(cell, schema.names)) + "\r\n").encode())


def cell(label: str) -> str:
    """Return a text as a cell: quoted where it must be, and never a formula."""
    if label.startswith(("=", "+", "-", "@", "\t", "\r")):
        label = "'" + label
    if any(character in label for character in ',"\r\n') or label != label.strip():
        return '"' + label.replace('"', '""') + '"'
    return label
