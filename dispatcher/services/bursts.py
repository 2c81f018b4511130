"""Bursts: whoever several campaigns reach for within a day hears the best of them, and no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec, CampaignVersion
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.rules import burst
from dispatcher.rules.book import RuleBook
from dispatcher.rules.burst import Planned
from dispatcher.rules.decide import decide
from dispatcher.services.versions import Versions
from dispatcher.storage import planned, recipients
from dispatcher.storage.planned import Place, Standing

_WITHIN = burst.HOURS * 3600


def drop_bursts(
    conn: Connection,
    versions: Versions,
    book: RuleBook,
    version: CampaignVersion,
    batch: Batch,
    decisions: Sequence[Decision],
    now: float,
) -> list[Decision]:
    """Drop this offer for people to whom too much is to be said within a day, if not the best.

    Asked under the lock on these people. Counted are offers that went out in the last day, that
    all rules let through within the next, and that were dropped from this same burst.
    """
    policy = version.spec.policy
    wanted = [d.customer_id for d in decisions if _is_planned(d, now)]
    if not wanted or policy.burst <= 0 or policy.message_class != MessageClass.PROMOTIONAL:
        return list(decisions)
    places = planned.others(conn, wanted, batch.key.wave_id, now, _WITHIN, policy.burst)
    if not places:
        return list(decisions)
    others = _that_pass(conn, versions, book, batch, places, now)
    own = _rank(version.spec, batch.key.wave_id)
    return [
        _dropped(decision, 1 + len(others[decision.customer_id]))
        if _is_planned(decision, now)
        and burst.outdone(own, others[decision.customer_id], policy.burst)
        else decision
        for decision in decisions
    ]


def _is_planned(decision: Decision, now: float) -> bool:
    """Tell whether an offer goes out now or within the hours, as far as the rules can say."""
    waits = decision.verdict is Verdict.DEFER and decision.until <= now + _WITHIN
    return waits or decision.verdict is Verdict.SEND


def _that_pass(
    conn: Connection,
    versions: Versions,
    book: RuleBook,
    batch: Batch,
    places: Sequence[Place],
    now: float,
) -> Mapping[int, list[Planned]]:
    """Give the offers that count for each person: of the open ones those that the rules let by."""
    found: dict[int, list[Planned]] = defaultdict(list)
    for offer, group in groupby(sorted(places, key=_offer), key=_offer):
        wave_id, version_id, channel, standing = offer
        spec = versions.get(conn, version_id).spec
        ids = [place.customer_id for place in group]
        if standing is Standing.OPEN:
            theirs = batch._replace(key=batch.key._replace(wave_id=wave_id), channel=channel)
            people = recipients.load(conn, theirs, spec, ids, now, book.law.jurisdictions)
            verdicts = decide(people, spec.policy, now, book)
            ids = [verdict.customer_id for verdict in verdicts if _is_planned(verdict, now)]
        each = Planned(_rank(spec, wave_id), standing is Standing.DROPPED)
        for customer_id in ids:
            found[customer_id].append(each)
    return found


def _offer(place: Place) -> tuple[int, int, Channel, Standing]:
    return place[1:]


def _rank(spec: CampaignSpec, wave_id: int) -> tuple[float, int, int]:
    """Order offers by value, then priority, then who came first; the least is the best."""
    return -spec.offer.value, -spec.priority, wave_id


def _dropped(decision: Decision, count: int) -> Decision:
    return decision._replace(
        verdict=Verdict.SKIP,
        reason=Reason.BURST,
        rule="burst",
        until=0.0,
        send_before=0.0,
        detail=f"{count} offers were planned within {burst.HOURS:g} h; a better one is among them",
    )
