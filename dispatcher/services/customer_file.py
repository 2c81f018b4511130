"""A file of customers as it comes: its encoding, its dialect, its lines, each read once."""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO

from dispatcher.errors import ImportFileError

LONGEST_LINE = 1024 * 1024  # characters
_CHUNK = 1024 * 1024
_DELIMITERS = ",;\t|"
_NOT_TEXT = {
    b"PK\x03\x04": "this is an Excel workbook or another zip file; save it as CSV and import that",
    b"\xd0\xcf\x11\xe0": "this is an old Excel workbook; save it as CSV and import that",
    b"%PDF": "this is a PDF; export the customers as CSV and import that",
    b"\x1f\x8b": "this file is compressed; unpack it first",
    b"\xff\xfe": "this file is UTF-16; save it as CSV UTF-8 and import that",
    b"\xfe\xff": "this file is UTF-16; save it as CSV UTF-8 and import that",
}


class Line(NamedTuple):
    """One record: the line it begins on, and its values."""

    number: int
    values: list[str]


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over the bytes has shown. `notice` is for the person who imports."""

    path: Path
    digest: str
    size: int
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    notice: str = ""


def survey(
    path: Path, encoding: str = "", tell: Callable[[int, int], None] = lambda _done, _of: None
) -> Survey:
    """Look at a whole file before anything is changed; ImportFileError says what is wrong where.

    Without `encoding` it is UTF-8, with or without a mark, or else Windows-1252.
    """
    if path.is_dir():
        raise ImportFileError(path, 0, "this is a folder; name a CSV file")
    try:
        digest, size, problem = _scan(path, _codec(path, encoding or "utf-8"), tell)
    except OSError as error:
        raise ImportFileError(path, 0, f"cannot be read: {error.strerror}") from error
    found, notice = encoding or "utf-8-sig", ""
    if problem and encoding:
        raise ImportFileError(path, problem, f"this is not {encoding}; try another --encoding")
    if problem:
        found = "cp1252"
        notice = (
            f"line {problem} is not UTF-8, so the file was read as Windows-1252; if letters look"
            " wrong, say --encoding"
        )
    header, delimiter = _header(path, found)
    return Survey(path, digest, size, found, delimiter, header, notice)


class Lines:
    """The records below the header, blank lines left out; `done` says how many bytes are read."""

    def __init__(self, plan: Survey) -> None:
        self._path = plan.path
        self._raw = plan.path.open("rb")
        self._file = _text(self._raw, plan.encoding)
        lines = _bounded(plan.path, self._file)
        self._reader = csv.reader(lines, delimiter=plan.delimiter)
        self._after = 0  # the last line of the record that was read last
        self.skip(1)

    def take(self, most: int) -> Iterator[Line]:
        """Give the next records; none when there are no more."""
        with self._readable():
            while most and (values := next(self._reader, None)) is not None:
                begin, self._after = self._after + 1, self._reader.line_num
                if any(values):
                    most -= 1
                    yield Line(begin, values)

    def skip(self, most: int) -> int:
        """Walk over the next records; give how many there were."""
        there = 0
        with self._readable():
            while there < most and (values := next(self._reader, None)) is not None:
                self._after = self._reader.line_num
                there += any(values)
        return there

    def done(self) -> int:
        """Give how far the file is read, in bytes."""
        return self._raw.tell()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except csv.Error as error:
            problem = f"a value does not end; a quote may have been left open ({error})"
            raise ImportFileError(self._path, self._after + 1, problem) from error


def _codec(path: Path, encoding: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        problem = f"there is no encoding {encoding!r}; try utf-8 or cp1252"
        raise ImportFileError(path, 0, problem) from None


def _scan(
    path: Path, decoder: codecs.IncrementalDecoder, tell: Callable[[int, int], None]
) -> tuple[str, int, int]:
    """Give digest and size, and the first line the decoder does not take (0: it takes all)."""
    digest, done, line, problem = hashlib.sha256(), 0, 1, 0
    of = path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if not done:
                _refuse_what_is_no_text(path, chunk)
            if b"\0" in chunk:
                at = line + chunk[: chunk.index(b"\0")].count(b"\n")
                raise ImportFileError(path, at, "there is a NUL byte: this is no text file")
            digest.update(chunk)
            problem = problem or _undecodable(decoder, chunk, line)
            line += chunk.count(b"\n")
            done += len(chunk)
            tell(done, of)
    if not done:
        raise ImportFileError(path, 1, "the file is empty")
    problem = problem or _undecodable(decoder, b"", line)
    return digest.hexdigest(), done, problem


def _undecodable(decoder: codecs.IncrementalDecoder, chunk: bytes, line: int) -> int:
    try:
        decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError as error:
        return line + error.object[: error.start].count(b"\n")
    return 0


def _refuse_what_is_no_text(path: Path, chunk: bytes) -> None:
    for mark, problem in _NOT_TEXT.items():
        if chunk.startswith(mark):
            raise ImportFileError(path, 1, problem)


def _header(path: Path, encoding: str) -> tuple[tuple[str, ...], str]:
    with path.open("rb") as raw, _text(raw, encoding) as file:
        first = next(_bounded(path, file), "")
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        names = next(csv.reader([first], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ImportFileError(path, 1, f"the header cannot be read: {error}") from error
    if not any(name.strip() for name in names):
        raise ImportFileError(path, 1, "the first line must name the columns, and is blank")
    return tuple(name.strip() for name in names), delimiter


def _text(raw: object, encoding: str) -> TextIO:
    # What Windows-1252 leaves undefined must not stop a file: a bad letter is a bad value.
    errors = "replace" if encoding == "cp1252" else "strict"
    return TextIOWrapper(raw, encoding, errors=errors, newline="")  # type: ignore[type-var]


def _bounded(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            raise ImportFileError(path, number, "this line is longer than a million characters")
        yield line


def nearest(names: Sequence[str], most: int = 12) -> str:
    """List names for a sentence."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown + (" ..." if len(names) > most else "")
