"""Identity: who wants to see or erase everything shows first that the address is theirs.

A link in a mail may be forwarded. So what it opens shows nobody's name or address, and the rest
takes a second link that is sent to the person's own address and is good for an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.people import Address, Person
from dispatcher.errors import NotFound
from dispatcher.rendering.service_mail import Envelope, Letter, write
from dispatcher.services.joining import Post
from dispatcher.services.subscribe import Desk
from dispatcher.storage import brands, customers, own_page, service_messages, suppressions
from dispatcher.storage.service_messages import ServiceMessage
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.tokens import Purpose, Token, Tokens
from dispatcher.words import Words

GOOD_FOR = timedelta(hours=1)
PURPOSES = (Purpose.EXPORT, Purpose.ERASE)
# Whoever has somebody else's link can send them three of these in a day, and no more.
_MOST, _SPAN = 3, timedelta(hours=24)
# Answers still go where offers do not: to who left by hand.
_ANSWERED = {SuppressionReason.OPTED_OUT}


class Sender(NamedTuple):
    """In whose name the link is sent."""

    name: str
    email: str
    sms_sender: str
    imprint: str


class Asked(NamedTuple):
    """Who asks for what; `wave_id` is that of the message whose link they followed."""

    person: Person
    purpose: Purpose
    wave_id: int
    now: datetime


def ask(conn: Connection, desk: Desk, post: Post, asked: Asked, say: Words) -> bool:
    """Send the link to the person's own address; False when there is none we may write to.

    Who was sent enough of them gets no more for now; the answer is the same.
    """
    customers.lock_people(conn, [asked.person.id])
    at, sender = _where(conn, asked.person), _sender(conn, desk, asked.wave_id)
    if at is None or sender is None:
        return False
    kind, since = MessageClass.IDENTITY_CHECK, asked.now - _SPAN
    if service_messages.count_since(conn, asked.person.id, kind, since) < _MOST:
        name = desk.entropy(8).hex()
        until = asked.now + GOOD_FOR
        link = post.links.proof(asked.purpose, asked.person.id, int(until.timestamp()), at.channel)
        write_to = _mail if at.channel is Channel.EMAIL else _text
        message = write_to(post, asked, at, sender, link, name, say)
        service_messages.queue(conn, message, asked.now, until)
    return True


def proven(tokens: Tokens, text: str, now: datetime) -> tuple[Purpose, Token] | None:
    """Open such a link; None when it is not ours, or too old."""
    for purpose in PURPOSES:
        token = tokens.open_link(purpose, text)
        if token is not None and now.timestamp() < token.wave_id:
            return purpose, token
    return None


def _where(conn: Connection, person: Person) -> Address | None:
    """Choose where to: mail before texts, for numbers are given to others after some time."""
    for at in person.addresses:
        reasons = suppressions.reasons(conn, at.channel, [at.digest, at.digest_wide])
        if at.deliverable and not reasons - _ANSWERED:
            return at
    return None


def _sender(conn: Connection, desk: Desk, wave_id: int) -> Sender | None:
    """Speak as the programme; without one as the brand whose message it was."""
    of = desk.programme
    if of is not None:
        return Sender(of.name, of.email, of.sms_sender, f"{of.name}, {of.postal_address}")
    name = own_page.brand_of_wave(conn, wave_id)
    try:
        brand = brands.load(conn, name) if name else None
    except NotFound:
        return None
    if brand is None:
        return None
    imprint = f"{brand.name}, {brand.postal_address}"
    return Sender(brand.name, brand.email, brand.sms_sender, imprint)


def _mail(
    post: Post, asked: Asked, at: Address, sender: Sender, link: str, name: str, say: Words
) -> ServiceMessage:
    letter = Letter(
        subject=say(f"proof.{asked.purpose}_subject", programme=sender.name),
        lead=say(f"proof.{asked.purpose}_lead", programme=sender.name),
        button=say(f"proof.{asked.purpose}_title"),
        link=link,
        rest=(say("proof.not_me"), sender.imprint),
        language=say.language,
        direction=say.direction,
    )
    message_id = f"<{asked.purpose}-{name}@{post.links.mail_domain}>"
    envelope = Envelope(sender.name, sender.email, at.address, message_id)
    words = write(letter, envelope, asked.now).decode()
    return _message(asked, at, post.gateway, sender.email, name, words)


def _text(
    post: Post, asked: Asked, at: Address, sender: Sender, link: str, name: str, say: Words
) -> ServiceMessage:
    words = say(f"proof.{asked.purpose}_text", programme=sender.name, link=link)
    return _message(asked, at, post.text_gateway, sender.sms_sender, name, words)


def _message(
    asked: Asked, at: Address, gateway: str, sender: str, name: str, words: str
) -> ServiceMessage:
    return ServiceMessage(
        key=f"{asked.purpose}:{name}",
        customer_id=asked.person.id,
        channel=at.channel,
        address=at.address,
        gateway=gateway,
        sender=sender,
        message_class=MessageClass.IDENTITY_CHECK,
        text=words,
    )
