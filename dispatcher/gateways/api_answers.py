"""What an answer of a described provider means: its own codes and words, then the status."""

from __future__ import annotations

from typing import Any

import httpx

from dispatcher.domain.messages import Outcome
from dispatcher.gateways.api_tables import Api
from dispatcher.gateways.callbacks import word
from dispatcher.gateways.classify import Trouble, Verdict, by_status, retry_after
from dispatcher.gateways.vocabulary import MEANINGS, Meaning

_A_MOMENT = 30.0  # seconds, for one that is sent too much at once and does not say how long


def verdict(api: Api, response: httpx.Response, result: Any) -> Verdict:
    """Give what an answer, or the part of it about one message, says of that message."""
    answer = api.answer
    code, detail = word(result, answer.code), word(result, answer.detail)
    meaning, words = api.codes.get(code, (None, ""))
    if meaning is None and not response.is_success:
        meaning = answer.statuses.get(response.status_code)
    if meaning is Meaning.REFUSED or not (meaning or response.is_success):
        meaning = _by_phrase(api, detail) or meaning
    if meaning is not None:
        reference = word(result, answer.id)
        return _meant(api, response, meaning, reference, code, detail or words)
    found = by_status(response, idempotent=api.idempotency > 0)
    found = found._replace(code=code or found.code, detail=detail)
    if found.outcome is not Outcome.ACCEPTED:
        return found
    return _taken(api, found, result, code, bool(response.content))


def _by_phrase(api: Api, detail: str) -> Meaning | None:
    said = detail.lower()
    return next((m for phrase, m in api.phrases.items() if phrase in said), None)


def _meant(
    api: Api, response: httpx.Response, meaning: Meaning, reference: str, code: str, detail: str
) -> Verdict:
    outcome, trouble = MEANINGS[meaning]
    said = "retry-after" in response.headers
    wait = min(api.defer_seconds, _A_MOMENT) if trouble is Trouble.PASSING else api.defer_seconds
    wait = retry_after(response) if said else wait
    return Verdict(
        outcome,
        trouble,
        reference,
        code or str(response.status_code),
        detail,
        wait if outcome is Outcome.DEFERRED else 0.0,
        contact_stopped=meaning is Meaning.STOPPED,
        dead_address=meaning is Meaning.DEAD,
    )


def _taken(api: Api, verdict: Verdict, result: Any, code: str, readable: bool) -> Verdict:
    """Look closer at a 2xx: it may say nothing about this message, or hold a strange code."""
    unclear = bool(api.answer.success) and code not in api.answer.success
    if unclear or (result is None and (api.answer.each or readable)):
        again = api.idempotency > 0
        return verdict._replace(
            outcome=Outcome.DEFERRED if again else Outcome.UNSURE,
            trouble=Trouble.PASSING,
            detail=verdict.detail or "the answer does not say whether the message was taken",
            retry_after=api.defer_seconds if again else 0.0,
        )
    return verdict._replace(reference=word(result, api.answer.id))
