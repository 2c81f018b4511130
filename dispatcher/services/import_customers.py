"""Import customers: from a file as a spreadsheet saves it to people who may be written to.

Nobody is visible before the whole file is in. A run that was cut off is continued by starting it
again; a file that is in already is left alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import orjson

from dispatcher.errors import Conflict
from dispatcher.services.customer_columns import find_columns
from dispatcher.services.customer_file import Survey, survey
from dispatcher.services.import_merge import merge
from dispatcher.services.import_readers import Task, read_chunks
from dispatcher.services.rejects import write_rejects
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, imports
from dispatcher.storage.imports import Import

CHUNK = 20_000  # rows in one transaction
SHARED_FROM = 8 * 1024 * 1024  # bytes of a file from which on several processes read it
READERS = 2


class Stage(StrEnum):
    """What an import is doing."""

    SURVEY = "reading"
    STAGE = "checking"
    MERGE = "merging"


# Hears how far an import is: the stage, how much is done, and of how much, in bytes or rows.
Progress = Callable[[Stage, int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to import, and how to read it. `mapping`: our column -> the file's header."""

    path: Path
    rejects: Path
    mapping: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    country: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import; `again`: the very same file was in already, nothing was done."""

    rows: int
    people: int
    updated: int
    rejects: int
    proven: int
    unproven: int
    withheld: int
    notice: str = ""
    again: bool = False
    resumed: bool = False


def _silent(stage: Stage, done: int, total: int) -> None:
    """Say nothing of the progress."""


def import_customers(
    desk: Desk, order: Order, now: datetime, progress: Progress = _silent
) -> Imported:
    """Import a file; ImportFileError before anything is changed when it cannot be read at all.

    Bad rows never stop the good ones: they are named in the rejects file and counted.
    """
    plan = survey(order.path, order.encoding, lambda done, of: progress(Stage.SURVEY, done, of))
    columns = find_columns(order.path, plan.header, order.mapping)
    with _turn(desk):
        write_rejects(order.rejects, ())  # says now, not at the end, that it cannot
        with desk.database.begin() as conn:
            known = imports.begin(conn, order.path.name, _digest(plan, order))
            resumes = known.state == "merging" and imports.can_resume(conn, known.id)
        if known.state == "done":
            return _outcome(known, plan, again=True)
        if not resumes:
            task = Task(
                plan, columns, desk.digests, desk.entropy(32), CHUNK, order.country, order.topic
            )
            _stage(desk, task, known.id, progress)
        merge(desk, known.id, now, CHUNK, lambda done, of: progress(Stage.MERGE, done, of))
        return _outcome(_finish(desk, order, known.id), plan, resumed=resumes)


@contextmanager
def _turn(desk: Desk) -> Iterator[None]:
    """Let one import work at a time, so that two files cannot bring the same person twice."""
    with desk.database.begin() as conn:
        if not imports.take_turn(conn):
            raise Conflict("another import is at work; start this one again when it is done")
        yield


def _digest(plan: Survey, order: Order) -> str:
    """Name a file read in one way; read in another way it is another import."""
    way = [sorted(order.mapping.items()), plan.encoding, order.country, order.topic]
    return hashlib.sha256(plan.digest.encode() + orjson.dumps(way)).hexdigest()


def _stage(desk: Desk, task: Task, import_id: int, progress: Progress) -> None:
    with desk.database.begin() as conn:
        imports.start_staging(conn, import_id)
    rows = 0
    for chunk in read_chunks(task, READERS if task.plan.size >= SHARED_FROM else 1):
        with desk.database.begin() as conn:
            imports.stage(conn, import_id, chunk.rows, chunk.told, chunk.rejects)
            consents.keep_wordings(conn, chunk.wordings)
        rows += chunk.read
        progress(Stage.STAGE, chunk.position, task.plan.size)
    with desk.database.begin() as conn:
        imports.resolve(conn, import_id, rows)


def _finish(desk: Desk, order: Order, import_id: int) -> Import:
    with desk.database.begin() as conn:
        rejects = write_rejects(order.rejects, imports.rejects_of(conn, import_id))
        return imports.finish(conn, import_id, rejects)


def _outcome(done: Import, plan: Survey, *, again: bool = False, resumed: bool = False) -> Imported:
    return Imported(
        rows=done.rows_read,
        people=done.people,
        updated=done.updated,
        rejects=done.rejects,
        proven=done.proven,
        unproven=done.unproven,
        withheld=done.withheld,
        notice=plan.notice,
        again=again,
        resumed=resumed,
    )
