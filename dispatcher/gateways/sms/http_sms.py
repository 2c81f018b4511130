"""Any SMS gateway that takes JSON or forms over HTTP, described by settings instead of code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time
from typing import Any, ClassVar

from dispatcher.domain.messages import Channel
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.credentials import basic, bearer
from dispatcher.gateways.proofs import Proof, Seal, SharedToken
from dispatcher.gateways.sms.http_sms_settings import Auth, CallbackAuth, HttpSmsSettings
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses


class HttpSmsGateway(ApiGateway):
    """An SMS gateway as its settings describe it; its options are the fields of HttpSmsSettings."""

    kind: ClassVar[str] = "http_sms"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type] = HttpSmsSettings

    def __init__(
        self, name: str, *, hooks: str = "", wall: Callable[[], float] = time, **options: Any
    ) -> None:
        settings = HttpSmsSettings(**options)
        self._prepare(name, settings, settings.url, _api(settings), hooks, wall)

    def auth(self) -> Mapping[str, str]:
        """Give the header by which the gateway knows us, if there is one."""
        s: HttpSmsSettings = self._settings
        if s.auth is Auth.BEARER:
            return bearer(s.token)
        if s.auth is Auth.BASIC:
            return basic(s.username, s.password)
        if s.auth is Auth.HEADER:
            return {s.auth_header: s.token.get_secret_value()}
        return {}

    def proof(self) -> Proof | None:
        """Say how callbacks prove themselves."""
        s: HttpSmsSettings = self._settings
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


def _api(s: HttpSmsSettings) -> Api:
    hears = s.callback_auth is not CallbackAuth.NONE
    return Api(
        ask=Ask(
            method=s.method,
            format=s.format,
            fields=s.fields,
            batch_in=s.batch_in,
            batch_fields=s.batch_fields,
            headers=s.headers,
        ),
        answer=Answer(
            each=s.answer_list,
            ref=s.answer_ref,
            id=s.answer_id,
            code=s.answer_code,
            detail=s.answer_detail,
            success=s.success,
            pattern=s.answer_pattern,
        ),
        codes=_codes(s),
        reports=_reports(s) if hears else Reports(),
        replies=_replies(s) if hears else None,
        max_batch=s.max_batch,
        idempotency=s.idempotency,
        defer_seconds=s.defer_seconds,
    )


def _codes(s: HttpSmsSettings) -> Codes:
    meanings = {
        **s.codes,
        **dict.fromkeys(s.dead_codes, Meaning.DEAD),
        **dict.fromkeys(s.stopped_codes, Meaning.STOPPED),
    }
    return {code: (meaning, "") for code, meaning in meanings.items()}


def _reports(s: HttpSmsSettings) -> Reports:
    codes: Statuses = {
        **dict.fromkeys(s.dead_codes, (News.DEAD, "")),
        **dict.fromkeys(s.stopped_codes, (News.STOPPED, "")),
    }
    return Reports(
        each=s.callback_list,
        id=s.receipt_id,
        ref=s.receipt_ref,
        status=s.receipt_status,
        code=s.receipt_code,
        statuses={**{status: (news, "") for status, news in s.statuses.items()}, **codes},
        codes=codes,
    )


def _replies(s: HttpSmsSettings) -> Replies:
    return Replies(
        id=s.reply_id,
        sender=s.reply_from,
        recipient=s.reply_to,
        text=s.reply_text,
        answered=s.reply_answered,
        answered_words=s.answered_words,
        country=s.reply_country,
    )
