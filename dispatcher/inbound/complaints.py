"""Complaints: reports of mailbox providers that a person called our mail spam (RFC 5965)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dispatcher.inbound.mime import Part, all_fields, decoded, parse
from dispatcher.inbound.returned_mail import (
    OurNames,
    address,
    addresses,
    message_id,
    our_names,
    returned_head,
)


class ComplaintKind(StrEnum):
    """What the person, or the provider for them, complains of."""

    ABUSE = "abuse"
    FRAUD = "fraud"
    VIRUS = "virus"
    OTHER = "other"
    NOT_SPAM = "not_spam"  # the very opposite: taken out of the spam folder
    OPT_OUT = "opt_out"  # wants no more, without calling it spam


_KINDS = {
    **dict.fromkeys(
        ("abuse", "spam", "complaint", "unsolicited", "miscategorized", "junk"), "abuse"
    ),
    **dict.fromkeys(("fraud", "phish", "phishing"), "fraud"),
    **dict.fromkeys(("virus", "malware"), "virus"),
    **dict.fromkeys(("not-spam", "notspam", "not_spam", "not-junk", "nospam"), "not_spam"),
    **dict.fromkeys(("opt-out", "opt-out-list", "optout", "unsubscribe"), "opt_out"),
}
# Reports of signatures that failed are about our mail servers, not from a person (RFC 6591).
_NOBODYS = frozenset({"auth-failure", "dkim", "dmarc", "spf"})
_FEEDBACK = "message/feedback-report"
_FIELD = re.compile(r"^[ \t]*feedback-type[ \t]*:[ \t]*([\w-]+)", re.IGNORECASE | re.MULTILINE)
_OTHER_FIELD = re.compile(r"^[ \t]*(?:user-agent|version)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_JMRP = re.compile(r"^\s*complaint about message from\b", re.IGNORECASE)
_JMRP_RECIPIENT = "x-hmxmroriginalrecipient"
_SPAMCOP = re.compile(r"^\s*\[spamcop \([^)]*\) id:", re.IGNORECASE)
_XARF = re.compile(
    r"^\s*(?:category|report-type)\s*:\s*[\"']?(abuse|spam)\b", re.IGNORECASE | re.MULTILINE
)
_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")
_RECIPIENTS = frozenset({"original-rcpt-to", "removal-recipient"})
_REDACTED = re.compile(r"redacted|^x+@|hidden|anonymi|^[*]+@|private", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint about one of our mails.

    `recipients` are the addresses the provider was willing to tell, mostly none: only `names`, once
    verified, say who it was. `feedback_type` is the provider's own word.
    """

    kind: ComplaintKind
    feedback_type: str
    recipients: tuple[str, ...]
    message_id: str
    names: OurNames
    user_agent: str = ""
    source_ip: str = ""
    original_mail_from: str = ""
    arrived: str = ""
    reporting_mta: str = ""

    @property
    def recipient(self) -> str:
        """The first recipient told, or nothing."""
        return next(iter(self.recipients), "")

    @property
    def ends_consent(self) -> bool:
        """Whether the person has had enough of us; a wrong spam verdict taken back is no such."""
        return self.kind is not ComplaintKind.NOT_SPAM


def read_complaint(raw: bytes) -> Complaint | None:
    """Read a complaint; None for any other mail. Never raises, whatever the bytes."""
    return complaint_in(parse(raw))


def complaint_in(mail: Part) -> Complaint | None:
    """Read a complaint from a mail taken apart before."""
    told = _report(mail)
    if told is None:
        return None
    stated = _first(told, "feedback-type").lower().partition(";")[0].partition(" ")[0]
    if stated in _NOBODYS or _first(told, "auth-failure"):
        return None
    head = returned_head(mail)
    return Complaint(
        kind=ComplaintKind(_KINDS.get(stated, "other" if stated else "abuse")),
        feedback_type=stated,
        recipients=_recipients(told, head),
        message_id=message_id(head),
        names=our_names(mail),
        user_agent=_first(told, "user-agent"),
        source_ip=_first(told, "source-ip") or _source(mail),
        original_mail_from=address(_first(told, "original-mail-from")),
        arrived=_first(told, "arrival-date") or _first(told, "received-date"),
        reporting_mta=_first(told, "reporting-mta").rpartition(";")[2].strip(),
    )


_Fields = list[tuple[str, str]]


def _report(mail: Part) -> _Fields | None:
    """Give the fields of a report, none for one without fields, None where there is no report."""
    parts = mail.walk()
    for part in parts:
        if part.kind == _FEEDBACK:
            return _fields(part.content)
    report = mail.kind == "multipart/report"
    claims = report and mail.parameter("report-type").lower() == "feedback-report"
    for part in parts[:20]:
        if part.kind.startswith(("text/", "application/")) and not part.parts:
            found = _FIELD.search(part.text[:20_000])
            if found and (claims or _mostly_fields(part.text)):
                return _fields(part.text[found.start() :].lstrip().encode())
    if claims or _is_old_style(mail, parts):
        return []
    return None


def _mostly_fields(text: str) -> bool:
    return bool(
        re.search(
            r"^[ \t]*(?:user-agent|version)[ \t]*:", text[:20_000], re.IGNORECASE | re.MULTILINE
        )
    )


def _is_old_style(mail: Part, parts: list[Part]) -> bool:
    """Recognise reports from before the standard, and of the few who never took it up."""
    subject = mail.header("subject")
    inside = [part for part in parts[1:] if part.header("from")]
    if _JMRP.match(subject) or any(part.header(_JMRP_RECIPIENT) for part in parts):
        return bool(inside) or bool(_JMRP.match(subject))
    if _SPAMCOP.match(subject) and "spamcop" in mail.header("from").lower():
        return True
    marked = mail.header("x-xarf") or mail.header("x-arf")
    return bool(marked) and any(_XARF.search(part.text[:5000]) for part in parts[:6])


def _fields(content: bytes) -> _Fields:
    """Read all groups of fields: some put a blank line in the middle."""
    blocks = all_fields(content.lstrip())
    return [(name, decoded(value).strip()) for block in blocks for name, value in block]


def _first(told: _Fields, name: str) -> str:
    return next((value[:998] for key, value in told if key == name), "")


def _recipients(told: _Fields, head: Part | None) -> tuple[str, ...]:
    stated = [each for key, value in told if key in _RECIPIENTS for each in addresses(value)]
    if not stated and head is not None:
        stated = addresses(head.header(_JMRP_RECIPIENT)) or addresses(head.header("to"))
    return tuple(each for each in dict.fromkeys(stated) if not _REDACTED.search(each))[:50]


def _source(mail: Part) -> str:
    found = _IP.search(mail.header("subject"))
    return found[0] if found else ""
