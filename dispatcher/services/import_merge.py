"""The merge of an import: people who were staged go in, some thousands in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime

from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource, ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, imports
from dispatcher.storage.first_consents import append_first
from dispatcher.storage.imports import ConsentRow, Reject, Span
from dispatcher.storage.imports_plain import add_plain

_AT_ONCE = 2  # the work is the database's: more connections would only wait for each other


def merge(
    desk: Desk, import_id: int, now: datetime, chunk: int, tell: Callable[[int, int], None]
) -> None:
    """Merge what is not merged yet, chunk by chunk, in any order; each chunk notes itself."""
    done = total = 0
    todo: list[tuple[Callable[[Desk, int, datetime, Span], None], Span]] = []
    with desk.database.begin() as conn:
        for way, tangled in ((_merge_plain, False), (_merge_tangled, True)):
            last = imports.last(conn, import_id, tangled=tangled)
            spans = list(chunks(imports.merged(conn, import_id, tangled=tangled), last, chunk))
            todo.extend((way, span) for span in spans)
            done += last - sum(map(_width, spans))
            total += last
    at_work = ThreadPoolExecutor(_AT_ONCE, "merge")
    try:
        waiting = {at_work.submit(way, desk, import_id, now, span): span for way, span in todo}
        for finished in as_completed(waiting):
            finished.result()
            done += _width(waiting[finished])
            tell(done, total)
    finally:
        at_work.shutdown(cancel_futures=True)


def chunks(merged: Iterable[Span], last: int, chunk: int) -> Iterator[Span]:
    """Give what lies between the spans that are merged, in pieces of at most `chunk`."""
    after = 0
    for span in [*sorted(merged), Span(last, last)]:
        yield from (Span(at, min(at + chunk, span.after)) for at in range(after, span.after, chunk))
        after = span.upto


def _width(span: Span) -> int:
    return span.upto - span.after


def _merge_plain(desk: Desk, import_id: int, now: datetime, span: Span) -> None:
    with desk.database.begin() as conn:
        counts = add_plain(conn, import_id, span, now)
        imports.note_merged(conn, import_id, span, counts, tangled=False)


def _merge_tangled(desk: Desk, import_id: int, now: datetime, span: Span) -> None:
    with desk.database.begin() as conn:
        new, updated = imports.merge_people(conn, import_id, span)
        told = _Told(import_id, now)
        told.take(imports.consent_rows(conn))
        consents.append(conn, told.events, desk.entropy)
        told.counts.update(append_first(conn, import_id, now)._asdict())
        counts = {**told.counts, "people": new, "updated": updated}
        imports.note_merged(conn, import_id, span, counts, told.rejects, tangled=True)


class _Told:
    """What a chunk tells of people the ledger knows: what is appended, and what is withheld."""

    def __init__(self, import_id: int, now: datetime) -> None:
        self.events: list[ConsentEvent] = []
        self.rejects: list[Reject] = []
        self.counts = Counter[str]()
        self._import_id = import_id
        self._now = now

    def take(self, rows: Iterable[ConsentRow]) -> None:
        """Take each place once: a row with evidence before one without, the last before others."""
        best: dict[tuple[int, str, str], ConsentRow] = {}
        for row in rows:
            place = (row.person, row.channel, row.topic)
            if place not in best or row.proven or not best[place].proven:
                best[place] = row
        for row in best.values():
            self._judge(row)

    def _judge(self, row: ConsentRow) -> None:
        if row.blocked or row.out:
            self.counts["withheld"] += 1
            if row.out:
                reason = "this person has opted out; the consent in this row was not taken"
                self.rejects.append(Reject(row.line, "topics", row.topic, reason))
        elif row.state == ConsentState.ACTIVE:
            return  # says what we know
        elif row.proven:
            self.counts["proven"] += 1
            self._append(row, ConsentAction.OPT_IN)
        elif row.state is None:
            self.counts["unproven"] += 1
            self._append(row, ConsentAction.IMPORTED_UNPROVEN)

    def _append(self, row: ConsentRow, action: ConsentAction) -> None:
        self.events.append(
            ConsentEvent(
                customer_id=row.person,
                channel=Channel(row.channel),
                topic=row.topic,
                action=action,
                source=ConsentSource.IMPORT,
                occurred_at=min(row.at or self._now, self._now),
                received_at=self._now,
                kind=row.kind,
                wording=row.wording,
                origin=f"import {self._import_id}: {row.origin}".rstrip(": "),
            )
        )
