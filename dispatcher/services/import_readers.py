"""The reading of a file of customers, by one process or by several that share the work.

Checking rows costs more than storing them. A reader only reads: it has no connection, and what it
makes goes to the process that asked, so a reader that outlives its import does no harm.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, cycle, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple

from dispatcher.errors import ImportFileError, Unavailable
from dispatcher.services.customer_columns import Columns
from dispatcher.services.customer_file import Line, Survey, read_lines
from dispatcher.services.customer_rows import RowReader
from dispatcher.storage import imports
from dispatcher.storage.imports import Reject, StagedRow
from dispatcher.tokens import Digests


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
    rejects: list[Reject]
    wordings: dict[str, str]
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
        task.columns, task.digests, task.seed, country=task.country, topic=task.topic
    )
    lines = read_lines(task.plan)
    before = 0
    for number in count():
        batch = list(islice(lines, task.chunk))
        if not batch:
            return
        if number % of == mine:
            yield _chunk(reader, before, batch)
        before += len(batch)


def _chunk(reader: RowReader, before: int, batch: list[Line]) -> Chunk:
    read = [reader.read(no, line) for no, line in enumerate(batch, start=before + 1)]
    wordings, reader.wordings = reader.wordings, {}
    return Chunk(
        imports.encode(row for row in read if isinstance(row, StagedRow)),
        [row for row in read if isinstance(row, Reject)],
        wordings,
        len(batch),
        batch[-1].position,
    )


@contextmanager
def _at_work(task: Task, readers: int) -> Iterator[list[Connection]]:
    """Start readers; they are gone at the end, however it comes."""
    # Started afresh: a fork would share the caller's connections and trip over its threads.
    fresh = get_context("spawn")
    processes, pipes = [], []
    try:
        for mine in range(readers):
            ours, theirs = fresh.Pipe(duplex=False)
            process = fresh.Process(target=_serve, args=(task, mine, readers, theirs), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
            pipes.append(ours)
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.terminate()
            process.join()


def _serve(task: Task, mine: int, of: int, pipe: Connection) -> None:
    """Be a reader: send chunks until there are no more, or nobody listens any longer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is interrupted too, and ends us
    try:
        for chunk in _read(task, mine, of):
            pipe.send(chunk)
        pipe.send(None)
    except ImportFileError as error:
        pipe.send(_Unreadable(error.line, error.problem))
    except BrokenPipeError:
        return


def _receive(pipe: Connection) -> Chunk | _Unreadable | None:
    try:
        got: Chunk | _Unreadable | None = pipe.recv()
    except EOFError:
        raise Unavailable(
            "a process that read the file was ended; start the import again"
        ) from None
    return got
