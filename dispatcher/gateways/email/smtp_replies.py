"""What SMTP servers answer, and the tables that turn an answer into an outcome."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.messages import DeliveryKey, Outcome, Receipt

DETAIL_CAP = 200  # characters of a server's words that are worth keeping
LEAVING = 421  # "service not available, closing": the line ends whatever was asked (RFC 5321 3.8)


class Stage(StrEnum):
    """Which command of a mail transaction was answered."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "content"


class Reply(NamedTuple):
    """One answer of the server; the lines of a long one are parted by LF."""

    code: int
    text: bytes = b""

    @property
    def good(self) -> bool:
        """Whether this is a 2xx."""
        return 200 <= self.code < 300

    @property
    def refusing(self) -> bool:
        """Whether this is a 4xx or 5xx."""
        return 400 <= self.code < 600


# RFC 3463: the mailbox or its domain does not exist, or is closed for good.
DEAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
# Reply codes that may mean a dead mailbox where the server gives no enhanced status.
_DEAD_CODES = frozenset({550, 551, 553})
_DEAD_WORDS = re.compile(
    "|".join(
        (
            "user (?:is )?unknown",
            "unknown (?:user|recipient|mailbox|address)",
            "no such (?:user|mailbox|recipient|person)",
            "(?:user|mailbox|recipient|account|address) (?:was |is |could )?not (?:be )?found",
            "(?:user|mailbox|recipient|account|address) does(?: not|n't) exist",
            "(?:invalid|non-?existent) (?:mailbox|recipient|user)",
            "no mailbox here",
            "not a (?:valid|known) (?:user|mailbox|recipient)",
        )
    ),
    re.IGNORECASE,
)
# A refusal with such words is about us or the mail, whatever status the server dresses it in.
_POLICY_WORDS = re.compile(
    r"spam|black ?list|block ?list|\bblocked\b|\blisted\b|\bpolicy\b|\bspf\b|\bdkim\b|\bdmarc\b"
    r"|reputation|\bdenied\b|quota|mailbox (?:is )?full|\brelay",
    re.IGNORECASE,
)
_GREY_WORDS = re.compile(r"gr[ea]y-?list", re.IGNORECASE)
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_USUAL_ID = re.compile(rb"queued as ([\w.@-]+)")  # several times as fast as all of them
_QUEUE_ID = re.compile(
    rb"queued as ([\w.@-]+)|\bid=([\w.@-]+)"
    rb"|^2\.0\.0 ([\w-]{6,}) Message accepted|^Ok ([0-9a-f][0-9a-f-]{20,})$",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"[^\s<>@,;:\"']+@[^\s<>@,;:\"']+")
_UNFIT = re.compile(r"[^\x20-\x7e\xa0-\ufffd]+")

GREYLISTED_RETRY = 300.0
FULL_RETRY = 3600.0
USUAL_RETRY = 900.0


def enhanced_status(reply: Reply) -> str:
    """Give the RFC 3463 status a reply opens with, if it agrees with the reply's code."""
    match = _ENHANCED.match(reply.text)
    if match is None or match[1][0] != ord("0") + reply.code // 100:
        return ""
    return match[1].decode("ascii")


def words(reply: Reply) -> str:
    """Give the server's words on one line, printable, short and without anybody's address."""
    text = " ".join(reply.text.decode("utf-8", "replace").splitlines())
    return _MAILBOX.sub("(address)", _UNFIT.sub(" ", text)).strip()[:DETAIL_CAP]


def full_code(reply: Reply) -> str:
    """Give the reply's code, with its enhanced status where there is one: `550 5.1.1`."""
    return f"{reply.code} {enhanced_status(reply)}".rstrip()


def accepted(key: DeliveryKey, reply: Reply) -> Receipt:
    """Make the receipt of a message the server took, with the queue id by which its log knows it.

    The id is for people: no mail server reports under it later, so it is no `reference`.
    """
    found = _USUAL_ID.search(reply.text) or _QUEUE_ID.search(reply.text)
    detail = f"queued as {found[found.lastindex or 0].decode('ascii')}" if found else ""
    return Receipt(key, Outcome.ACCEPTED, "", str(reply.code), detail)


def turned_away(key: DeliveryKey, stage: Stage, reply: Reply) -> Receipt:
    """Make the receipt of a message that was answered by a 4xx or 5xx."""
    permanent = reply.code >= 500
    return Receipt(
        key,
        Outcome.REFUSED if permanent else Outcome.DEFERRED,
        code=full_code(reply),
        detail=f"{stage}: {words(reply)}",
        retry_after=0.0 if permanent else retry_after(reply),
        dead_address=permanent and is_dead_address(stage, reply),
    )


def retry_after(reply: Reply) -> float:
    """Give the seconds after which a 4xx is worth another try."""
    status = enhanced_status(reply)
    if status == "4.2.2":
        return FULL_RETRY
    if reply.code in (450, 451) and (status.startswith("4.7.") or _GREY_WORDS.search(words(reply))):
        return GREYLISTED_RETRY
    return USUAL_RETRY


def is_dead_address(stage: Stage, reply: Reply) -> bool:
    """Say whether a 5xx means that the mailbox does not exist; in doubt it does."""
    if stage is Stage.MAIL or _POLICY_WORDS.search(words(reply)):
        return False
    status = enhanced_status(reply)
    if status:
        return status in DEAD_ADDRESS
    return reply.code in _DEAD_CODES and bool(_DEAD_WORDS.search(words(reply)))


def is_trouble(stage: Stage, reply: Reply) -> bool:
    """Say whether a refusal is about the gateway or ourselves rather than about one person."""
    return stage is Stage.MAIL or reply.code == LEAVING or enhanced_status(reply)[1:4] == ".3."
