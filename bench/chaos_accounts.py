"""Who may be unsure, and why: what the journals of the dead say, and what was lost at a moment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import text

from dispatcher.wiring import Dispatcher

Attempt = tuple[int, int]  # customer and number of the attempt


class Loss(NamedTuple):
    """A moment at which nobody was left to ask: who was permitted and not settled right then."""

    fault: str
    people: frozenset[Attempt]


class Silence(NamedTuple):
    """From when to when nothing at all may be handed over; seconds since 1970."""

    begins: float
    ends: float


@dataclass(slots=True)
class Accounts:
    """What was done to the installation, and what it left in doubt.

    `journals`: by dead worker, whom its journal says begun without an answer. `given_up`: by worker
    whose lease ran out, whom it had been permitted and had not settled.
    """

    kills: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    journals: dict[str, set[Attempt]] = field(default_factory=lambda: defaultdict(set))
    given_up: dict[str, set[Attempt]] = field(default_factory=lambda: defaultdict(set))
    losses: list[Loss] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)

    def lose(self, fault: str, people: Collection[Attempt]) -> None:
        """Note a moment of loss."""
        self.losses.append(Loss(fault, frozenset(people)))

    @property
    def most_on_the_wire(self) -> int:
        """Give the largest number of people one dead process has left without an answer."""
        return max(map(len, self.journals.values()), default=0)

    def in_journals(self) -> set[Attempt]:
        """Name everybody whom the journal of some dead process leaves in doubt."""
        return set().union(*self.journals.values())

    def lost(self, fault: str) -> set[Attempt]:
        """Name everybody who was in doubt at some moment of such a loss."""
        return set().union(*(loss.people for loss in self.losses if loss.fault == fault))

    def in_lapsed_leases(self) -> set[Attempt]:
        """Name everybody in doubt because a lease ran out while its worker could not say more."""
        return set().union(*self.given_up.values())


def permitted(here: Dispatcher, worker: str = "%") -> set[Attempt]:
    """Name those who may have been begun and are not settled, now; `worker` is a LIKE pattern."""
    with here.database.begin() as conn:
        rows = conn.execute(_PERMITTED, {"worker": worker}).all()
    return {(int(person), int(attempt)) for person, attempt in rows}


_PERMITTED = text("""
    SELECT d.customer_id, d.attempt FROM delivery d JOIN audience a USING (wave_id, customer_id)
    JOIN batch b ON (b.wave_id, b.shard, b.batch_no) = (a.wave_id, a.shard, a.batch_no)
    WHERE d.state = 'reserved' AND b.state = 'leased' AND d.batch_no = b.batch_no
      AND d.ordinal < b.permitted_upto AND b.worker LIKE :worker
""")


def anybody_at_work(here: Dispatcher) -> bool:
    """Tell whether the database still works on something that a dead client asked for."""
    with here.database.begin() as conn:
        return bool(conn.execute(_AT_WORK).scalar_one())


_AT_WORK = text("""
    SELECT EXISTS (SELECT FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND backend_type = 'client backend' AND state <> 'idle')
""")
