"""Joining: people ask to hear from us, confirm by their own hand, and only then are written to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from dispatcher.domain.consent_kinds import by_own_hand
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.people import Person
from dispatcher.domain.places import Places, with_home
from dispatcher.domain.programme import Programme, in_language
from dispatcher.domain.promises import Shown
from dispatcher.rendering.links import Links
from dispatcher.rendering.service_mail import Envelope, Letter, write
from dispatcher.services.address_rows import address_row
from dispatcher.services.subscribe import Act, Desk, join
from dispatcher.storage import consents, customers, pending, service_messages, suppressions
from dispatcher.storage.pending import Pending
from dispatcher.storage.service_messages import ServiceMessage
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.words import Words, choose

# How long a request may be confirmed; then it is forgotten.
_WITHIN = {Channel.EMAIL: timedelta(days=7), Channel.SMS: timedelta(hours=24)}
# What may be asked all the same: whoever left may come back, and a number that was parted from
# somebody may join as somebody new.
_ASKED_YET = {
    Channel.EMAIL: {SuppressionReason.OPTED_OUT},
    Channel.SMS: {SuppressionReason.OPTED_OUT, SuppressionReason.WRONG_NUMBER},
}
# A confirmation by mail is asked for within the hour or not at all.
_ASKED_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Post:
    """How confirmations are asked for: through which gateway for e-mail, and which for texts."""

    links: Links
    gateway: str
    text_gateway: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for. `address` is in normal form; `origin` says where, impersonally.

    No `topics`: they are chosen after confirming. `shown` are the very words that are agreed to, if
    they are not those of `wording`.
    """

    channel: Channel
    address: str
    topics: tuple[str, ...]
    language: str
    origin: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    shown: str = ""


def wording(programme: Programme, channel: Channel, topics: Sequence[str], language: str) -> str:
    """Give the very words that are agreed to, for these topics."""
    words = choose(language)
    own = programme.wordings.get(channel) or {}
    most = "_most" if programme.most_a_month else ""
    text = in_language(own, language) or words(f"wording.{channel}{most}")
    return text.format(
        programme=programme.name,
        topics=_told(programme, topics, words),
        most=programme.most_a_month,
    )


def named(programme: Programme, topics: Sequence[str], language: str) -> str:
    """Give the names of topics as people read them, in the order of the programme."""
    chosen = [topic for topic in programme.topics if topic.id in topics]
    return ", ".join(in_language(topic.names, language) for topic in chosen)


def ask_by_mail(
    conn: Connection, desk: Desk, programme: Programme, post: Post, wish: Wish, now: datetime
) -> bool:
    """Keep a wish and queue the question; False when nothing may be sent to that address."""
    asked = ask(conn, desk, programme, wish, now)
    if asked is None:
        return False
    question = _question(programme, post, asked)
    return service_messages.queue(conn, question, now, now + _ASKED_WITHIN)


def ask(
    conn: Connection, desk: Desk, programme: Programme, wish: Wish, now: datetime
) -> Pending | None:
    """Keep a wish until it is confirmed; None when nothing may be sent to that address."""
    digests = desk.digests.look_up(wish.channel, wish.address)
    reasons = suppressions.reasons(conn, wish.channel, digests)
    if reasons - _ASKED_YET[wish.channel]:
        return None
    text = wish.shown or wording(programme, wish.channel, wish.topics, wish.language)
    consents.keep_wordings(conn, {text: Shown(wish.language, programme.most_a_month)})
    new = Pending(
        id=int.from_bytes(desk.entropy(8), "big") >> 1 or 1,
        channel=wish.channel,
        address=wish.address,
        topics=wish.topics,
        language=wish.language,
        wording=consents.wording_digest(text),
        origin=wish.origin,
        evidence=wish.evidence,
        asked_at=now,
        expires_at=now + _WITHIN[wish.channel],
    )
    kept = pending.ask(conn, new, desk.digests.digest(wish.channel, wish.address))
    return new if kept else None


