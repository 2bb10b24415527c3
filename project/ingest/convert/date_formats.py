"""The dates of one file: all of them together determine their format."""

from datetime import date

from project.errors import LoadRefused
from project.ingest.convert.cells import DATE_FORMATS, EARLIEST, LATEST, Unreadable, day_of, without_midnight
from project.ingest.convert.dictionary import Dictionary


class Dates:
    """Reads the cells of a file's date column to numbers of the dictionary.

    Each text excludes the formats that it does not fit; `settle` gives the dictionary the days at the end.
    """

    def __init__(self, dictionary: Dictionary, date_format: str | None, file: str) -> None:
        self._dictionary = dictionary
        self._file = file
        self._date_format = date_format
        self._formats: tuple[str, ...] = (date_format,) if date_format else DATE_FORMATS
        self._numbers: dict[str, int] = {}

    def read(self, text: str) -> str:
        """Return the number of a cell's text. Raises Unreadable, and LoadRefused where no format fits all so far."""
        day_text = text.strip() if self._date_format else without_midnight(text)
        known = self._numbers.get(day_text)
        if known is not None:
            return str(known)
        formats = (self._date_format,) if self._date_format else DATE_FORMATS
        possible = tuple(date_format for date_format in formats if day_of(day_text, date_format))
        if not possible:
            raise Unreadable(self._fault(day_text))
        fitting = tuple(date_format for date_format in self._formats if date_format in possible)
        if not fitting:
            earlier = next(text for text in self._numbers if not any(day_of(text, one) for one in possible))
            raise LoadRefused(
                f"{self._file} has dates of more than one form, {earlier!r} and {day_text!r}; mend it, or "
                "say which is meant, such as --date-format %m/%d/%Y (rows with others are then rejected)."
            )
        self._formats = fitting
        number = self._numbers[day_text] = self._dictionary.new_day()
        return str(number)

    def settle(self) -> None:
        """Give the dictionary the day of every text. Raises LoadRefused where two formats give different days."""
        first, *others = ({text: day for text in self._numbers if (day := day_of(text, one))} for one in self._formats)
        for other, date_format in zip(others, self._formats[1:], strict=True):
            if ambiguous := [text for text in first if first[text] != other[text]][:2]:
                raise LoadRefused(
                    f"{self._file}: {' and '.join(map(repr, ambiguous))} can be {first[ambiguous[0]]} or "
                    f"{other[ambiguous[0]]}; say --date-format {self._formats[0]} or --date-format {date_format}."
                )
        for text, number in self._numbers.items():
            self._dictionary.days[number] = first[text]

    def _fault(self, text: str) -> str:
        if not text:
            return "blank"
        if any(day_of(text, one, date.min, date.max) for one in self._formats):
            return f"not a day between {EARLIEST} and {LATEST}"
        if self._date_format:
            return f"not a date as {self._date_format}"
        return "not a date such as 2024-03-01; how dates are written, --date-format %m/%d/%Y says"
