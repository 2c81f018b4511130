"""Events of a described provider: where a callback says what, and what that means."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from dispatcher.domain.addresses import Problem, normalise_phone
from dispatcher.domain.messages import Event, EventKind
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.callbacks import dedup_key, dig, international, parse_key, word
from dispatcher.gateways.vocabulary import KINDS_OF_NEWS, News, Statuses


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Where an entry about a message says what; paths are dotted.

    `each`: the list of entries. `id`: the provider's id of the message, `ref`: ours, `event`: of
    the entry itself, where the same may happen to a message twice. `status` may name several paths,
    joined by `/`: the words found there are looked up as `bounce/blocked`, then as `bounce`.
    `codes` say more than the status where they are known.
    """

    each: str = ""
    id: str = ""
    ref: str = ""
    event: str = ""
    status: str = ""
    code: str = ""
    statuses: Statuses = field(default_factory=dict)
    codes: Statuses = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """Where an entry that is a person's text says what; paths are dotted.

    `answered` is only there where the provider or the carrier has answered the text itself;
    `answered_words` are the texts for which that is always so. `country`: of people whose numbers
    come without a country code, as two letters.
    """

    id: str
    sender: str
    recipient: str
    text: str
    answered: str = ""
    answered_words: Sequence[str] = ()
    country: str = ""


def understand(
    gateway: str, item: Any, at: float, reports: Reports, replies: Replies | None
) -> Iterable[Event]:
    """Give what one entry of a callback means; nothing where it is known to be of no use."""
    if replies and isinstance(dig(item, replies.text), str) and word(item, replies.sender):
        return (_reply(gateway, item, at, replies),)
    return _report(gateway, item, at, reports)


def _report(gateway: str, item: Any, at: float, reports: Reports) -> Iterator[Event]:
    reference, ours = word(item, reports.id), word(item, reports.ref)
    status, code = _status(item, reports.status), word(item, reports.code)
    known = (reference or ours) and status
    news, detail = _news(reports, status, code) if known else (News.UNKNOWN, "")
    if news is News.IGNORED:
        return
    unique = word(item, reports.event) if known else _whole(item)
    yield Event(
        dedup_key(gateway, "receipt", reference, ours, status, code, unique),
        gateway,
        KINDS_OF_NEWS[news],
        at,
        reference=reference,
        key=parse_key(ours),
        code=code or status,
        detail=detail,
        contact_stopped=news is News.STOPPED,
        dead_address=news is News.DEAD,
        blocked=news is News.BLOCKED,
        soft=news is News.SOFT,
    )


def _whole(item: Any) -> str:
    try:
        return orjson.dumps(item).decode()
    except orjson.JSONEncodeError:  # it can be read deeper than it can be written
        raise CallbackRejected("the callback is nested too deeply") from None


def mailed(gateway: str, raw: bytes, at: float) -> Event:
    """Give the event of a mail that came in, as it is."""
    unique = hashlib.sha256(raw).hexdigest()
    return Event(dedup_key(gateway, "mail", unique), gateway, EventKind.MAIL, at, mail=raw)


def _status(item: Any, paths: str) -> str:
    return "/".join(filter(None, (word(item, path) for path in paths.split("/"))))


def _news(reports: Reports, status: str, code: str) -> tuple[News, str]:
    """Look up the code, then the whole status, then what it begins with."""
    if code in reports.codes:
        return reports.codes[code]
    while status:
        if status in reports.statuses:
            return reports.statuses[status]
        status = status.rpartition("/")[0]
    return News.UNKNOWN, ""


def _reply(gateway: str, item: Any, at: float, replies: Replies) -> Event:
    reference = word(item, replies.id)
    sender, text = word(item, replies.sender), word(item, replies.text)
    # Without an id a repeat cannot be told from a second STOP; hearing one twice is harmless.
    unique = reference or f"{sender}\x1f{text}\x1f{at!r}"
    return Event(
        dedup_key(gateway, "reply", unique),
        gateway,
        EventKind.REPLIED,
        at,
        reference=reference,
        sender=_number(sender, replies.country),
        recipient=international(word(item, replies.recipient)),
        text=text,
        answered=bool(word(item, replies.answered)) or _is_one_of(text, replies.answered_words),
    )


def _number(written: str, country: str) -> str:
    """Give a number in E.164; one without country code is of `country`, if there is one."""
    if country and not written.strip().startswith(("+", "00")):
        found = normalise_phone(written, country)
        if not isinstance(found, Problem):
            return found
    return international(written)


def _is_one_of(text: str, words: Sequence[str]) -> bool:
    said = text.strip().casefold()
    return any(said == each.strip().casefold() for each in words)
