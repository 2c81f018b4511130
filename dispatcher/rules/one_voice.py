"""One voice: of the offers that are ready for one person, the best speak, as far as there is room.

Not a rule by itself: each offer meets all rules, with what better ones are about to say counted as
said (docs/rules.md#one-voice).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.customers import Contact, Interest, Recipient
from dispatcher.domain.decisions import Decision, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.asked_for import answers
from dispatcher.rules.book import RuleBook
from dispatcher.rules.decide import decide
from dispatcher.rules.reminder import MOST

Rank = tuple[int, float, int]


class Voice(NamedTuple):
    """One offer that wants to speak to a person, who is as its own channel sees them.

    `at` is the instant at which it may be tried, Unix seconds.
    """

    wave_id: int
    spec: CampaignSpec
    person: Recipient
    at: float

    @property
    def rank(self) -> Rank:
        """Its place among the others."""
        return rank(self.spec, self.wave_id)


class Spoken(NamedTuple):
    """An offer that is to speak, and until when it may."""

    voice: Voice
    send_before: float


def competes(spec: CampaignSpec) -> bool:
    """Say whether an offer competes: what answers a person's own act neither waits nor ousts."""
    return spec.policy.message_class == MessageClass.PROMOTIONAL


def rank(spec: CampaignSpec, wave_id: int) -> Rank:
    """Order offers: priority, then value, then who came first; the least speaks first."""
    return -spec.priority, -spec.offer.value, wave_id


def speakers(voices: Iterable[Voice], upto: float, book: RuleBook) -> list[Spoken]:
    """Give the offers that may speak to one person until `upto`, the best first.

    Each meets its rules knowing what those before it will have said, and so takes a slot only
    where one is left.
    """
    spoken: list[Spoken] = []
    heard: tuple[Contact, ...] = ()
    for voice in sorted(voices, key=lambda voice: voice.rank):
        found = _speaks(voice, heard, upto, book)
        if found is not None:
            spoken.append(found)
            heard = (*heard, _contact(found.voice, found.voice.at, heard))
    return spoken


def outranked_by(voice: Voice, spoken: Sequence[Spoken], book: RuleBook) -> Spoken | None:
    """Give the better offer that this one must leave its slot to; None if there is room for both.

    It may be that this one has no room left, or that it would leave none to a better one.
    """
    heard: tuple[Contact, ...] = ()
    for better in spoken:
        before, heard = heard, (*heard, _contact(better.voice, better.voice.at, heard))
        if not _passes(voice, heard, book):
            return better
        if not _passes(better.voice, (*before, _contact(voice, voice.at, before)), book):
            return better
    return None


def room_for_all(voices: Sequence[Voice], upto: float, book: RuleBook) -> bool:
    """Say whether each would pass its rules even if all others had spoken by `upto`.

    Then none of them has to wait for another: the rules only ever refuse more as more was said.
    Of offers to somebody who asked for one only one answers that, so it matters which.
    """
    if len(voices) > 1 and any(_answers(voice, ()) for voice in voices):
        return False
    said = [_contact(voice, upto, ()) for voice in voices]
    return all(
        _passes(voice, (*said[:place], *said[place + 1 :]), book)
        for place, voice in enumerate(voices)
    )


def _contact(voice: Voice, at: float, heard: tuple[Contact, ...]) -> Contact:
    """Give what the person will have heard, once this offer has spoken after the others."""
    policy = voice.spec.policy
    return Contact(
        at,
        voice.person.channel,
        policy.brand,
        policy.subject,
        policy.campaign_id,
        policy.offer_code,
        _answers(voice, heard),
        policy.reminds_of,
    )


def _answers(voice: Voice, heard: tuple[Contact, ...]) -> bool:
    return answers(_knowing(voice, heard), voice.spec.policy, voice.at)


def _speaks(voice: Voice, heard: tuple[Contact, ...], upto: float, book: RuleBook) -> Spoken | None:
    """Ask the rules now and, while they only put off until a moment before `upto`, then again."""
    while True:
        decision = _decided(voice, heard, book)
        if decision.verdict is Verdict.SEND:
            return Spoken(voice, decision.send_before)
        if decision.verdict is Verdict.SKIP or not voice.at < decision.until <= upto:
            return None
        voice = voice._replace(at=decision.until)


def _passes(voice: Voice, heard: tuple[Contact, ...], book: RuleBook) -> bool:
    return _decided(voice, heard, book).verdict is Verdict.SEND


def _decided(voice: Voice, heard: tuple[Contact, ...], book: RuleBook) -> Decision:
    return decide([_knowing(voice, heard)], voice.spec.policy, voice.at, book)[0]


def _knowing(voice: Voice, heard: tuple[Contact, ...]) -> Recipient:
    person, policy = voice.person, voice.spec.policy
    knowing = person._replace(contacts=(*person.contacts, *heard)) if heard else person
    if policy.reminds_of and person.interest:
        knowing = knowing._replace(interest=_reminded(person.interest, heard, policy))
    return knowing


def _reminded(interest: Interest, heard: tuple[Contact, ...], policy: Policy) -> Interest:
    """Give what was reminded of, with the reminders that are about to speak."""
    ours = policy.brand, policy.reminds_of
    found = [contact for contact in heard if contact.reminds_of]
    of_it = sum((contact.brand, contact.reminds_of) == ours for contact in found)
    reminders = sorted([*interest.reminders, *(contact.at for contact in found)])
    return interest._replace(
        reminded_of_it=interest.reminded_of_it + of_it, reminders=tuple(reminders[-MOST:])
    )
