"""Receipts and replies of an SMS gateway over HTTP, read as its settings describe them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from dispatcher.domain.addresses import Problem, normalise_phone
from dispatcher.domain.messages import Callback, Event, EventKind
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.callbacks import (
    Seal,
    SharedToken,
    content,
    dedup_key,
    dig,
    international,
    parse_key,
    word,
)
from dispatcher.gateways.sms.http_sms_settings import CallbackAuth, HttpSmsSettings


class SmsCallbacks:
    """The ear of one gateway; `name` is the gateway's."""

    def __init__(self, name: str, settings: HttpSmsSettings) -> None:
        self._name = name
        self._settings = settings
        self._proof = _proof(settings)

    def read(self, callback: Callback) -> Sequence[Event]:
        """Give one event for each entry; raise CallbackRejected unless the callback is genuine."""
        if self._proof is None:
            raise CallbackRejected("callbacks are not set up: see callback_auth")
        self._proof.check(callback)
        said = content(callback, query=isinstance(self._proof, SharedToken))
        items = dig(said, self._settings.callback_list)
        if not isinstance(items, list):
            items = [items]
        return [self._event(item, callback.received_at) for item in items]

    def _event(self, item: Any, at: float) -> Event:
        s = self._settings
        if isinstance(dig(item, s.reply_text), str) and word(item, s.reply_from):
            return self._reply(item, at)
        return self._receipt(item, at)

    def _receipt(self, item: Any, at: float) -> Event:
        s = self._settings
        reference, ours = word(item, s.receipt_id), word(item, s.receipt_ref)
        status, code = word(item, s.receipt_status), word(item, s.receipt_code)
        known = (reference or ours) and status
        whole = "" if known else orjson.dumps(item).decode()
        kind = s.statuses.get(status, EventKind.UNKNOWN) if known else EventKind.UNKNOWN
        return Event(
            dedup_key(self._name, "receipt", reference, ours, status, code, whole),
            self._name,
            kind,
            at,
            reference=reference,
            key=parse_key(ours),
            code=code or status,
            contact_stopped=bool({code, status} & set(s.stopped_codes)),
            dead_address=bool({code, status} & set(s.dead_codes)),
        )

    def _reply(self, item: Any, at: float) -> Event:
        s = self._settings
        reference = word(item, s.reply_id)
        sender, text = word(item, s.reply_from), word(item, s.reply_text)
        # Without an id a repeat cannot be told from a second STOP; hearing one twice is harmless.
        unique = reference or f"{sender}\x1f{text}\x1f{at!r}"
        return Event(
            dedup_key(self._name, "reply", unique),
            self._name,
            EventKind.REPLIED,
            at,
            reference=reference,
            sender=_number(sender, s.reply_country),
            recipient=international(word(item, s.reply_to)),
            text=text,
            answered=bool(word(item, s.reply_answered)) or _is_one_of(text, s.answered_words),
        )


def _number(written: str, country: str) -> str:
    """Give a number in E.164; one without country code is of `country`, if the settings name it."""
    if country and not written.strip().startswith(("+", "00")):
        found = normalise_phone(written, country)
        if not isinstance(found, Problem):
            return found
    return international(written)


def _is_one_of(text: str, words: Sequence[str]) -> bool:
    said = text.strip().casefold()
    return any(said == word.strip().casefold() for word in words)


def _proof(s: HttpSmsSettings) -> Seal | SharedToken | None:
    if s.callback_auth is CallbackAuth.TOKEN:
        return SharedToken(s.callback_secret, s.callback_token_header)
    if s.callback_auth is CallbackAuth.HMAC:
        return Seal(
            s.callback_secret,
            s.signature_header,
            s.timestamp_header,
            s.signature_prefix,
            s.signature_base64,
            s.signed_content,
        )
    return None
