"""Consent check: the whole ledger verified, and its checkpoints exported to another place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, text

from dispatcher.errors import Conflict, FileError
from dispatcher.storage import chains, ledger_check
from dispatcher.storage.chains import Fault
from dispatcher.storage.database import Database
from dispatcher.storage.ledger_check import Kept

_TOLD = 1_000  # faults that are told; all are counted
# Somebody may join while we look: chain and present state are of the same instant.
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
Tell = Callable[[int], None]


class Found(NamedTuple):
    """One fault: the person (0: a checkpoint, or the export), the event, and what is wrong."""

    customer_id: int
    seq: int
    event: str
    problem: str


@dataclass(slots=True)
class Verified:
    """What was looked at, and what does not hold; of many faults the first are told."""

    people: int = 0
    events: int = 0
    checkpoints: int = 0
    compared: int = 0
    faults: int = 0
    found: list[Found] = field(default_factory=list)


def verify_ledger(
    database: Database, against: Path | None = None, tell: Tell = lambda _: None
) -> Verified:
    """Verify everybody's chain, that it folds to the present state, and the checkpoints.

    `against`: an exported file of checkpoints, which shows what was cut off since, and of whom.
    """
    done = Verified()
    with database.begin() as conn:
        _note(conn, done, ledger_check.strangers(conn))
    _people(database, done, tell)
    with database.begin() as conn:
        _note_checkpoints(done, chains.verify_checkpoints(conn))
        done.checkpoints = conn.execute(_COUNT).scalar_one()
    if against is not None:
        with database.begin_by_key() as conn, against.open("rb") as file:
            for faults, count in ledger_check.compare(conn, _read(against, file)):
                _note(conn, done, [fault for fault in faults if fault.seq])
                _note_checkpoints(done, [fault for fault in faults if not fault.seq])
                done.compared += count
                tell(count)
    return done


def export_checkpoints(database: Database, out: Path, after: int = 0) -> tuple[int, int]:
    """Write the checkpoints above `after`, and one of now; give the last number and the lines."""
    if out.exists():
        raise Conflict(f"{out} is there already; choose another name with --out")
    with database.begin() as conn:
        chains.checkpoint(conn)
    last = lines = 0
    with database.begin() as conn, out.open("wb") as file:
        for kept in ledger_check.kept_heads(conn, after):
            file.write(orjson.dumps(kept._asdict(), option=orjson.OPT_APPEND_NEWLINE))
            last, lines = kept.checkpoint, lines + 1
    return last, lines


def _people(database: Database, done: Verified, tell: Tell) -> None:
    after = 0
    while True:
        with database.begin_by_key() as conn:
            conn.execute(_SNAPSHOT)
            people = ledger_check.people_after(conn, after)
            if not people:
                return
            faults, events = ledger_check.check(conn, people)
            _note(conn, done, faults)
        after = people[-1]
        done.people += len(people)
        done.events += events
        tell(len(people))


def _note(conn: Connection, done: Verified, faults: Iterable[Fault]) -> None:
    for fault in faults:
        done.faults += 1
        if len(done.found) < _TOLD:
            event = ledger_check.describe(conn, fault) if fault.seq else ""
            done.found.append(Found(fault.customer_id, fault.seq, event, fault.problem))


def _note_checkpoints(done: Verified, faults: Iterable[Fault]) -> None:
    for fault in faults:
        done.faults += 1
        if len(done.found) < _TOLD:
            done.found.append(Found(0, 0, f"checkpoint {fault.customer_id}", fault.problem))


def _read(path: Path, lines: Iterable[bytes]) -> Iterator[Kept]:
    for number, line in enumerate(lines, 1):
        try:
            yield Kept(**orjson.loads(line))
        except (ValueError, TypeError):
            raise FileError(path, number, "this is no line of exported checkpoints") from None


_COUNT = text("SELECT count(*) FROM consent_checkpoint")
