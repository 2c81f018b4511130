"""One voice: where a person has room for one offer, the best of those that are ready speaks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.rules.book import RuleBook
from dispatcher.rules.one_voice import (
    Spoken,
    Voice,
    competes,
    outranked_by,
    rank,
    room_for_all,
    speakers,
)
from dispatcher.services.versions import Versions
from dispatcher.storage import candidates, recipients
from dispatcher.storage.candidates import Candidate

# An outranked offer is woken when the better one has settled. Should that go unnoticed (a machine
# was lost), it looks again by itself: seldom, for a million people may be waiting.
_LOOK_AGAIN = 3600.0  # seconds


class _Asked(NamedTuple):
    """The moment at which a batch asks; offers ready until `upto` count as ready."""

    conn: Connection
    versions: Versions
    book: RuleBook
    batch: Batch
    spec: CampaignSpec
    now: float
    upto: float


def yield_to_better(
    conn: Connection,
    versions: Versions,
    book: RuleBook,
    batch: Batch,
    people: Sequence[Recipient],
    decisions: Sequence[Decision],
    now: float,
    hold: float = 0.0,
) -> list[Decision]:
    """Defer whoever is about to hear a better offer that would leave no room for this one.

    Asked under the lock on these people. What is better, and ready within `hold` seconds, speaks
    as if it had been sent already: only an offer that then meets a limit gives way, or one that
    would make the better one meet a limit. It is decided on again when the better one has settled
    (docs/why.md#deciding).
    """
    spec = versions.get(conn, batch.version_id).spec
    asked = _Asked(conn, versions, book, batch, spec, now, now + hold)
    sending = {
        person.customer_id: person
        for person, decision in zip(people, decisions, strict=True)
        if decision.verdict is Verdict.SEND
    }
    crowded = _crowded(asked, sending)
    if not crowded:
        return list(decisions)
    voices = _voices(asked, crowded)
    better = {
        customer_id: _better(asked, sending[customer_id], theirs)
        for customer_id, theirs in voices.items()
    }
    return [_yielding(decision, better.get(decision.customer_id), now) for decision in decisions]


def _crowded(asked: _Asked, sending: Mapping[int, Recipient]) -> list[Candidate]:
    """Give the better offers of those for whom there is no room for all of them and this one."""
    waves = _better_waves(asked) if sending and competes(asked.spec) else []
    rivals: dict[int, list[Candidate]] = {}
    found = candidates.undecided(asked.conn, list(sending), waves, asked.upto) if waves else ()
    for rival in found:
        rivals.setdefault(rival.customer_id, []).append(rival)
    return [
        rival
        for customer_id, theirs in rivals.items()
        if not room_for_all(
            _at_a_glance(asked, sending[customer_id], theirs), asked.upto, asked.book
        )
        for rival in theirs
    ]


def _at_a_glance(asked: _Asked, person: Recipient, rivals: Iterable[Candidate]) -> list[Voice]:
    """Give this offer and its rivals, as if what holds on its channel held on theirs."""
    voices = [Voice(asked.batch.key.wave_id, asked.spec, person, asked.now)]
    for rival in rivals:
        spec = asked.versions.get(asked.conn, rival.version_id).spec
        seen = person._replace(channel=rival.channel)
        voices.append(Voice(rival.wave_id, spec, seen, asked.now))
    return voices


def _better_waves(asked: _Asked) -> list[int]:
    ours = rank(asked.spec, asked.batch.key.wave_id)
    waves = []
    for wave_id, version_id in candidates.others(asked.conn, asked.batch.key.wave_id, asked.upto):
        spec = asked.versions.get(asked.conn, version_id).spec
        if competes(spec) and rank(spec, wave_id) < ours:
            waves.append(wave_id)
    return waves


def _voices(asked: _Asked, rivals: Iterable[Candidate]) -> dict[int, list[Voice]]:
    """Load people as each of the better offers sees them."""
    groups: dict[tuple[int, int, Channel], list[Candidate]] = {}
    for rival in rivals:
        groups.setdefault((rival.wave_id, rival.version_id, rival.channel), []).append(rival)
    voices: dict[int, list[Voice]] = {}
    for (wave_id, version_id, channel), group in groups.items():
        spec = asked.versions.get(asked.conn, version_id).spec
        key = asked.batch.key._replace(wave_id=wave_id)
        theirs = asked.batch._replace(key=key, channel=channel)
        ids = [rival.customer_id for rival in group]
        ready = {rival.customer_id: max(asked.now, rival.not_before) for rival in group}
        data = asked.book.law.jurisdictions
        for person in recipients.load(asked.conn, theirs, spec, ids, asked.now, data):
            voice = Voice(wave_id, spec, person, ready[person.customer_id])
            voices.setdefault(person.customer_id, []).append(voice)
    return voices


def _better(asked: _Asked, person: Recipient, rivals: Iterable[Voice]) -> Spoken | None:
    ours = Voice(asked.batch.key.wave_id, asked.spec, person, asked.now)
    return outranked_by(ours, speakers(rivals, asked.upto, asked.book), asked.book)


def _yielding(decision: Decision, better: Spoken | None, now: float) -> Decision:
    if better is None:
        return decision
    return decision._replace(
        verdict=Verdict.DEFER,
        reason=Reason.OUTRANKED,
        rule="one_voice",
        until=max(now, min(better.send_before, now + _LOOK_AGAIN)),
        send_before=0.0,
        detail=f'outranked by "{better.voice.spec.name}"',
        behind=better.voice.wave_id,
    )
