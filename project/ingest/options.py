"""Options: what the caller says of the files, beyond what they say themselves."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from project.catalog import MEASURES
from project.errors import LoadRefused
from project.ingest.mapping.presets import PRESETS, RECORD
from project.suggestions import nearest

_MEASURES = tuple(measure.name for measure in MEASURES)


@dataclass(frozen=True, slots=True)
class MostRejects:
    """How many rejected rows a load survives: a number, or a percentage of its rows."""

    number: float = 0
    percent: bool = False

    @classmethod
    def parse(cls, text: str) -> "MostRejects":
        """Read `10` or `0.5%`. Raises LoadRefused."""
        if not re.fullmatch(r"\d{1,12}|\d{1,3}(\.\d{1,6})?%", text, re.ASCII):
            raise LoadRefused(f"--max-rejects {text}: expected a number of rows such as 10, or a part such as 0.5%.")
        return cls(float(text.removesuffix("%")), text.endswith("%"))

    def allows(self, rejected: int, rows: int) -> bool:
        """Tell whether so many of so many rows may be rejected."""
        return rejected <= (self.number * rows / 100 if self.percent else self.number)


@dataclass(frozen=True, slots=True)
class Options:
    """What `ad-metrics load` takes.

    `columns` is field → header (`--map`), `constants` field → value (`--set`), `blanks` measure → what a blank cell of
    it counts as (`--blank`), `rounded` the measures of which is rounded what they cannot keep (`--round`).
    `decimal_comma` is None where nobody said: then a file that leaves it open is refused.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    date_format: str | None = None
    preset: str | None = None
    decimal_comma: bool | None = None
    encoding: str | None = None
    currency: str | None = None
    blanks: Mapping[str, str] = field(default_factory=dict)
    rounded: tuple[str, ...] = ()
    stream: str | None = None
    sheet: str | None = None
    max_rejects: MostRejects = MostRejects()
    on_duplicate: Literal["sum", "error"] = "sum"
    replace: bool = False


def pairs(flag: str, given: Iterable[str]) -> dict[str, str]:
    """Read `FIELD=VALUE` texts. Raises LoadRefused where one is none, or a field is given twice."""
    read: dict[str, str] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise LoadRefused(f"{flag}: expected FIELD=VALUE, not {text!r}.")
        if name.strip() in read:
            raise LoadRefused(f"{flag}: {name.strip()} is given twice.")
        read[name.strip()] = value
    return read


def check_options(options: Options) -> None:
    """Raise LoadRefused where an option names what there is not, or one thing twice, or cannot be."""
    _check_names(options)
    if options.date_format is not None and not _says_the_day(options.date_format):
        raise LoadRefused(
            f"--date-format {options.date_format} does not say year, month and day; expected such as %m/%d/%Y."
        )
    if options.encoding is not None:
        try:
            "".encode(options.encoding)
        except (LookupError, ValueError) as error:
            raise LoadRefused(f"--encoding {options.encoding}: no such encoding; try latin-1 or utf-16.") from error
    if options.currency is not None and not re.fullmatch(r"[A-Z]{3}", options.currency):
        raise LoadRefused(f"--currency {options.currency}: expected three capital letters such as USD.")


def _check_names(options: Options) -> None:
    for flag, named in (("--map", options.columns), ("--set", options.constants)):
        for name in named:
            if name not in RECORD:
                raise LoadRefused(f"{flag} {name}=…: no field is called {name!r}; {_one_of(name, RECORD)}.")
    for flag, measures, allowed in (("--blank", options.blanks, _MEASURES), ("--round", options.rounded, _MEASURES)):
        for name in measures:
            if name not in allowed:
                raise LoadRefused(f"{flag} {name}: expected one of {', '.join(allowed)}.")
    for name, value in options.blanks.items():
        if not re.fullmatch(r"\d{1,12}", value, re.ASCII):
            raise LoadRefused(f"--blank {name}={value}: expected a number such as 0.")
    if both := sorted(options.columns.keys() & options.constants.keys()):
        raise LoadRefused(f"{both[0]} is given by --map and by --set; give one.")
    if options.preset is not None and options.preset not in PRESETS:
        raise LoadRefused(f"--preset {options.preset}: {_one_of(options.preset, tuple(PRESETS))}.")
    if options.on_duplicate not in ("sum", "error"):
        raise LoadRefused(f"--on-duplicate {options.on_duplicate}: expected sum or error.")


def _says_the_day(date_format: str) -> bool:
    day = datetime(2023, 11, 28)  # noqa: DTZ001 - a day has no zone
    try:
        return datetime.strptime(day.strftime(date_format), date_format) == day  # noqa: DTZ007
    except (ValueError, re.error):
        return False


def _one_of(name: str, names: tuple[str, ...]) -> str:
    close = nearest(name, names, 1)
    return f"did you mean {close[0]!r}" if close else f"expected one of {', '.join(names)}"
