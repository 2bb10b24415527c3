"""`.env.example` and `docs/settings.md`, made from the settings: `uv run python -m tests.support.settings_documents`."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from project.settings import Settings

ROOT = Path(__file__).parent.parent.parent
_EXAMPLE = "# Copy to `.env` and uncomment what you change. Environment variables override the file.\n"
_TABLE = """\
# Settings

A setting is an environment variable, or a line `NAME=value` of the file `.env` in the folder where a command or the service
starts; the variable wins. [`.env.example`](../.env.example) is such a file with every default. Processes read their settings when
they start. An invalid value ends the start with a sentence, and `ad-metrics doctor` names unknown names in `.env`.

| setting | default | values | meaning |
|---|---|---|---|
"""


def example() -> str:
    """Return the text of `.env.example`."""
    entries = []
    for name, field in Settings.model_fields.items():
        description = "\n".join(textwrap.wrap(" ".join(str(field.description).split()), 116))
        entries.append(f"\n{textwrap.indent(description, '# ')}\n# {name.upper()}={_text(field.default)}\n")
    return _EXAMPLE + "".join(entries)


def table() -> str:
    """Return the text of `docs/settings.md`."""
    schema = Settings.model_json_schema()["properties"]
    rows = []
    for name, field in Settings.model_fields.items():
        default = _text(field.default)
        description = " ".join(str(field.description).split()).replace("|", "\\|")
        shown = f"`{default}`" if default else ""
        rows.append(f"| `{name.upper()}` | {shown} | {_values(schema[name])} | {description} |\n")
    return _TABLE + "".join(rows)


DOCUMENTS: dict[str, Callable[[], str]] = {".env.example": example, "docs/settings.md": table}


def _text(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default is None else str(default)


def _values(schema: dict[str, Any]) -> str:
    match schema:
        case {"enum": values}:
            return " ".join(f"`{value}`" for value in values)
        case {"type": "boolean"}:
            return "`true` `false`"
        case {"type": "integer" | "number"}:
            least = f"from {schema['minimum']:,}" if "minimum" in schema else f"above {schema['exclusiveMinimum']:,}"
            return f"{least} to {schema['maximum']:,}" if "maximum" in schema else least
        case {"format": "path"}:
            return "a path"
        case _:
            return ""


if __name__ == "__main__":
    for path, text in DOCUMENTS.items():
        (ROOT / path).write_text(text())
