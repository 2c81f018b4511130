"""Plivo Messaging, API v1: a message a request, callbacks sealed by URL and fields (V3).

https://www.plivo.com/docs/messaging/api/message and /troubleshooting/error-codes
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Message
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callbacks import word
from dispatcher.gateways.credentials import basic
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, same
from dispatcher.gateways.vocabulary import Meaning, News, Statuses

# Plivo refuses in words; what these do not tell is in the status of the answer.
PHRASES: Mapping[str, Meaning] = {"insufficient credit": Meaning.DOWN}
STATUSES: Statuses = {
    "queued": (News.IGNORED, "queued"),
    "sent": (News.IGNORED, "sent"),
    "delivered": (News.DELIVERED, "delivered"),
    "read": (News.DELIVERED, "read"),
    "undelivered": (News.BOUNCED, "undelivered"),
    "failed": (News.BOUNCED, "failed"),
    "rejected": (News.BOUNCED, "rejected"),
}
REPORT_CODES: Statuses = {
    "10": (News.BLOCKED, "Invalid message"),
    "20": (News.SOFT, "Network error"),
    "30": (News.BLOCKED, "Spam detected"),
    "40": (News.BLOCKED, "Invalid source number"),
    "50": (News.DEAD, "Invalid destination number"),
    "60": (News.BLOCKED, "Loop detected"),
    "70": (News.DEAD, "Destination permanently unavailable"),
    "80": (News.SOFT, "Destination temporarily unavailable"),
    "90": (News.BOUNCED, "No route available"),
    "100": (News.BLOCKED, "Prohibited by carrier"),
    "110": (News.BLOCKED, "Message too long"),
    "200": (News.STOPPED, "Source number blocked by STOP from destination number"),
    "201": (News.BLOCKED, "US toll-free numbers cannot send to Canada"),
    "300": (News.BLOCKED, "Failed to dispatch message"),
    "420": (News.SOFT, "Message expired"),
    "450": (News.BLOCKED, "Destination country barred"),
    "900": (News.BLOCKED, "Insufficient credit"),
    "910": (News.BLOCKED, "Account disabled"),
    "1000": (News.BOUNCED, "Unknown error"),
}
_FIELDS_CAP = 200  # names in a form


@dataclass(frozen=True, slots=True, kw_only=True)
class PlivoSettings(ApiSettings):
    """What there is to choose about Plivo."""

    base_url: str = option(
        "Where Plivo listens; a simulator may stand in for it", "https://api.plivo.com"
    )
    auth_id: str = option("Auth ID of the account, which begins with MA, or of a subaccount")
    auth_token: SecretStr = option("Auth token; callbacks are signed with it too")
    powerpack_uuid: str = option(
        "Powerpack that chooses the number; empty: the brand's sender is the number", ""
    )


@dataclass(frozen=True, slots=True)
class PlivoSeal:
    """X-Plivo-Signature-V3: HMAC-SHA256, in base64, over URL, sorted fields and a nonce.

    The older V2 leaves the fields out, so that it would fit any body: it is not believed. There is
    no time in it, so a copied callback is only known by its events being told already.
    """

    secret: SecretStr
    covers_query: ClassVar[bool] = True

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless one of the signatures fits."""
        nonce = callback.header("x-plivo-signature-v3-nonce")
        key = self.secret.get_secret_value().encode()
        digest = hmac.new(key, f"{_signed(callback)}.{nonce}".encode(), hashlib.sha256).digest()
        wanted = base64.b64encode(digest)
        # One is by the token of the account, one by that of the subaccount, old tokens included.
        names = ("x-plivo-signature-v3", "x-plivo-signature-ma-v3")
        given = [each for name in names for each in callback.header(name).split(",")]
        if not nonce or not any(same(each.strip().encode(), wanted) for each in given):
            raise CallbackRejected("the signature does not fit the callback")


class PlivoGateway(ApiGateway):
    """Plivo: set the message URL of the application to `/hooks/<name>`, method POST."""

    kind: ClassVar[str] = "plivo"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[PlivoSettings]] = PlivoSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v1/Account/{auth_id}/Message/",
            fields={
                "src": "{from}",
                "powerpack_uuid": "{powerpack_uuid}",
                "dst": "{to}",
                "text": "{text}",
                "type": "sms",
                "url": "{callback_ref}",
                "method": "POST",
            },
            optional=frozenset({"src", "powerpack_uuid", "url"}),
        ),
        answer=Answer(id="message_uuid.0", detail="error"),
        phrases=PHRASES,
        reports=Reports(
            id="MessageUUID",
            ref="ref",
            status="Status",
            code="ErrorCode",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        replies=Replies(
            id="MessageUUID", sender="From", recipient="To", text="Text", answered="MessageIntent"
        ),
    )

    def auth(self) -> Mapping[str, str]:
        """Basic authentication with the account's ID and token."""
        return basic(self._settings.auth_id, self._settings.auth_token)

    def proof(self) -> Proof | None:
        """Signatures of version 3."""
        token = self._settings.auth_token
        return PlivoSeal(token) if token.get_secret_value() else None

    def entry(self, message: Message) -> Any:
        """Leave the sender out where the powerpack chooses: Plivo takes only one of them."""
        entry = ApiGateway.entry(self, message)
        if "powerpack_uuid" in entry:
            entry.pop("src", None)
        return entry

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Give the answer if it names the message; without a name nobody knows."""
        return [data if word(data, "message_uuid.0") else None] * len(messages)


def _signed(callback: Callback) -> str:
    """Give what is signed of the URL and the form."""
    base, _, query = callback.url.partition("?")
    asked = "&".join(f"{name}={value}" for name, value in _fields(query))
    form = "" if callback.method == "GET" else callback.body.decode("utf-8", "replace")
    told = "".join(name + value for name, value in _fields(form))
    if not told:
        return f"{base}?{asked}" if asked else base
    return f"{base}?{asked}{'.' if asked else ''}{told}"


def _fields(text: str) -> list[tuple[str, str]]:
    try:
        return sorted(parse_qsl(text, keep_blank_values=True, max_num_fields=_FIELDS_CAP))
    except ValueError:
        raise CallbackRejected("the callback is not a form that can be read") from None
