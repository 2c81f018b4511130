"""What an answer over HTTP means for the messages of its request: one small table for all gateways.

Codes a gateway puts into its body are its own and stand in its adapter; this is what remains.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

import httpx

from dispatcher.domain.messages import Message, Outcome, Receipt

DETAIL_CAP = 200  # characters of the gateway's words that a receipt keeps
RETRY_AFTER = 60.0  # seconds, when the gateway does not say
RETRY_AFTER_CAP = 24 * 3600.0


class Trouble(StrEnum):
    """Whose trouble it is when a message was not taken."""

    MESSAGE = "message"  # this message or person only
    PASSING = "passing"  # the gateway's; many in a row and the breaker opens
    LASTING = "lasting"  # settings or account: nothing will pass, the campaign waits


class Verdict(NamedTuple):
    """What one answer says about one message; it becomes a Receipt once its key is known."""

    outcome: Outcome
    trouble: Trouble = Trouble.MESSAGE
    reference: str = ""
    code: str = ""
    detail: str = ""
    retry_after: float = 0.0
    contact_stopped: bool = False
    dead_address: bool = False

    def receipt(self, message: Message) -> Receipt:
        """Give the receipt for a message."""
        return Receipt(
            message.key,
            self.outcome,
            self.reference,
            self.code,
            self.detail,
            self.retry_after,
            self.contact_stopped,
            self.dead_address,
        )


# 4xx is a refusal of this message unless listed. Where a wrong URL, key or account would refuse
# everybody, the campaign waits instead. 5xx may have happened after the message was taken on,
# except where the standard says that it was not (RFC 9110 section 15.6, RFC 6585 section 4).
_STATUSES: dict[int, tuple[Outcome, Trouble]] = {
    401: (Outcome.DEFERRED, Trouble.LASTING),  # wrong key
    402: (Outcome.DEFERRED, Trouble.LASTING),  # no credit
    403: (Outcome.DEFERRED, Trouble.LASTING),  # account or address of this machine not allowed
    404: (Outcome.DEFERRED, Trouble.LASTING),  # wrong URL
    405: (Outcome.DEFERRED, Trouble.LASTING),  # wrong URL or method
    407: (Outcome.DEFERRED, Trouble.LASTING),
    410: (Outcome.DEFERRED, Trouble.LASTING),  # this version of the interface is gone
    415: (Outcome.DEFERRED, Trouble.LASTING),  # wrong format setting
    408: (Outcome.DEFERRED, Trouble.PASSING),  # the server did not get the whole request
    409: (Outcome.UNSURE, Trouble.MESSAGE),  # often: a message with this id is being handled
    421: (Outcome.DEFERRED, Trouble.PASSING),
    425: (Outcome.DEFERRED, Trouble.PASSING),
    429: (Outcome.DEFERRED, Trouble.PASSING),
    501: (Outcome.DEFERRED, Trouble.LASTING),
    503: (Outcome.DEFERRED, Trouble.PASSING),
    505: (Outcome.DEFERRED, Trouble.LASTING),
}
_CLASSES: dict[int, tuple[Outcome, Trouble]] = {
    2: (Outcome.ACCEPTED, Trouble.MESSAGE),
    3: (Outcome.DEFERRED, Trouble.LASTING),  # redirects are not followed: the URL is wrong
    4: (Outcome.REFUSED, Trouble.MESSAGE),
    5: (Outcome.UNSURE, Trouble.PASSING),
}


def by_status(response: httpx.Response, *, idempotent: bool = False) -> Verdict:
    """Classify by status alone; UNSURE becomes DEFERRED where the gateway knows repeats."""
    status = response.status_code
    outcome, trouble = _STATUSES.get(status) or _CLASSES[status // 100]
    return _verdict(outcome, trouble, str(status), retry_after(response), idempotent)


def by_failure(error: httpx.TransportError, *, idempotent: bool = False) -> Verdict:
    """Classify the lack of an answer; after a WriteError the request provably never left whole."""
    certain = isinstance(error, httpx.WriteError | httpx.ConnectError | httpx.ConnectTimeout)
    outcome = Outcome.DEFERRED if certain else Outcome.UNSURE
    verdict = _verdict(outcome, Trouble.PASSING, "", RETRY_AFTER, idempotent)
    return verdict._replace(detail=str(error))


def _verdict(
    outcome: Outcome, trouble: Trouble, code: str, wait: float, idempotent: bool
) -> Verdict:
    if outcome is Outcome.UNSURE and idempotent:
        outcome = Outcome.DEFERRED
    later = outcome is Outcome.DEFERRED
    return Verdict(outcome, trouble, code=code, retry_after=wait if later else 0.0)


def retry_after(response: httpx.Response) -> float:
    """Give the seconds to wait; a date counts from the answer's own Date (RFC 9110 10.2.3)."""
    said = response.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit() and len(said) < 10:
        return min(float(said), RETRY_AFTER_CAP)
    try:
        until = parsedate_to_datetime(said)
        wait = (until - parsedate_to_datetime(response.headers["date"])).total_seconds()
    except (ValueError, TypeError, KeyError):
        return RETRY_AFTER
    return min(max(wait, 0.0), RETRY_AFTER_CAP)


def asks_to_wait(response: httpx.Response | None) -> bool:
    """Say whether the gateway itself names a time before which it wants to be asked nothing more.

    RFC 6585 section 4 and RFC 9110 section 15.6.4: too many requests, or no service for now.
    """
    return (
        response is not None
        and response.status_code in (429, 503)
        and bool(response.headers.get("retry-after", "").strip())
    )


class Breaker:
    """Counts requests in a row that met trouble of the gateway; open after `patience` of them."""

    def __init__(self, patience: int = 10) -> None:
        self._patience = patience
        self._row = 0

    @property
    def open(self) -> bool:
        """Whether the gateway was in trouble for too long; one good answer closes it again."""
        return self._row >= self._patience

    def trip(self) -> None:
        """Open at once: the gateway says itself that it has had too much."""
        self._row = self._patience

    def note(self, good: bool) -> None:
        """Count one request."""
        self._row = 0 if good else self._row + 1
