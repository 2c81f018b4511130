"""Signals: what people do about products, told one by one or in a file; ends hold at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from dispatcher.domain.people import Person
from dispatcher.domain.signals import ENDS, Signal, SignalKind, product_name
from dispatcher.errors import Conflict, WrongInput
from dispatcher.rules.reminder import END_LASTS, VIEW_LASTS
from dispatcher.services.customer_file import Lines, Survey, survey
from dispatcher.services.rejects import write_rejects
from dispatcher.services.serve import By
from dispatcher.services.signal_rows import Bad, Row, RowReader, find_people
from dispatcher.services.subscribe import Desk
from dispatcher.storage import audit, brands, signals, signs_of_life
from dispatcher.storage.imports import Reject
from dispatcher.storage.withdrawals import withdraw

CHUNK = 5_000  # rows in one transaction
AHEAD = 300.0  # seconds by which the clock of a shop may be ahead of ours


@dataclass(frozen=True, slots=True)
class Order:
    """What to take, and how to read it. `brand`: whose signals they are, where no column says."""

    path: Path
    rejects: Path
    brand: str = ""
    encoding: str = ""
    country: str = ""


@dataclass(slots=True)
class Taken:
    """What came of a file. `known`: rows that told nothing new; `outdated`: too old to matter."""

    rows: int = 0
    news: int = 0
    known: int = 0
    outdated: int = 0
    rejects: int = 0
    notice: str = ""


# Hears how much of a file is read, and of how much, in bytes.
Progress = Callable[[int, int], None]


def _silent(done: int, of: int) -> None:
    """Say nothing of the progress."""


def note(
    desk: Desk, person: Person, kind: SignalKind, product: str, brand: str, at: datetime, by: By
) -> bool:
    """Note what somebody did about a product; give whether that is news.

    Committed when this returns; a reminder that is under way learns of its end as of an opt-out.
    """
    name = product_name(product)
    if not name:
        raise WrongInput(f'"{product[:40]}" is no name of a product; write it without spaces')
    if at.timestamp() > by.now.timestamp() + AHEAD:
        raise WrongInput("nothing can have been done in the future")
    signal = Signal(person.id, brand, name, kind, at.timestamp())
    with desk.database.begin() as conn:
        if person.erased or not signals.lock_living(conn, [person.id]):
            raise Conflict(f"customer {person.id} was erased: nothing is kept of them")
        brands.load(conn, brand)  # a name spelt wrongly would end nothing
        news = [] if _outdated(signal, by.now) else heed(conn, [signal])
        # Without the product: the trail is never erased.
        detail = {"kind": str(kind), "brand": brand, "news": bool(news)}
        audit.write(conn, by.actor, "signal", f"customer:{person.id}", detail)
    return bool(news)


def take(desk: Desk, order: Order, by: By, progress: Progress = _silent) -> Taken:
    """Take a file of signals; ImportFileError before anything is changed when it is unreadable.

    Bad rows never stop the good ones: they are named in the rejects file and counted. A file that
    is taken again, wholly or from where a run was cut off, tells nothing new the second time.
    """
    plan = survey(order.path, order.encoding)
    with desk.database.begin() as conn:
        known = frozenset(brand.id for brand in brands.every(conn))
    reader = RowReader(plan, known, order.brand, order.country)
    write_rejects(order.rejects, ())  # says now, not at the end, that it cannot
    work = _Work(desk, reader, by, Taken(notice=plan.notice))
    work.taken.rejects = write_rejects(order.rejects, _rejects(work, plan, progress))
    with desk.database.begin() as conn:
        detail = {"rows": work.taken.rows, "news": work.taken.news, "rejects": work.taken.rejects}
        audit.write(conn, by.actor, "signals", f"file:{order.path.name[:100]}", detail)
    return work.taken


def heed(conn: Connection, told: Sequence[Signal]) -> list[Signal]:
    """Keep signals of people who are locked already, and do what follows; give the news."""
    news = signals.put(conn, told)
    _draw_consequences(conn, news)
    return news


@dataclass(slots=True)
class _Work:
    desk: Desk
    reader: RowReader
    by: By
    taken: Taken = field(default_factory=Taken)


def _rejects(work: _Work, plan: Survey, progress: Progress) -> Iterator[Reject]:
    """Take the file chunk by chunk, and give what could not be taken, chunk by chunk."""
    with closing(Lines(plan)) as lines:
        while some := list(lines.take(CHUNK)):
            work.taken.rows += len(some)
            read = [work.reader.read(line) for line in some]
            yield from _refused(work, read)
            progress(lines.done(), plan.size)


def _refused(work: _Work, read: Sequence[Row | Reject]) -> Iterator[Reject]:
    rows = [row for row in read if isinstance(row, Row)]
    with work.desk.database.begin() as conn:
        people = find_people(conn, work.desk.digests, rows)
        living = signals.lock_living(conn, [who for who in people if isinstance(who, int)])
        told = {}
        for row, who in zip(rows, people, strict=True):
            told[row.line] = _told(work, row, who, living)
        good = [told_of for told_of in told.values() if isinstance(told_of, Signal)]
        timely = [signal for signal in good if not _outdated(signal, work.by.now)]
        news = heed(conn, timely) if timely else []
    work.taken.news += len(news)
    work.taken.outdated += len(good) - len(timely)
    work.taken.known += len(timely) - len(news)
    for each in read:
        outcome = each if isinstance(each, Reject) else told[each.line]
        if isinstance(outcome, Reject):
            yield outcome


def _told(work: _Work, row: Row, who: int | Bad, living: set[int]) -> Signal | Reject:
    if isinstance(who, Bad):
        return Reject(row.line, who.column, who.value[:200], who.reason)
    if who not in living:
        return Reject(row.line, "customer", str(who), "there is no such customer (any more)")
    if row.at > work.by.now.timestamp() + AHEAD:
        told = datetime.fromtimestamp(row.at, UTC).isoformat()
        return Reject(row.line, "at", told, "this is in the future")
    return Signal(who, row.brand, row.product, row.kind, row.at)


def _outdated(signal: Signal, now: datetime) -> bool:
    lasts = END_LASTS if signal.kind in ENDS else VIEW_LASTS
    return signal.at + lasts <= now.timestamp()


def _draw_consequences(conn: Connection, news: Sequence[Signal]) -> None:
    """Stop what an end makes pointless; whoever bought is awake."""
    ended = [signal for signal in news if signal.kind in ENDS]
    if not ended:
        return
    withdraw(conn, signals.lookers(conn, ended))
    newest: dict[int, float] = {}
    for signal in ended:
        if signal.kind is SignalKind.BOUGHT:
            newest[signal.customer_id] = max(signal.at, newest.get(signal.customer_id, 0.0))
    signs_of_life.note_each(conn, newest)
