"""Advice followed: the command at the end of a refusal, read back as the options of a load."""

import shlex
from typing import Any

from project.ingest.options import Options

_SWITCHES = {"--decimal-comma": ("decimal_comma", True), "--decimal-point": ("decimal_comma", False), "--replace": ("replace", True)}  # fmt: skip


def commands(text: str) -> list[str]:
    """Return the command lines at the end of a refusal."""
    return [line for line in text.splitlines() if line.startswith("ad-metrics load ")]


def options_of(command: str) -> Options:
    """Return the options of a command line, as a shell and `ad-metrics load` read it."""
    words = iter(shlex.split(command)[3:])
    values: dict[str, Any] = {}
    for word in words:
        if word in _SWITCHES:
            name, value = _SWITCHES[word]
            values[name] = value
            continue
        name = word.removeprefix("--").replace("-", "_")
        value = next(words)
        if isinstance(Options.model_fields[name].get_default(call_default_factory=True), list):
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    return Options(**values)
