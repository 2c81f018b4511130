"""Sinch SMS, REST API v1 (developers.sinch.com/docs/sms): a batch of one for each message.

A batch has one id for all its people, so only batches of one let receipts find their message.
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.credentials import bearer
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, check_fresh, same
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "syntax_invalid_json": (Meaning.REFUSED, "The request is not valid JSON"),
    "syntax_invalid_parameter_format": (Meaning.REFUSED, "The format of a field is invalid"),
    "syntax_constraint_violation": (Meaning.REFUSED, "The request breaks a constraint"),
    "unknown_campaign": (Meaning.DOWN, "The campaign id does not match the originator"),
    "missing_callback_url": (Meaning.DOWN, "Callback requested, but no URL is provided"),
}
STATUSES: Statuses = {
    "Queued": (News.IGNORED, "Queued"),
    "Dispatched": (News.IGNORED, "Dispatched"),
    "Delivered": (News.DELIVERED, "Delivered"),
    "Failed": (News.BOUNCED, "Failed"),
    "Aborted": (News.BOUNCED, "Aborted"),
    "Rejected": (News.BLOCKED, "Rejected"),
    "Cancelled": (News.BOUNCED, "Cancelled"),
    "Deleted": (News.BOUNCED, "Deleted"),
    "Expired": (News.SOFT, "Expired"),
    "Unknown": (News.UNKNOWN, "Unknown"),
}
REPORT_CODES: Statuses = {
    "402": (News.BOUNCED, "Message Unroutable"),
    "403": (News.BOUNCED, "Internal Error"),
    "404": (News.SOFT, "Temporary Delivery Failure"),
    "406": (News.SOFT, "Internal Expiry"),
    "407": (News.BOUNCED, "Cancelled"),
    "408": (News.BLOCKED, "Internal Reject"),
    "410": (News.BLOCKED, "Unmatched default originator"),
    "411": (News.BLOCKED, "Exceeded parts limit"),
    "412": (News.BLOCKED, "Unprovisioned region"),
    "413": (News.BLOCKED, "Blocked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SinchSettings(ApiSettings):
    """What there is to choose about Sinch."""

    base_url: str = option(
        "Where Sinch listens; https://eu.sms.api.sinch.com in Europe",
        "https://us.sms.api.sinch.com",
    )
    service_plan_id: str = option("Service plan id")
    api_token: SecretStr = option("API token of the service plan")
    callback_secret: SecretStr = option(
        "Secret by which callbacks are signed (HMAC); empty: they are refused", SecretStr("")
    )


@dataclass(frozen=True, slots=True)
class SinchSeal:
    """HMAC-SHA256, in base64, over body, nonce and time, joined by dots."""

    secret: SecretStr
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine and fresh."""
        nonce, timestamp = (
            callback.header(f"x-sinch-webhook-signature-{name}") for name in ("nonce", "timestamp")
        )
        signed = callback.body + f".{nonce}.{timestamp}".encode()
        key = self.secret.get_secret_value().encode()
        wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        if not same(callback.header("x-sinch-webhook-signature").encode(), wanted):
            raise CallbackRejected("the signature does not fit the callback")
        check_fresh(callback, timestamp)


class SinchGateway(ApiGateway):
    """Sinch: ask for signed callbacks; the plan's callback URL is `/hooks/<name>`."""

    kind: ClassVar[str] = "sinch"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[SinchSettings]] = SinchSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/xms/v1/{service_plan_id}/batches",
            fields={
                "from": "{from_digits}",
                "to": ["{to_digits}"],
                "body": "{text}",
                "delivery_report": "per_recipient",
                "client_reference": "{id}",
                "callback_url": "{callback}",
            },
            optional=frozenset({"callback_url"}),
        ),
        answer=Answer(id="id", code="code", detail="text"),
        codes=CODES,
        reports=Reports(
            id="batch_id",
            ref="client_reference",
            status="status",
            code="code",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        replies=Replies(id="id", sender="from", recipient="to", text="body"),
    )

    def auth(self) -> Mapping[str, str]:
        """A bearer token."""
        return bearer(self._settings.api_token)

    def proof(self) -> Proof | None:
        """Signed callbacks."""
        secret: SecretStr = self._settings.callback_secret
        return SinchSeal(secret) if secret.get_secret_value() else None
