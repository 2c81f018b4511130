"""Gauges: what a monitor should know of a running programme, each question bounded in its cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from dispatcher.errors import ConfigError, FileError, StorageDown
from dispatcher.rules.jurisdictions import Law
from dispatcher.services.jurisdictions import shipped
from dispatcher.storage import gauges
from dispatcher.storage.database import Database

T = TypeVar("T")
_LONGEST = 2000  # milliseconds that one question may take

HELP = {
    "rule_data_age_days": "Age of the rule data that is shipped.",
    "rule_data_unreadable": "1 when a file of rules cannot be read: no worker starts with it.",
    "database_up": "1 while the database answers.",
    "unanswered": "1 for a question that took the database too long; its gauges are left out.",
    "clock_apart_seconds": "Database's clock minus this machine's.",
    "programme_clock_ahead_seconds": "How far the programme's clock was set ahead on purpose.",
    "clock_jumped_workers": "Workers that hand nothing over, as clocks moved apart (clock_jumped).",
    "clock_jump_seconds": "By how much at worst they moved apart.",
    "withdrawal_polls": "Processes that watch for withdrawals; none of them: nothing is sent.",
    "withdrawal_poll_age_seconds": "Age of the oldest of their last questions.",
    "queue_batches": "Batches that could be sent now.",
    "queue_people": "People in them, rounded up to tens.",
    "queue_oldest_seconds": "For how long the oldest of them could have been sent.",
    "due_people": "People whose time has come, not woken yet, rounded up to tens; to 100000.",
    "due_oldest_seconds": "For how long the first of them should have been woken.",
    "decisions_last_hour": "Decisions by verdict and reason, rounded up to tens.",
}


class Gauge(NamedTuple):
    """One number under a name of HELP, with its labels."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def read_gauges(database: Database, law: Callable[[], Law], wall: float) -> Iterator[Gauge]:
    """Look at rules, clocks and queues; `law` reads this installation's rule data.

    What cannot be answered is missing, and that is said: a number is never made up.
    """
    yield from _rules(law, wall)
    told = _asked(database, gauges.clocks)
    yield Gauge("database_up", float(told is not None))
    if told is None:
        return
    yield from _clocks(told, wall)
    queues = _asked(database, gauges.queues)
    yield _unanswered("queues", queues)
    for queue in queues or ():
        channel = (("channel", queue.channel),)
        yield Gauge("queue_batches", queue.batches, channel)
        yield Gauge("queue_people", _tens(queue.people), channel)
        yield Gauge("queue_oldest_seconds", queue.age, channel)
    due = _asked(database, gauges.due)
    yield _unanswered("due", due)
    if due is not None:
        yield Gauge("due_people", _tens(due.people))
        yield Gauge("due_oldest_seconds", due.age)
    counts = _asked(database, gauges.decisions)
    yield _unanswered("decisions", counts)
    for count in counts or ():
        labels = (("verdict", count.verdict), ("reason", count.reason))
        yield Gauge("decisions_last_hour", _tens(count.decisions), labels)


def _rules(law: Callable[[], Law], wall: float) -> Iterator[Gauge]:
    wrong = ""
    try:
        law()
    except ConfigError as error:
        wrong = error.setting
    for file in ("rule data", "rule_overrides"):
        labels = (("file", file.replace(" ", "_")),)
        yield Gauge("rule_data_unreadable", float(wrong == file), labels)
    try:
        as_of = shipped().as_of
    except (FileError, OSError):
        return
    yield Gauge("rule_data_age_days", (datetime.fromtimestamp(wall, UTC).date() - as_of).days)


def _clocks(told: gauges.Clocks, wall: float) -> Iterator[Gauge]:
    yield Gauge("clock_apart_seconds", told.server - wall)
    yield Gauge("programme_clock_ahead_seconds", told.ahead)
    yield Gauge("clock_jumped_workers", told.jumped)
    yield Gauge("clock_jump_seconds", told.jump)
    yield Gauge("withdrawal_polls", told.polls)
    if told.poll_age is not None:
        yield Gauge("withdrawal_poll_age_seconds", told.poll_age)


def _tens(people: int) -> int:
    """Round up: a monitor sees that there are some, and nobody sees a single person."""
    return -(-people // 10) * 10


def _asked(database: Database, question: Callable[[Connection], T]) -> T | None:
    try:
        with database.begin() as conn:
            gauges.bound(conn, _LONGEST)
            return question(conn)
    except StorageDown:
        return None


def _unanswered(question: str, answer: object) -> Gauge:
    return Gauge("unanswered", float(answer is None), (("question", question),))
