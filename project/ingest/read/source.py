"""Read: files of any format to rows of text, a few thousand at a time."""

import codecs
import gzip
import hashlib
import io
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from project.errors import LoadRefused
from project.ingest.mapping.questions import Choice, Question, Unanswered
from project.ingest.options import Options
from project.ingest.read.table import Table

STANDARD_INPUT = Path("-")

ReadTable = Callable[[Any, str, Options], Table]

_GZIP_MAGIC = b"\x1f\x8b"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SEEKING = {b"PAR1": "parquet", b"PK\x03\x04": "xlsx"}
"""The modules that do not read from the front to the end, by the first bytes of their files."""

_SNIFFED = 4096
_IN_MEMORY = 16 << 20


class Source(io.RawIOBase):
    """A file that is being read: it passes the bytes on and hashes them. `size` is the bytes read so far."""

    table: Table

    def __init__(self, raw: IO[bytes], name: str) -> None:
        self.name = name
        self.size = 0
        self._raw = raw
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hash of the bytes read so far."""
        return self._digest.hexdigest()

    def readable(self) -> bool:
        """Tell `io.BufferedReader` that there are bytes to read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read bytes of the file into the buffer, and return how many."""
        chunk = self._raw.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._digest.update(chunk)
        self.size += len(chunk)
        return len(chunk)


@contextmanager
def open_source(path: Path, options: Options) -> Iterator[Source]:
    """Open a CSV, NDJSON, Parquet or Excel file, plain or gzip; `-` is standard input. Raises LoadRefused.

    Its first bytes tell the format, so the name does not matter.
    """
    name = "standard input" if path == STANDARD_INPUT else path.name
    try:
        with nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else path.open("rb") as raw:
            source = Source(raw, name)
            content = _uncompressed(source)
            reader = _reader(content.peek(_SNIFFED), name, options)
            # One of the four: importing the library of another takes longer than reading a day's file.
            read_table: ReadTable = import_module(f"project.ingest.read.{reader}").table
            with _copied(content) if reader in _SEEKING.values() else nullcontext(content) as readable:
                source.table = read_table(readable, name, options)
                source.table.blocks = _to_the_end(source.table.blocks, source)
                yield source
    except UnicodeDecodeError as error:
        byte = f"{error.object[error.start]:#04x}" if error.start < len(error.object) else "its end"
        raise LoadRefused(
            f"{name} is not {error.encoding.upper()} (at {byte}); say what it is, such as --encoding latin-1 or "
            "--encoding utf-16."
        ) from error
    except UnicodeError as error:
        raise LoadRefused(f"{name} is not {options.encoding or 'UTF-16'}: {error}.") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise LoadRefused(f"{name} is a damaged gzip file: {error}.") from error
    except FileNotFoundError as error:
        raise LoadRefused(f"There is no file {path}.") from error
    except OSError as error:
        raise LoadRefused(f"{path} cannot be read: {error.strerror or error}.") from error


def _reader(head: bytes, name: str, options: Options) -> str:
    """Return the module that reads files which begin so."""
    if not head:
        raise LoadRefused(f"{name} is empty.")
    if head[:4] in _SEEKING:
        return _SEEKING[head[:4]]
    if head.startswith(_OLD_EXCEL):
        raise LoadRefused(f"{name} is an Excel file of before 2007; save it as .xlsx or CSV.")
    if not options.encoding and (encoding := _unmarked_utf_16(head)):
        choice = Choice("encoding", encoding)
        text = f"{name} looks like UTF-16 without a mark: {choice}."
        raise Unanswered(text, [Question("", "", (choice,), choice)], options, [name])
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return "ndjson"
    return "delimited"


def _unmarked_utf_16(head: bytes) -> str | None:
    """Return the encoding of text that has NUL as every second byte."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    for encoding, nuls, letters in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if len(nuls) > 1 and nuls.count(0) > len(nuls) * 0.7 and letters.count(0) < len(letters) * 0.1:
            return encoding
    return None


@contextmanager
def _copied(content: IO[bytes]) -> Iterator[IO[bytes]]:
    """Lend a copy that can seek, on disk where it is large."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        shutil.copyfileobj(content, copy, 1 << 20)
        copy.seek(0)
        yield cast("IO[bytes]", copy)


def _uncompressed(source: Source) -> io.BufferedReader:
    buffered: io.BufferedReader = io.BufferedReader(source, 1 << 18)
    if buffered.peek(2)[:2] == _GZIP_MAGIC:
        return io.BufferedReader(cast("io.RawIOBase", gzip.GzipFile(fileobj=buffered)), 1 << 18)
    return buffered


def _to_the_end(rows: Iterator[Any], source: Source) -> Iterator[Any]:
    yield from rows
    while source.read(65_536):
        pass  # The bytes behind the end of a gzip stream are part of the file's hash.
