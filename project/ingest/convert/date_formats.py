"""The dates of one file: all of them together determine their format."""

import re
from datetime import date, datetime, timedelta

from project.errors import LoadRefused
from project.ingest.convert.cells import Unreadable
from project.ingest.convert.dictionary import Dictionary
from project.ingest.mapping.questions import Choice, Question, Unanswered
from project.ingest.options import Options

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)
"""The range of days: one outside it is a misread year, and would get its own partition."""

DATE_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d",
    "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%m-%d-%Y", "%d-%m-%Y", "%d.%m.%Y", "%d.%m.%y",
    "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
"""The date formats that are recognised, as strptime has them. All dates of a file together determine which one."""

_DAY = timedelta(days=1)
_SPREADSHEET_EPOCH = date(1899, 12, 30)
_TIME = re.compile(r"(?P<day>.*?)((?<=\d)T|\s+)(?P<time>\d{1,2}:\d{2}.*)", re.ASCII | re.DOTALL)
_MIDNIGHT = re.compile(r"0?0:00(:00(\.0+)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?", re.ASCII)


class Dates:
    """Reads the cells of a file's date column to numbers of the dictionary.

    Each text excludes the formats that it does not fit; `settle` gives the dictionary the days at the end.
    """

    def __init__(self, dictionary: Dictionary, options: Options, file: str) -> None:
        self._dictionary = dictionary
        self._options = options
        self._file = file
        date_format = options.date_format
        self._date_format = date_format
        self._formats: tuple[str, ...] = (date_format,) if date_format else DATE_FORMATS
        self._numbers: dict[str, int] = {}

    def read(self, text: str) -> str:
        """Return the number of a cell's text. Raises Unreadable, and LoadRefused where no format fits all so far."""
        day_text = text.strip() if self._date_format else _without_midnight(text)
        known = self._numbers.get(day_text)
        if known is not None:
            return str(known)
        formats = (self._date_format,) if self._date_format else DATE_FORMATS
        possible = tuple(date_format for date_format in formats if _day_of(day_text, date_format))
        if not possible:
            raise Unreadable(self._fault(day_text))
        fitting = tuple(date_format for date_format in self._formats if date_format in possible)
        if not fitting:
            earlier = next(text for text in self._numbers if not any(_day_of(text, one) for one in possible))
            raise LoadRefused(
                f"{self._file} has dates of more than one form, {earlier!r} and {day_text!r}; mend it, or "
                "say which is meant, such as --date-format %m/%d/%Y (rows with others are then rejected)."
            )
        self._formats = fitting
        number = self._numbers[day_text] = self._dictionary.new_day()
        return str(number)

    @property
    def count(self) -> int:
        """How many texts of days were read."""
        return len(self._numbers)

    def is_one_day(self, first: str, last: str) -> bool:
        """Tell whether a range of two cells is of one day: its last day is the first, or it ends at next midnight."""
        texts = (first.strip(), last.strip())
        if texts[0] == texts[1]:
            return True
        for date_format in self._formats:
            start, end = (_moment_of(text, date_format) for text in texts)
            if start and end and (start.date() == end.date() or (_TIME.fullmatch(texts[1]) and end - start == _DAY)):
                return True
        return False

    def settle(self) -> None:
        """Give the dictionary the day of every text. Raises LoadRefused where two formats give different days."""
        first, *others = ({text: day for text in self._numbers if (day := _day_of(text, one))} for one in self._formats)
        for other, date_format in zip(others, self._formats[1:], strict=True):
            if ambiguous := [text for text in first if first[text] != other[text]][:2]:
                choices = tuple(Choice("date_format", one) for one in (self._formats[0], date_format))
                text = (
                    f"{self._file}: {' and '.join(map(repr, ambiguous))} can be {first[ambiguous[0]]} or "
                    f"{other[ambiguous[0]]}; say {choices[0]} or {choices[1]}."
                )
                raise Unanswered(text, [Question("date", "", choices)], self._options, [self._file])
        for text, number in self._numbers.items():
            self._dictionary.days[number] = first[text]

    def _fault(self, text: str) -> str:
        if not text:
            return "blank"
        if any(_day_of(text, one, date.min, date.max) for one in self._formats):
            return f"not a day between {EARLIEST} and {LATEST}"
        if re.fullmatch(r"[3-7]\d{4}(\.0+)?", text, re.ASCII):
            day = _SPREADSHEET_EPOCH + timedelta(days=int(text[:5]))
            return f"a spreadsheet's number of the day {day}; format the column as a date there, and export it again"
        if self._date_format:
            return f"not a date as {self._date_format}"
        return "not a date such as 2024-03-01; --date-format %m/%d/%Y says how dates are written"


def _day_of(text: str, date_format: str, earliest: date = EARLIEST, latest: date = LATEST) -> date | None:
    """Return the day that a text is in a format, None where it is none or outside the range."""
    if date_format == "%Y%m%d" and len(text) != 8:
        return None
    try:
        day = datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None
    return day if earliest <= day <= latest else None


def _moment_of(text: str, date_format: str) -> datetime | None:
    """Return the moment that a text is, where its day is in a format and a time of day may follow."""
    parts = _TIME.fullmatch(text)
    day = _day_of(parts["day"] if parts else text, date_format)
    if day is None:
        try:
            return datetime.strptime(text, date_format).replace(tzinfo=None)  # noqa: DTZ007 - as written
        except ValueError:
            return None
    clock = re.match(r"(\d{1,2}):(\d\d)", parts["time"]) if parts else None
    hour, minute = map(int, clock.groups()) if clock else (0, 0)
    return datetime(day.year, day.month, day.day) + timedelta(hours=hour, minutes=minute)  # noqa: DTZ001 - as written


def _without_midnight(text: str) -> str:
    """Return a date without the 00:00:00 that some platforms write behind it. Raises Unreadable for another time."""
    parts = _TIME.fullmatch(text.strip())
    if parts is None:
        return text.strip()
    if not _MIDNIGHT.fullmatch(parts["time"]):
        raise Unreadable("has a time of day, and facts are daily; a --date-format with the time takes its day")
    return parts["day"]
