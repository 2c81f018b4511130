"""Incoming mail told apart: complaint, bounce, wish to leave, a machine's reply or a human's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatcher.inbound import auto_replies
from dispatcher.inbound.bounces import Bounce, bounce_in
from dispatcher.inbound.complaints import Complaint, complaint_in
from dispatcher.inbound.mime import Part, parse
from dispatcher.inbound.quotes import own_words
from dispatcher.inbound.returned_mail import (
    OurNames,
    address,
    addresses,
    message_id,
    our_names,
    unsubscribe_boxes,
)


class MailKind(StrEnum):
    """What an incoming mail is."""

    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    UNSUBSCRIBE = "unsubscribe"
    AUTO_REPLY = "auto_reply"
    REPLY = "reply"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mail:
    """An incoming mail as far as we understand it.

    `words` are a person's own, without quotations. `unsubscribe` are the texts that look like our
    tokens in the address or subject of an unsubscribe mail; `names` all that the mail holds.
    `digest` is the same for the same mail delivered twice.
    """

    kind: MailKind
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    digest: str
    names: OurNames
    bounce: Bounce | None = None
    complaint: Complaint | None = None
    auto_reply: str = ""
    unsubscribe: tuple[str, ...] = ()
    words: str = ""


_LEAVE = re.compile(r"^\W*(?:re\W+)?unsubscribe\b", re.IGNORECASE)
_ADDRESSED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")


def read_mail(raw: bytes, *, sender: str | None = None, recipients: Sequence[str] = ()) -> Mail:
    """Tell what a mail is; never raises.

    `sender` and `recipients` are the envelope's, where it is known; else the headers say.
    """
    mail = parse(raw)
    complaint = complaint_in(mail)
    bounce = bounce_in(mail) if complaint is None else None
    to = _recipients(mail, recipients)
    null = sender == "" if sender is not None else _is_null(mail)
    tokens = _tokens(mail, to)
    machine = auto_replies.reason_in(mail) if not (complaint or bounce) else ""
    kind = _kind(mail, complaint, bounce, tokens, machine, null=null)
    return Mail(
        kind=kind,
        sender=address(mail.header("reply-to")) or address(mail.header("from")),
        recipients=to,
        subject=mail.header("subject")[:500],
        message_id=message_id(mail),
        digest=hashlib.sha256(raw).hexdigest(),
        names=our_names(mail),
        bounce=bounce,
        complaint=complaint,
        auto_reply=machine,
        unsubscribe=tokens,
        words=own_words(mail) if kind is MailKind.REPLY else "",
    )


def _kind(
    mail: Part,
    complaint: Complaint | None,
    bounce: Bounce | None,
    tokens: tuple[str, ...],
    machine: str,
    *,
    null: bool,
) -> MailKind:
    if complaint is not None:
        return MailKind.COMPLAINT
    if bounce is not None:
        return MailKind.BOUNCE
    if tokens and not null:
        return MailKind.UNSUBSCRIBE
    if machine:
        return MailKind.AUTO_REPLY
    # Nobody wrote it, and nobody knows what it is: a person has to look.
    return MailKind.UNKNOWN if null or not (mail.header("from") or mail.body) else MailKind.REPLY


def _tokens(mail: Part, to: tuple[str, ...]) -> tuple[str, ...]:
    """Give the tokens that came with a wish to leave: in the address or in the subject."""
    boxes = unsubscribe_boxes(" ".join(to))
    if boxes:
        return boxes
    subject = mail.header("subject")
    return unsubscribe_boxes(subject) if _LEAVE.match(subject) else ()


def _recipients(mail: Part, told: Sequence[str]) -> tuple[str, ...]:
    if told:
        return tuple(told)
    found = [
        each for name in _ADDRESSED for value in mail.all_of(name) for each in addresses(value)
    ]
    return tuple(dict.fromkeys(found))[:50]


def _is_null(mail: Part) -> bool:
    path = next((value for name, value in mail.headers if name == "return-path"), None)
    return path is not None and path.replace(" ", "") in ("<>", "")
