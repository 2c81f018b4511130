"""Reserve: claim a batch, decide on its people under the lock, and write every verdict at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignVersion
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision
from dispatcher.domain.messages import Channel
from dispatcher.domain.pulses import PROBES
from dispatcher.domain.throttles import NO_PACE, Pace
from dispatcher.rules.book import RuleBook
from dispatcher.rules.decide import decide
from dispatcher.services.bursts import drop_bursts
from dispatcher.services.clocks import Clocks
from dispatcher.services.gate import WINDOW
from dispatcher.services.one_voice import yield_to_better
from dispatcher.services.openings import after_openings
from dispatcher.services.other_channel import try_other_channel
from dispatcher.services.pacing import NO_LIMITS, Pacing, Taken
from dispatcher.services.spending import affordable
from dispatcher.services.versions import Versions
from dispatcher.storage import batches, deliveries, recipients
from dispatcher.storage.database import Database


@dataclass(frozen=True, slots=True)
class Round:
    """People of one batch who may be sent to now, in ordinal order, with all that sending needs.

    `since` is monotonic, before the claim; `now` is the programme's clock in Unix seconds. `taken`
    of throttles is settled at the end; `waits_for` is the throttle that all others in it wait for.
    `probing` and `elsewhere`: as in Claim.
    """

    batch: Batch
    version: CampaignVersion
    people: Mapping[int, Recipient]
    decisions: Mapping[int, Decision]
    reserved: list[deliveries.Reserved]
    since: float
    now: float
    taken: tuple[Taken, ...] = ()
    waits_for: str = ""
    probing: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a gateway costs a part, in the programme's currency, and how fast it may be used."""

    price: float = 0.0
    pace: Pace = NO_PACE


class Patience(NamedTuple):
    """How long things may wait, in seconds, and what they wait for.

    `hold`: a better offer that is ready within it counts as ready. `spread`: those who wait for an
    opening come back over it. `pacing`: the limits that hold.
    """

    hold: float = 0.0
    spread: float = 0.0
    pacing: Pacing = NO_LIMITS


AT_ONCE = Patience()


def reserve(
    database: Database,
    versions: Versions,
    book: RuleBook,
    tariffs: Mapping[str, Tariff],
    channel: Channel,
    worker: str,
    patience: Patience = AT_ONCE,
    clocks: Clocks | None = None,
) -> Round | None:
    """Claim the next batch of a channel and decide on it; None when there is nothing to claim.

    Raises ClockJumped, before anything is claimed, when the `clocks` do not agree.
    """
    since = monotonic()
    with database.begin_by_key() as conn:
        claim = batches.claim(conn, channel, worker, tuple(tariffs))
        if claim is not None and clocks is not None:
            clocks.check(claim.server)  # raising undoes the claim
    if claim is None:
        return None
    with database.begin_by_key() as conn:
        if not batches.hold(conn, claim.batch):
            return None
        version = versions.get(conn, claim.batch.version_id)
        tariff = tariffs[claim.batch.gateway]
        dearest = max(tariffs[name].price for name in claim.route if name in tariffs)
        tariff = replace(tariff, price=dearest)  # what else is in flight may go by any of them
        return _decide(conn, claim, versions, book, version, tariff, since, patience)


def _decide(
    conn: Connection,
    claim: batches.Claim,
    versions: Versions,
    book: RuleBook,
    version: CampaignVersion,
    tariff: Tariff,
    since: float,
    patience: Patience,
) -> Round:
    batch, spec = claim.batch, version.spec
    slots = patience.pacing.ask(conn, batch, spec, tariff.pace, claim.server)
    granted = min(slots.granted, PROBES) if claim.probing else slots.granted
    ids = slots.lock(conn, batch, affordable(conn, batch, spec, tariff.price, granted))
    data = book.law.jurisdictions
    people = recipients.load(conn, batch, spec, ids, claim.now, data) if ids else []
    decisions = decide(people, spec.policy, claim.now, book)
    decisions = try_other_channel(conn, batch, spec, decisions, claim.now)
    decisions = drop_bursts(conn, versions, book, version, batch, decisions, claim.now)
    decisions = yield_to_better(
        conn, versions, book, batch, people, decisions, claim.now, patience.hold
    )
    decisions = after_openings(decisions, people, spec.policy, claim.now, book.law, patience.spread)
    reserved = deliveries.write_decisions(conn, batch, spec.policy, decisions, book.hash, claim.now)
    known = {person.customer_id: person for person in people}
    taken = slots.use(conn, batch.channel, [known[each.customer_id] for each in reserved])
    batches.permit(conn, batch, min(WINDOW, len(reserved)))
    waits_for = ""
    if len(decisions) < batch.size:
        batches.give_back_share(conn, batch, batch.size - len(decisions))
        waits_for = slots.waits_for(conn, batch, taken)
    return Round(
        batch=batch,
        version=version,
        people=known,
        decisions={decision.customer_id: decision for decision in decisions},
        reserved=reserved,
        since=since,
        now=claim.now,
        taken=taken,
        waits_for=waits_for,
        probing=claim.probing,
        elsewhere=claim.elsewhere,
    )
