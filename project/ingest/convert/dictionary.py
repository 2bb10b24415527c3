"""The dictionary of a load: it numbers days and labels as they come, so that staged lines have numbers only."""

from array import array
from datetime import date

import pyarrow as pa

from project.catalog import LABELLED_NAMES
from project.errors import LoadRefused

MAX_KEYS = 1_000_000
"""The hashes of keys that a load remembers: 8 MB, and 60 MB more while they are compared."""

MAX_LABELS = 100_000
"""The labels of one dimension that a load may have: more are a wrong column, and every process has all in memory."""


class Dictionary:
    """Numbers from 0 on. A day has its number before it is known, since only the end of a file settles its dates."""

    def __init__(self) -> None:
        self.days: list[date | None] = []
        self._keys = array("q")
        self.labels: dict[str, dict[str, int]] = {name: {} for name in LABELLED_NAMES}

    def new_day(self, day: date | None = None) -> int:
        """Return a number for a day, which may become known later: `days[number] = day`."""
        self.days.append(day)
        return len(self.days) - 1

    def note_keys(self, hashes: pa.Int64Array) -> None:
        """Note a hash of the numbers of each row's day and labels."""
        if len(self._keys) < MAX_KEYS:
            self._keys.frombytes(memoryview(hashes.buffers()[1])[hashes.offset * 8 :][: len(hashes) * 8])

    def keys_differ(self, rows: int) -> bool:
        """Tell whether the keys of all rows are known to differ; then there is nothing to sum."""
        return 0 < len(self._keys) == rows == len(set(self._keys))

    def label(self, dimension: str, label: str) -> int:
        """Return the number of a label. Raises LoadRefused where the limit is reached."""
        numbers = self.labels[dimension]
        number = numbers.setdefault(label, len(numbers))
        if number >= MAX_LABELS:
            raise LoadRefused(
                f"There are more than {MAX_LABELS:,} labels of {dimension}, such as {label!r}; is it the right column?"
            )
        return number
