"""The dates of one file: all of them together must say how they are written."""

from datetime import date

from project.errors import LoadRefused
from project.ingest.convert.cells import DATE_FORMATS, EARLIEST, LATEST, Unreadable, day_of, without_midnight
from project.ingest.convert.dictionary import Dictionary


class Dates:
    """Reads the cells of a file's date column to the dictionary's numbers.

    Every text narrows down the formats that fit all so far; `settle` makes days of the texts in the end.
    """

    def __init__(self, dictionary: Dictionary, date_format: str | None, file: str) -> None:
        self._vocabulary = dictionary
        self._file = file
        self._said = date_format
        self._formats: tuple[str, ...] = (date_format,) if date_format else DATE_FORMATS
        self._numbers: dict[str, int] = {}

    def read(self, text: str) -> str:
        """Return the number of a cell's text. Raises Unreadable, and LoadRefused where two texts fit no one format."""
        day_text = text.strip() if self._said else without_midnight(text)
        known = self._numbers.get(day_text)
        if known is not None:
            return str(known)
        of_any = tuple(one for one in ((self._said,) if self._said else DATE_FORMATS) if day_of(day_text, one))
        if not of_any:
            raise Unreadable(self._what_it_is_not(day_text))
        fitting = tuple(one for one in self._formats if one in of_any)
        if not fitting:
            raise LoadRefused(
                f"{self._file} has dates of more than one form, {self._other(of_any)!r} and {day_text!r}; mend it, or "
                "say which is meant, such as --date-format %m/%d/%Y (rows with others are then rejected)."
            )
        self._formats = fitting
        number = self._numbers[day_text] = self._vocabulary.new_day()
        return str(number)

    def settle(self) -> None:
        """Make days of all texts. Raises LoadRefused where they can be read in two ways."""
        first, *others = ({text: day for text in self._numbers if (day := day_of(text, one))} for one in self._formats)
        for other, date_format in zip(others, self._formats[1:], strict=True):
            if open_ones := [text for text in first if first[text] != other[text]][:2]:
                raise LoadRefused(
                    f"{self._file}: {' and '.join(map(repr, open_ones))} can be {first[open_ones[0]]} or "
                    f"{other[open_ones[0]]}; say --date-format {self._formats[0]} or --date-format {date_format}."
                )
        for text, number in self._numbers.items():
            self._vocabulary.days[number] = first[text]

    def _what_it_is_not(self, text: str) -> str:
        if not text:
            return "blank"
        if any(_is_day(text, one) for one in self._formats):
            return f"not a day between {EARLIEST} and {LATEST}"
        if self._said:
            return f"not a date as {self._said}"
        return "not a date such as 2024-03-01; how dates are written, --date-format %m/%d/%Y says"

    def _other(self, formats: tuple[str, ...]) -> str:
        return next(text for text in self._numbers if not any(day_of(text, one) for one in formats))


def _is_day(text: str, date_format: str) -> bool:
    return day_of(text, date_format, date.min, date.max) is not None
