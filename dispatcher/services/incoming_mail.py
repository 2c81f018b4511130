"""Incoming mail: read, obeyed and kept, all committed before anybody is told that it was taken."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from dispatcher.domain.addresses import Problem
from dispatcher.domain.messages import DeliveryKey, Event, EventKind
from dispatcher.inbound.bounces import Bounce, BounceKind
from dispatcher.inbound.complaints import ComplaintKind
from dispatcher.inbound.mail import Mail, MailKind, read_mail
from dispatcher.inbound.quotes import own_subject
from dispatcher.inbound.replies import Intent, read_reply
from dispatcher.inbound.returned_mail import OurNames, bounce_boxes
from dispatcher.services.click import click_out
from dispatcher.services.letter import sender_of
from dispatcher.services.receive import receive
from dispatcher.services.subscribe import Desk
from dispatcher.storage import customers, kept_mail, replies
from dispatcher.storage.events import clean
from dispatcher.storage.kept_mail import Kept
from dispatcher.storage.soft_bounces import BLOCKED, SOFT
from dispatcher.tokens import Purpose, Token, Tokens

GATEWAY = "mail"  # what the events are told by
# Servers give up in a week; deferred mails leave days after their wave.
_OLDEST = timedelta(days=60)
_WAVE_TICKS = 1024 * 1000  # wave ids count time in these per second
_MOST_WORDS = 4000
_BOUNCES = {
    BounceKind.HARD: EventKind.BOUNCED,
    BounceKind.SOFT: EventKind.BOUNCED,
    BounceKind.POLICY: EventKind.BOUNCED,
    BounceKind.DELAYED: EventKind.DELAYED,
    BounceKind.DELIVERED: EventKind.DELIVERED,
}
# Mails without any proof that are obeyed in an hour; people who answer us prove it by the answer.
MOST_BARE = 100
_HOUR = timedelta(hours=1)
_BY_NOBODY = "wants to leave by an address that nobody has"
_ENDS = (Intent.OPT_OUT, Intent.WRONG_NUMBER)
_MARKS = {BounceKind.SOFT: SOFT, BounceKind.POLICY: BLOCKED}


log = logging.getLogger(__name__)


class Taken(NamedTuple):
    """What a mail was, and what came of it: obeyed, kept (for a person to see) or passed over."""

    kind: MailKind
    outcome: str
    detail: str = ""


def take(
    desk: Desk,
    tokens: Tokens,
    raw: bytes,
    now: datetime,
    *,
    sender: str | None = None,
    recipients: Sequence[str] = (),
) -> Taken:
    """Take one mail; when this returns, all of it is committed. The same mail twice is once.

    `sender` and `recipients` are the envelope's, where known. StorageDown: nothing was recorded,
    and the mail must be offered again.
    """
    mail = read_mail(raw, sender=sender, recipients=recipients)
    match mail.kind:
        case MailKind.BOUNCE | MailKind.COMPLAINT:
            return _report(desk, tokens, mail, now)
        case MailKind.UNSUBSCRIBE:
            return _leave(desk, tokens, mail, now)
        case MailKind.AUTO_REPLY:
            return Taken(mail.kind, "passed over", mail.auto_reply)
        case MailKind.REPLY:
            return _answer(desk, tokens, mail, now)
        case MailKind.UNKNOWN:
            return _keep(desk, mail, "for a person to read", now)


def _answer(desk: Desk, tokens: Tokens, mail: Mail, now: datetime) -> Taken:
    """Obey who wants no more mail, by whatever address they write from; the rest is for people."""
    for said in (mail.words, own_subject(mail.subject)):
        if mail.sender and read_reply(said).intent in _ENDS:
            return _silence(desk, tokens, mail, said, now)
    return _keep(desk, mail, "for a person to read", now)


def _silence(desk: Desk, tokens: Tokens, mail: Mail, words: str, now: datetime) -> Taken:
    """Write no more to whoever a mail says it is from, as far as that may be believed.

    Anybody can write a From line: that is enough to be silent, and not enough to write again. One
    that answers a mail we sent them is believed at any rate; of all others only so many in an hour,
    or one sender could silence everybody. Nothing above that is lost: people read it.
    """
    answered = _subject(tokens, mail, now)
    with desk.database.begin() as conn:
        channel, found = sender_of(clean(mail.sender))
        digests = () if isinstance(found, Problem) else desk.digests.look_up(channel, found)
        known = customers.holders(conn, channel, digests)
        bare = replies.bare(conn, now, _HOUR)
    if answered and not known:  # they have another address than the one we write to
        click_out(desk, answered, now, kind="mail")
        return Taken(mail.kind, "obeyed")
    proven = answered is not None and answered.customer_id in known
    if not proven and bare >= MOST_BARE:
        log.warning("more than %d mails in an hour ask for silence and prove nothing", MOST_BARE)
        return _keep(desk, mail, "one of very many that want to leave and prove nothing", now)
    event = Event(
        dedup_key=f"{'mail:reply:' if proven else replies.BARE}{mail.digest}",
        gateway=GATEWAY,
        kind=EventKind.REPLIED,
        at=now.timestamp(),
        sender=mail.sender,
        text=words,
    )
    receive(desk, [event], now)
    return Taken(mail.kind, "obeyed") if known else _keep(desk, mail, _BY_NOBODY, now)


def _report(desk: Desk, tokens: Tokens, mail: Mail, now: datetime) -> Taken:
    """Obey a bounce or a complaint, if a token of ours says whose it is: never by address alone."""
    found = _subject(tokens, mail, now)
    if found is None:
        return _keep(desk, mail, "carries no valid token of ours", now)
    event = _event(mail, found, now)
    if event is None:
        return Taken(mail.kind, "passed over", "not spam after all")
    receive(desk, [event], now)
    return Taken(mail.kind, "obeyed", event.code)


def _event(mail: Mail, token: Token, now: datetime) -> Event | None:
    key = DeliveryKey(token.wave_id, token.customer_id, token.attempt)
    about = f"{key.wave_id}:{key.customer_id}"
    if mail.bounce is not None:
        return _bounced(mail.bounce, key, about, now)
    complaint = mail.complaint
    if complaint is None or not complaint.ends_consent:
        return None
    left = complaint.kind is ComplaintKind.OPT_OUT
    return Event(
        dedup_key=f"mail:complaint:{about}",
        gateway=GATEWAY,
        kind=EventKind.UNSUBSCRIBED if left else EventKind.COMPLAINED,
        at=now.timestamp(),
        key=key,
        code=str(complaint.kind),
        detail=complaint.user_agent,
    )


def _bounced(bounce: Bounce, key: DeliveryKey, about: str, now: datetime) -> Event:
    kind = bounce.kind
    return Event(
        dedup_key=f"mail:{kind}:{about}",
        gateway=GATEWAY,
        kind=_BOUNCES[kind],
        at=now.timestamp(),
        key=key,
        code=_MARKS.get(kind, "") + bounce.status,
        detail=bounce.diagnostic,
        dead_address=kind is BounceKind.HARD,
        blocked=kind is BounceKind.POLICY,
        soft=kind is BounceKind.SOFT,
    )


def _subject(tokens: Tokens, mail: Mail, now: datetime) -> Token | None:
    """Find whose mail came back: by the return path it came to, else by what it carries."""
    came_to = bounce_boxes(" ".join(mail.recipients))
    names = mail.names
    oldest = (now - _OLDEST).timestamp() * _WAVE_TICKS
    for token in _opened(tokens, came_to, names):
        if token.customer_id and token.wave_id > oldest:
            return token
    return None


def _opened(tokens: Tokens, came_to: Sequence[str], names: OurNames) -> Iterable[Token]:
    spelt = (
        (tokens.open_mailbox, Purpose.BOUNCE, (*came_to, *names.bounce)),
        (tokens.open_link, Purpose.DELIVERY, names.delivery),
        (tokens.open_link, Purpose.UNSUBSCRIBE, names.unsubscribe_link),
        (tokens.open_mailbox, Purpose.UNSUBSCRIBE, names.unsubscribe_box),
    )
    for opened, purpose, texts in spelt:
        for text in texts:
            token = opened(purpose, text)
            if token is not None:
                yield token


def _leave(desk: Desk, tokens: Tokens, mail: Mail, now: datetime) -> Taken:
    """Take the token's holder off the topic of that mail, however old it is."""
    for text in mail.unsubscribe:
        token = tokens.open_mailbox(Purpose.UNSUBSCRIBE, text)
        if token is not None:
            click_out(desk, token, now, kind="mail")
            return Taken(mail.kind, "obeyed")
    if not mail.sender or mail.auto_reply:
        return _keep(desk, mail, "wants to leave with a token that is not ours", now)
    return _silence(desk, tokens, mail, "unsubscribe", now)


def _keep(desk: Desk, mail: Mail, why: str, now: datetime) -> Taken:
    said = mail.words or (mail.bounce.diagnostic if mail.bounce else "")
    kept = Kept(
        0, mail.kind, why, clean(mail.sender), clean(mail.subject), clean(said, _MOST_WORDS), now
    )
    with desk.database.begin() as conn:
        kept_mail.keep(conn, mail.digest, kept)
    return Taken(mail.kind, "kept", why)
