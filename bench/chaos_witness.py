"""Who says, inside a worker, what the journals of the dead prove and whom nobody can answer for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.domain.messages import DeliveryKey
from dispatcher.storage import journal, workers
from dispatcher.storage.journal import Legacy

ADOPTED, GIVEN_UP = "adopted", "given up"
_AT_ONCE = 100  # people in one line: a line longer than 4,096 bytes may be torn
Say = Callable[[str, str, str], None]


def attend(say: Say) -> None:
    """Report every journal that is adopted, and every batch that is reaped without one."""
    _attend_adoption(say)
    _attend_reaping(say)


def _attend_adoption(say: Say) -> None:
    real = journal.orphans

    def orphans(folder: Path) -> Iterator[Legacy]:
        for legacy in real(folder):
            unknown = legacy.begun - legacy.receipts.keys()
            _tell(say, ADOPTED, legacy.worker, [(key.customer_id, key.attempt) for key in unknown])
            yield legacy

    setattr(journal, "orphans", orphans)  # noqa: B010 - a plain assignment mypy forbids


def _attend_reaping(say: Say) -> None:
    real = workers.reap

    def reap(
        conn: Connection,
        batch: workers.Orphan,
        *,
        begun: Iterable[DeliveryKey] = (),
        absence_proves_unsent: bool = False,
    ) -> workers.Reaped:
        if not absence_proves_unsent:
            key = {"wave": batch.wave_id, "shard": batch.shard, "batch_no": batch.batch_no}
            rows = conn.execute(_PERMITTED, key).all()
            _tell(say, GIVEN_UP, batch.worker, [(int(row[0]), int(row[1])) for row in rows])
        return real(conn, batch, begun=list(begun), absence_proves_unsent=absence_proves_unsent)

    setattr(workers, "reap", reap)  # noqa: B010


def _tell(say: Say, what: str, worker: str, keys: list[tuple[int, int]]) -> None:
    for first in range(0, max(1, len(keys)), _AT_ONCE):
        part = keys[first : first + _AT_ONCE]
        say(what, worker, " ".join(f"{person}:{attempt}" for person, attempt in part))


_PERMITTED: Any = text("""
    SELECT d.customer_id, d.attempt FROM delivery d
    JOIN audience a USING (wave_id, customer_id)
    JOIN batch b ON (b.wave_id, b.shard, b.batch_no) = (a.wave_id, a.shard, a.batch_no)
    WHERE (b.wave_id, b.shard, b.batch_no) = (:wave, :shard, :batch_no)
      AND b.state = 'leased' AND d.batch_no = b.batch_no
      AND d.state = 'reserved' AND d.ordinal < b.permitted_upto
""")
