"""The dictionary of a load: its days and labels, numbered as they come, so that what is staged are numbers only."""

from array import array
from datetime import date

import pyarrow as pa

from project.catalog import LABELLED_DIMENSIONS
from project.errors import LoadRefused

MOST_KEYS = 1_000_000
"""Of how many rows a load remembers a hash of their keys: 8 MB, and 60 for a moment."""

MOST_LABELS = 100_000
"""How many labels of one dimension a load may have: more are a wrong column, and every process keeps all in memory."""


class Dictionary:
    """Numbers from 0 on. A day's number stands for what a cell says until its file has said how it writes dates."""

    def __init__(self) -> None:
        self.days: list[date | None] = []
        self._keys = array("q")
        self.labels: dict[str, dict[str, int]] = {dimension.name: {} for dimension in LABELLED_DIMENSIONS}

    def new_day(self, day: date | None = None) -> int:
        """Return a number for a day, which may become known later: `days[number] = day`."""
        self.days.append(day)
        return len(self.days) - 1

    def note_keys(self, hashes: pa.Int64Array) -> None:
        """Note a hash of the numbers of each row's day and labels."""
        if len(self._keys) < MOST_KEYS:
            self._keys.extend(hashes.to_pylist())

    def keys_differ(self, rows: int) -> bool:
        """Tell whether the keys of all rows are known to differ; then there is nothing to sum up."""
        return 0 < len(self._keys) == rows == len(set(self._keys))

    def label(self, dimension: str, label: str) -> int:
        """Return the number of a label. Raises LoadRefused where there are too many."""
        numbers = self.labels[dimension]
        number = numbers.setdefault(label, len(numbers))
        if number >= MOST_LABELS:
            raise LoadRefused(
                f"There are more than {MOST_LABELS:,} labels of {dimension}, such as {label!r}; is it the right column?"
            )
        return number