def confirm(
    conn: Connection, desk: Desk, asked: Pending, now: datetime, evidence: Mapping[str, str]
) -> Person | None:
    """Make a wish true; give the customer, or None for whoever confirms a second time.

    `evidence` is what proves the confirmation; that of the wish is kept beside it.
    """
    if not pending.take(conn, asked.id, now):
        return None
    person = _customer(conn, desk, asked)
    questions = [_key(asked.id), asked.evidence.get("message", "")]
    service_messages.belong(conn, person.id, questions)
    asked_of = {f"asked_{name}": value for name, value in asked.evidence.items()}
    act = Act(
        person.id,
        asked.channel,
        now,
        kind=by_own_hand(_places(person, asked.channel), asked.channel),
        wording=asked.wording,
        origin=asked.origin,
        evidence={**asked_of, **evidence, "asked_at": asked.asked_at.isoformat()},
    )
    join(conn, desk, act, asked.topics, person)
    return person


def _places(person: Person, channel: Channel) -> tuple[str, ...]:
    """Give the places whose law may ask for more: of the number, and of the home that was told."""
    at = person.address(channel)
    if at is None:
        return ()
    number = Places(at.zones, at.jurisdictions)
    return with_home(number, person.country, person.region).jurisdictions


def _customer(conn: Connection, desk: Desk, asked: Pending) -> Person:
    """Give whose address it is; somebody nobody knew yet becomes a customer."""
    row = address_row(desk.digests, asked.channel, asked.address)
    known = customers.holder(conn, asked.channel, row.digest)
    if known is not None:
        # Locked before they are looked at: who is erased at this moment has no address after it.
        customers.lock_people(conn, [known])
        person = customers.person(conn, known)
        if person:
            return person
    new = Person(
        id=int.from_bytes(desk.entropy(8), "big") >> 1 or 1,
        language=asked.language,
        addresses=(row,),
    )
    customers.add(conn, new)
    return new


def _question(programme: Programme, post: Post, new: Pending) -> ServiceMessage:
    """Ask neutrally: it says who was asked for what, and offers nothing."""
    words = choose(new.language)
    letter = Letter(
        subject=words("mail.confirm_subject", programme=programme.name),
        lead=words(
            "mail.confirm_lead",
            programme=programme.name,
            topics=named(programme, new.topics, words.language),
        ),
        button=words("mail.confirm_button"),
        link=post.links.confirmation(new.id, new.channel),
        rest=(words("mail.confirm_end"), _imprint(programme)),
        language=words.language,
        direction=words.direction,
    )
    message_id = f"<confirm-{new.id}@{post.links.mail_domain}>"
    envelope = Envelope(programme.name, programme.email, new.address, message_id)
    return ServiceMessage(
        key=_key(new.id),
        customer_id=0,
        channel=Channel.EMAIL,
        address=new.address,
        gateway=post.gateway,
        sender=programme.email,
        message_class=MessageClass.DOI_REQUEST,
        text=write(letter, envelope, new.asked_at).decode(),
    )


def _key(number: int) -> str:
    """Name the question that a mail asks; one by text bears the key of the text it answers."""
    return f"confirm:{number}"


def _imprint(programme: Programme) -> str:
    return f"{programme.name}, {programme.postal_address}"


def chosen_by_text(programme: Programme, words: Words, topics: Sequence[str]) -> str:
    """Give the text that tells what somebody gets from now on."""
    return _text(programme, words, topics, "text.chosen")


def question_by_text(programme: Programme, words: Words, topics: Sequence[str]) -> str:
    """Give the text that asks for a YES; the programme's own wording, if it has one."""
    if programme.wordings.get(Channel.SMS):
        own = wording(programme, Channel.SMS, topics, words.language)
        return words("text.join_own", wording=own)
    return _text(programme, words, topics, "text.join")


def welcome_by_text(programme: Programme, words: Words, topics: Sequence[str]) -> str:
    """Give the first text after joining: who, what, how often, what it costs, HELP and STOP."""
    return _text(programme, words, topics, "text.joined")


def _text(programme: Programme, words: Words, topics: Sequence[str], key: str) -> str:
    most = programme.most_a_month
    return words(
        key,
        programme=programme.name,
        topics=_told(programme, topics, words),
        most=words("text.join_most", most=most) if most else "",
    )


def _told(programme: Programme, topics: Sequence[str], words: Words) -> str:
    return named(programme, topics, words.language) or words("text.your_choice")
