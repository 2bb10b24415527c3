"""The options of a load.

The flags of `ad-metrics load`, the parameters of `POST /v1/ingests` and the stored request derive from the fields of
one model: a new option is one field.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from project.catalog import MEASURE_NAMES, NOT_SET, RECORD
from project.errors import LoadRefused
from project.ingest.mapping.presets import PRESETS
from project.suggestions import nearest


class Flag(NamedTuple):
    """How `ad-metrics load` spells an option, where its name and type do not say it all."""

    metavar: str | None = None
    names: str | None = None


class MalformedPair(LoadRefused):
    """A value is not `FIELD=VALUE`, or repeats a field."""


class Options(BaseModel):
    """What the caller says of the files, beyond what they say themselves.

    A `decimal_comma` of None says nothing: a file that leaves it open is then refused. Raises LoadRefused where an
    option is invalid, and pydantic.ValidationError where it has another type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Annotated[str | None, Flag("|".join(PRESETS))] = Field(
        None, description="Whose export it is; by default guessed.", examples=["canonical"]
    )
    map: Annotated[list[str], Flag("FIELD=COLUMN")] = Field(
        default_factory=list, description="The column of a field: `region=Country`.", examples=[["region=Country"]]
    )
    set: Annotated[list[str], Flag("FIELD=VALUE")] = Field(
        default_factory=list, description="One value of a field for all rows.", examples=[["likes=0"]]
    )
    missing: Annotated[str | None, Flag("LABEL")] = Field(
        None, description="The label of every dimension that the file lacks.", examples=["(not set)"]
    )
    date_format: Annotated[str | None, Flag("FORMAT")] = Field(
        None, description="How dates are written, as strptime has it.", examples=["%m/%d/%Y"]
    )
    decimal_comma: Annotated[bool | None, Flag(names="--decimal-comma/--decimal-point")] = Field(
        None, description="Whether numbers are written 1.234,5.", examples=[False]
    )
    scale: Annotated[list[str], Flag("MEASURE=micros|N")] = Field(
        default_factory=list,
        description="What a measure's column is divided by: `cost=micros`, or `cost=100` for cents.",
        examples=[["cost=micros"]],
    )
    encoding: str | None = Field(
        None, description="The encoding of text that is neither UTF-8 nor UTF-16.", examples=["latin-1"]
    )
    currency: str | None = Field(None, description="The currency of amounts that do not name it.", examples=["USD"])
    blank: Annotated[list[str], Flag("MEASURE=0")] = Field(
        default_factory=list, description="What a blank cell of a measure counts as.", examples=[["conversions=0"]]
    )
    round: Annotated[list[str], Flag("MEASURE")] = Field(
        default_factory=list, description="Measures to round that have too many decimals.", examples=[["conversions"]]
    )
    stream: str | None = Field(
        None, description="The stream to load, where a file has several.", examples=["ads_insights"]
    )
    sheet: str | None = Field(None, description="The sheet to load, where a workbook has several.", examples=["Report"])
    on_duplicate: Annotated[Literal["sum", "error"], Flag("sum|error")] = Field(
        "sum", description="What to do with rows of the same natural key: by default sum them.", examples=["sum"]
    )
    replace: bool = Field(
        False, description="Also remove facts, of the files' dates and platforms, that they lack.", examples=[False]
    )
    max_rejects: Annotated[str, Flag("N|N%")] = Field(
        "0",
        description="Load all the same when so many rows, or `N%`, cannot be read; by default none.",
        examples=["1%"],
    )

    @cached_property
    def columns(self) -> dict[str, str]:
        """The header of each field that `map` names."""
        return _pairs("map", self.map)

    @cached_property
    def constants(self) -> dict[str, str]:
        """The value, for all rows, of each field that `set` names."""
        return _pairs("set", self.set)

    @cached_property
    def blanks(self) -> dict[str, str]:
        """What a blank cell counts as, of each measure that `blank` names."""
        return _pairs("blank", self.blank)

    @cached_property
    def shifts(self) -> dict[str, int]:
        """How many digits the point moves to the left, of each measure that `scale` names."""
        return {name: _shift(name, value) for name, value in _pairs("scale", self.scale).items()}

    def allows_rejects(self, rejected: int, rows: int) -> bool:
        """Tell whether `rejected` of `rows` rows are within `max_rejects`."""
        limit = float(self.max_rejects.removesuffix("%"))
        return rejected <= (limit * rows / 100 if self.max_rejects.endswith("%") else limit)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _ = self.columns, self.constants, self.blanks, self.shifts
        if not re.fullmatch(r"\d{1,12}|\d{1,3}(\.\d{1,6})?%", self.max_rejects, re.ASCII):
            raise LoadRefused(
                f"--max-rejects {self.max_rejects}: expected a number of rows such as 10, or a part such as 0.5%."
            )
        self._check_names()
        if self.date_format is not None and not _names_one_day(self.date_format):
            raise LoadRefused(
                f"--date-format {self.date_format} does not say year, month and day; expected such as %m/%d/%Y."
            )
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError) as error:
                raise LoadRefused(f"--encoding {self.encoding}: no such encoding; try latin-1 or utf-16.") from error
        if self.currency is not None and not re.fullmatch(r"[A-Z]{3}", self.currency):
            raise LoadRefused(f"--currency {self.currency}: expected three capital letters such as USD.")
        return self

    def _check_names(self) -> None:
        for flag, fields in (("--map", self.columns), ("--set", self.constants)):
            for name in fields:
                if name not in RECORD:
                    raise LoadRefused(f"{flag} {name}=…: no field is called {name!r}; {_expected(name, RECORD)}.")
        for flag, measures in (("--blank", self.blanks), ("--round", self.round), ("--scale", self.shifts)):
            for name in measures:
                if name not in MEASURE_NAMES:
                    raise LoadRefused(f"{flag} {name}: expected one of {', '.join(MEASURE_NAMES)}.")
        for name, value in self.blanks.items():
            if not re.fullmatch(r"\d{1,12}", value, re.ASCII):
                raise LoadRefused(f"--blank {name}={value}: expected a number such as 0.")
        if self.missing is not None and not self.missing.strip():
            raise LoadRefused(f"--missing {self.missing!r}: expected a label such as {NOT_SET!r}.")
        if both := sorted(self.columns.keys() & self.constants.keys()):
            raise LoadRefused(f"{both[0]} is given by --map and by --set; give one.")
        if self.preset is not None and self.preset not in PRESETS:
            raise LoadRefused(f"--preset {self.preset}: {_expected(self.preset, tuple(PRESETS))}.")


def _pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise MalformedPair(f"{option}: expected FIELD=VALUE, not {text!r}.")
        if name.strip() in pairs:
            raise MalformedPair(f"{option}: {name.strip()} is given twice.")
        pairs[name.strip()] = value
    return pairs


def _shift(name: str, value: str) -> int:
    if value == "micros":
        return 6
    if re.fullmatch(r"10{0,12}", value):
        return len(value) - 1
    raise LoadRefused(
        f"--scale {name}={value}: expected micros, or a power of ten such as 100, which takes cents (1: as it is)."
    )


def _names_one_day(date_format: str) -> bool:
    day = datetime(2023, 11, 28, tzinfo=UTC)
    try:
        return datetime.strptime(day.strftime(date_format), date_format).replace(tzinfo=UTC) == day
    except (ValueError, re.error):
        return False


def _expected(name: str, names: Sequence[str]) -> str:
    close = nearest(name, names, 1)
    return f"did you mean {close[0]!r}" if close else f"expected one of {', '.join(names)}"
