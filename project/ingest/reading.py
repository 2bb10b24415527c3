"""Read: files to raw rows, each with the number of the line it starts on. Only this knows file formats."""

import csv
import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from project.errors import LoadRefused

STANDARD_INPUT = Path("-")
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(slots=True)
class Source:
    """A file being read: its header, its rows as they come, and what is known of it when they have come."""

    name: str
    header: Sequence[str]
    rows: Iterator[tuple[int, list[str]]]
    _raw: "_Hashing" = field(repr=False)

    @property
    def sha256(self) -> str:
        """The hash of the whole file, once all rows are read."""
        return self._raw.digest.hexdigest()

    @property
    def size(self) -> int:
        """The file's bytes, once all rows are read."""
        return self._raw.size


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a CSV file, plain or gzip, or standard input (`-`). Raises LoadRefused.

    A row may span lines, inside quotes; its number is that of its first line, and the header's first line is 1.
    Blank lines are no rows.
    """
    name = "standard input" if path == STANDARD_INPUT else path.name
    try:
        with _bytes_of(path) as raw:
            hashing = _Hashing(raw)
            text = io.TextIOWrapper(_uncompressed(hashing), encoding="utf-8-sig", newline="")
            rows = _rows(text, name)
            _, header = next(rows, (0, []))
            _refuse_other_formats(name, header)
            yield Source(name, [cell.strip() for cell in header], _to_the_end(rows, hashing), hashing)
    except UnicodeDecodeError as error:
        byte = f"{error.object[error.start]:#04x}"
        advice = f"iconv -f ISO-8859-1 -t UTF-8 {name}, if that is what it is"
        raise LoadRefused(f"{name} is not UTF-8 (byte {byte}); convert it: {advice}.") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise LoadRefused(f"{name} is a damaged gzip file: {error}.") from error
    except FileNotFoundError as error:
        raise LoadRefused(f"There is no file {path}.") from error
    except OSError as error:
        raise LoadRefused(f"{path} cannot be read: {error.strerror}.") from error


def _refuse_other_formats(name: str, header: Sequence[str]) -> None:
    if not header:
        raise LoadRefused(f"{name} is empty.")
    if header[0].startswith("PK\x03\x04"):
        raise LoadRefused(f"{name} is an Excel or zip file; save it as CSV.")
    for separator, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            raise LoadRefused(f"{name} is separated by {called}; only commas are read. Its header: {header[0]}")


class _Hashing(io.RawIOBase):
    """Passes bytes on, and hashes them."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.digest = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._raw.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.digest.update(chunk)
        self.size += len(chunk)
        return len(chunk)


@contextmanager
def _bytes_of(path: Path) -> Iterator[IO[bytes]]:
    if path == STANDARD_INPUT:
        yield sys.stdin.buffer
    else:
        with path.open("rb") as file:
            yield file


def _uncompressed(raw: _Hashing) -> IO[bytes]:
    # By what it holds rather than by its name, so that it works on standard input too.
    buffered = io.BufferedReader(raw)
    if buffered.peek(2)[:2] == _GZIP_MAGIC:
        return cast("IO[bytes]", gzip.GzipFile(fileobj=buffered))
    return buffered


def _rows(text: IO[str], name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LoadRefused(f"{name}, line {line}: not CSV: {error}.") from error
        if row:
            yield line, row


def _to_the_end(rows: Iterator[tuple[int, list[str]]], raw: _Hashing) -> Iterator[tuple[int, list[str]]]:
    yield from rows
    while raw.read(65_536):
        """What a gzip file has behind its end is part of its hash."""
