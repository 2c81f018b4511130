"""The reading of a file of customers, by one process or by several that share the work.

Checking rows costs more than storing them. A reader only reads: it has no connection, and what it
makes goes to the process that asked, so a reader that outlives its import does no harm.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count, cycle
from typing import IO, NamedTuple

from dispatcher.domain.promises import Shown
from dispatcher.errors import ImportFileError, Unavailable
from dispatcher.services.customer_columns import Columns
from dispatcher.services.customer_file import Lines, Survey
from dispatcher.services.customer_rows import RowReader
from dispatcher.storage.imports import Reject
from dispatcher.storage.imports_rows import StagedRow, encode_row, encode_told
from dispatcher.tokens import Digests

_READER = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer);"
    " from dispatcher.services.import_readers import serve;"
    " serve(sys.stdin.buffer, sys.stdout.buffer)"
)


@dataclass(frozen=True, slots=True)
class Task:
    """How to read a file: `seed` makes the ids of its people, `chunk` is rows at a time."""

    plan: Survey
    columns: Columns
    digests: Digests
    seed: bytes
    chunk: int
    country: str = ""
    topic: str = ""


class Chunk(NamedTuple):
    """Some rows of the file, ready for COPY, and how far the file is read, in bytes."""

    rows: bytes
    told: bytes
    rejects: list[Reject]
    wordings: dict[str, Shown]
    read: int
    position: int


class _Unreadable(NamedTuple):
    """What an ImportFileError says: exceptions of our own do not travel between processes."""

    line: int
    problem: str


def read_chunks(task: Task, readers: int = 1) -> Iterator[Chunk]:
    """Give the file chunk by chunk, in its order; ImportFileError where it cannot be read."""
    if readers == 1:
        yield from _read(task, 0, 1)
        return
    with _at_work(task, readers) as pipes:
        for pipe in cycle(pipes):
            got = _receive(pipe)
            if isinstance(got, _Unreadable):
                raise ImportFileError(task.plan.path, *got)
            if got is None:
                return
            yield got


def _read(task: Task, mine: int, of: int) -> Iterator[Chunk]:
    """Read every `of`-th chunk, from the one numbered `mine`; the others are only walked over."""
    reader = RowReader(
        task.columns,
        task.digests,
        task.seed,
        count(mine, of),
        country=task.country,
        topic=task.topic,
    )
    before = 0
    with closing(Lines(task.plan)) as lines:
        for number in count():
            if number % of == mine:
                chunk = _chunk(reader, before, lines, task.chunk)
                there = chunk.read
                if there:
                    yield chunk
            else:
                there = lines.skip(task.chunk)
            if not there:
                return
            before += there


def _chunk(reader: RowReader, before: int, lines: Lines, most: int) -> Chunk:
    # Row by row into text: thousands of rows kept as objects keep the garbage collector busy.
    rows: list[tuple[int, str]] = []
    rejects: list[Reject] = []
    number = before
    for number, line in enumerate(lines.take(most), start=before + 1):
        row = reader.read(number, line)
        if isinstance(row, StagedRow):
            rows.append((row.customer_id, encode_row(row)))
        else:
            rejects.append(row)
    told, reader.told = "".join(map(encode_told, reader.told)), []
    wordings, reader.wordings = reader.wordings, {}
    # By their ids, in whose order they will be merged: then neighbours are found on one page.
    rows.sort()
    text = "".join([row for _, row in rows])
    return Chunk(text.encode(), told.encode(), rejects, wordings, number - before, lines.done())


@contextmanager
def _at_work(task: Task, readers: int) -> Iterator[list[IO[bytes]]]:
    """Start readers and give what they say; they are gone at the end, however it comes."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for mine in range(readers):
            started.append(_start(task, mine, readers))  # noqa: PERF401 - known one by one, to end
        yield [_open(process.stdout) for process in started]
    finally:
        for process in started:
            process.kill()
            _open(process.stdout).close()
            process.wait()


def _start(task: Task, mine: int, of: int) -> subprocess.Popen[bytes]:
    # An interpreter of its own: a fork would share our connections and trip over our threads. A
    # session of its own: Ctrl-C is for us, and we end it.
    process = subprocess.Popen(
        [sys.executable, "-c", _READER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with _open(process.stdin) as told:
        pickle.dump(sys.path, told)
        pickle.dump((task, mine, of), told)
    return process


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def serve(told: IO[bytes], out: IO[bytes]) -> None:
    """Be a reader: give chunks until there are no more, or nobody listens any longer."""
    try:
        for chunk in _read(*pickle.load(told)):  # noqa: S301 - from who started us
            pickle.dump(chunk, out)
            out.flush()
        pickle.dump(None, out)
    except ImportFileError as error:
        pickle.dump(_Unreadable(error.line, error.problem), out)
    except BrokenPipeError:
        os._exit(0)  # or Python would complain that it cannot flush what nobody wants


def _receive(pipe: IO[bytes]) -> Chunk | _Unreadable | None:
    try:
        got: Chunk | _Unreadable | None = pickle.load(pipe)  # noqa: S301 - our own process
    except EOFError:
        problem = "a process that read the file was ended; start the import again"
        raise Unavailable(problem) from None
    return got
