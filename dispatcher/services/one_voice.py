"""One voice: where a person has room for one offer, the best of those that are ready speaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec, CampaignVersion
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.rules.book import RuleBook
from dispatcher.rules.decide import decide
from dispatcher.services.versions import Versions
from dispatcher.storage import candidates, recipients
from dispatcher.storage.candidates import Candidate

_LOOK_AGAIN = 60.0  # seconds an outranked offer waits before it meets all rules again


def yield_to_better(
    conn: Connection,
    versions: Versions,
    book: RuleBook,
    version: CampaignVersion,
    batch: Batch,
    people: Sequence[Recipient],
    decisions: Sequence[Decision],
    now: float,
) -> list[Decision]:
    """Defer whoever is about to hear a better offer that would leave no room for this one.

    Asked under the lock on these people. What is better speaks as if it had been sent already:
    only an offer that then meets a cap or the cool-down gives way (docs/why.md#deciding).
    """
    sending = [d.customer_id for d in decisions if d.verdict is Verdict.SEND]
    rivals = candidates.undecided(conn, sending, batch.key.wave_id, now) if sending else []
    ours = _rank(version.spec, batch.key.wave_id)
    better = [rival for rival in rivals if _rank_of(conn, versions, rival) < ours]
    if not better:
        return list(decisions)
    expected = _expected_contacts(conn, versions, book, batch, better, now)
    return [
        _reconsidered(
            person, decision, expected.get(person.customer_id, ()), version.spec, now, book
        )
        for person, decision in zip(people, decisions, strict=True)
    ]


def _rank_of(conn: Connection, versions: Versions, rival: Candidate) -> tuple[int, float, int]:
    return _rank(versions.get(conn, rival.version_id).spec, rival.wave_id)


def _rank(spec: CampaignSpec, wave_id: int) -> tuple[int, float, int]:
    """Order offers: priority, then value, then who came first; the least speaks first."""
    return -spec.priority, -spec.offer.value, wave_id


def _expected_contacts(
    conn: Connection,
    versions: Versions,
    book: RuleBook,
    batch: Batch,
    better: Iterable[Candidate],
    now: float,
) -> dict[int, tuple[Contact, ...]]:
    """Give what people are about to hear, by the better offers' own rules."""
    expected: dict[int, tuple[Contact, ...]] = {}
    groups: dict[tuple[int, int, Channel], list[int]] = {}
    for rival in better:
        place = (rival.wave_id, rival.version_id, rival.channel)
        groups.setdefault(place, []).append(rival.customer_id)
    for (wave_id, version_id, channel), ids in groups.items():
        spec = versions.get(conn, version_id).spec
        theirs = batch._replace(key=batch.key._replace(wave_id=wave_id), channel=channel)
        people = recipients.load(conn, theirs, spec, ids, now)
        contact = Contact(now, theirs.channel, spec.policy.brand, spec.policy.subject)
        for decision in decide(people, spec.policy, now, book):
            if decision.verdict is Verdict.SEND:
                known = expected.get(decision.customer_id, ())
                expected[decision.customer_id] = (*known, contact)
    return expected


def _reconsidered(
    person: Recipient,
    decision: Decision,
    expected: tuple[Contact, ...],
    spec: CampaignSpec,
    now: float,
    book: RuleBook,
) -> Decision:
    if not expected or decision.verdict is not Verdict.SEND:
        return decision
    hearing = person._replace(contacts=(*person.contacts, *expected))
    (then,) = decide([hearing], spec.policy, now, book)
    if then.verdict is Verdict.SEND:
        return decision
    return then._replace(
        verdict=Verdict.DEFER,
        reason=Reason.OUTRANKED,
        rule="one_voice",
        until=now + _LOOK_AGAIN,
        send_before=0.0,
        detail=f"a better offer is about to speak; this one would then meet {then.rule}",
    )
