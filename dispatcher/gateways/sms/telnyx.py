"""Telnyx Messaging, API v2: a message a request, events signed with Ed25519.

https://developers.telnyx.com/docs/messaging/messages/error-codes and /receiving-webhooks
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event
from dispatcher.errors import ConfigError
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports, understand
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callbacks import word
from dispatcher.gateways.credentials import bearer
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, PublicKeySeal, unbase64
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "10001": (Meaning.DOWN, "Inactive phone number"),
    "10002": (Meaning.REFUSED, "Invalid phone number"),
    "10003": (Meaning.DOWN, "Invalid URL"),
    "10004": (Meaning.DOWN, "Missing required parameter"),
    "10005": (Meaning.DOWN, "Resource not found"),
    "10006": (Meaning.DOWN, "Invalid ID"),
    "10007": (Meaning.UNSURE, "Unexpected error"),
    "10009": (Meaning.DOWN, "Authentication failed"),
    "10010": (Meaning.DOWN, "Authorization failed"),
    "10011": (Meaning.THROTTLED, "Too many requests"),
    "10015": (Meaning.REFUSED, "Bad Request"),
    "10016": (Meaning.REFUSED, "Phone number must be in +E.164 format"),
    "20002": (Meaning.DOWN, "API Key revoked"),
    "20006": (Meaning.DOWN, "Expired access token"),
    "20012": (Meaning.DOWN, "Account inactive"),
    "20013": (Meaning.DOWN, "Account blocked"),
    "20014": (Meaning.DOWN, "Account unverified"),
    "20015": (Meaning.DOWN, "Feature not enabled"),
    "20016": (Meaning.DOWN, "Account not level 1 verified"),
    "20017": (Meaning.DOWN, "Account not level 2 verified"),
    "20100": (Meaning.DOWN, "Insufficient funds"),
    "40001": (Meaning.DEAD, "Not routable"),
    "40012": (Meaning.DEAD, "Invalid messaging destination number"),
    "40013": (Meaning.DOWN, "Invalid messaging source number"),
    "40100": (Meaning.DOWN, "Number not messaging enabled"),
    "40300": (Meaning.STOPPED, "Blocked due to STOP message"),
    "40301": (Meaning.REFUSED, "Unsupported message type for the 'to' address"),
    "40302": (Meaning.REFUSED, "Message too large"),
    "40304": (Meaning.REFUSED, "Invalid combination of message content arguments"),
    "40305": (Meaning.DOWN, "Invalid 'from' address"),
    "40306": (Meaning.DOWN, "Alpha sender not configured"),
    "40309": (Meaning.REFUSED, "Invalid destination region"),
    "40310": (Meaning.DEAD, "Invalid 'to' address"),
    "40311": (Meaning.DOWN, "Invalid messaging profile secret"),
    "40312": (Meaning.DOWN, "Messaging profile is disabled"),
    "40313": (Meaning.DOWN, "Missing messaging profile secret"),
    "40314": (Meaning.DOWN, "Messaging disabled on account"),
    "40315": (Meaning.DOWN, "Unhealthy 'from' address"),
    "40316": (Meaning.REFUSED, "No content provided"),
    "40318": (Meaning.THROTTLED, "Message queue full"),
    "40319": (Meaning.REFUSED, "Incompatible message type for the 'to' address"),
    "40320": (Meaning.DOWN, "Temporarily unusable 'from' address"),
    "40321": (Meaning.DOWN, "No usable numbers on messaging profile"),
    "40322": (Meaning.REFUSED, "Blocked due to content"),
    "40328": (Meaning.REFUSED, "SMS exceeds recommended size"),
    "40329": (Meaning.DOWN, "Toll-free number not yet verified"),
    "40333": (Meaning.DOWN, "Spend limit of the messaging profile reached"),
}
STATUSES: Statuses = {
    "queued": (News.IGNORED, "queued"),
    "sending": (News.IGNORED, "sending"),
    "sent": (News.IGNORED, "sent"),
    "delivery_unconfirmed": (News.IGNORED, "delivery_unconfirmed"),
    "delivered": (News.DELIVERED, "delivered"),
    "expired": (News.SOFT, "expired"),
    "sending_failed": (News.BOUNCED, "sending_failed"),
    "delivery_failed": (News.BOUNCED, "delivery_failed"),
}
REPORT_CODES: Statuses = {
    "40001": (News.DEAD, "Not routable"),
    "40002": (News.BLOCKED, "Blocked as spam - temporary"),
    "40003": (News.BLOCKED, "Blocked as spam - permanent"),
    "40004": (News.BOUNCED, "Rejected by destination"),
    "40005": (News.SOFT, "Message expired during transmission"),
    "40006": (News.SOFT, "Recipient server unavailable"),
    "40007": (News.BLOCKED, "Loop detected"),
    "40008": (News.BOUNCED, "Undeliverable"),
    "40009": (News.BLOCKED, "Invalid message body"),
    "40010": (News.BLOCKED, "Unregistered 10DLC message"),
    "40011": (News.BLOCKED, "Too many requests"),
    "40012": (News.DEAD, "Invalid messaging destination number"),
    "40013": (News.BLOCKED, "Invalid messaging source number"),
    "40014": (News.BLOCKED, "Message expired in queue"),
    "40015": (News.BLOCKED, "Blocked as spam - internal"),
    "40016": (News.BLOCKED, "T-Mobile 10DLC sending limit reached"),
    "40017": (News.BLOCKED, "AT&T 10DLC spam message rejected"),
    "40018": (News.BLOCKED, "AT&T 10DLC sending limit reached"),
    "40300": (News.STOPPED, "Blocked due to STOP message"),
    "40322": (News.BLOCKED, "Blocked due to content"),
    "40329": (News.BLOCKED, "Toll-free number not yet verified"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TelnyxSettings(ApiSettings):
    """What there is to choose about Telnyx."""

    base_url: str = option(
        "Where Telnyx listens; a simulator may stand in for it", "https://api.telnyx.com"
    )
    api_key: SecretStr = option("API key (v2)")
    messaging_profile_id: str = option(
        "Messaging profile; needed where the sender is a name or is chosen by the profile", ""
    )
    public_key: str = option(
        "Public key of the account, in base64; without it callbacks are refused", ""
    )


class TelnyxGateway(ApiGateway):
    """Telnyx: set the webhook of the messaging profile to `/hooks/<name>`, API version 2."""

    kind: ClassVar[str] = "telnyx"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[TelnyxSettings]] = TelnyxSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v2/messages",
            fields={
                "from": "{from}",
                "to": "{to}",
                "text": "{text}",
                "type": "SMS",
                "messaging_profile_id": "{messaging_profile_id}",
                "webhook_url": "{callback_ref}",
            },
            optional=frozenset({"messaging_profile_id", "webhook_url"}),
        ),
        answer=Answer(id="data.id", code="errors.0.code", detail="errors.0.detail"),
        codes=CODES,
        reports=Reports(
            each="data",
            id="payload.id",
            ref="ref",
            status="payload.to.0.status",
            code="payload.errors.0.code",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        replies=Replies(
            id="payload.id",
            sender="payload.from.phone_number",
            recipient="payload.to.0.phone_number",
            text="payload.text",
            answered="payload.autoresponse_type",
        ),
    )

    def auth(self) -> Mapping[str, str]:
        """Give the API key as a bearer token."""
        return bearer(self._settings.api_key)

    def proof(self) -> Proof | None:
        """Ed25519 over the time, a bar and the body."""
        given: str = self._settings.public_key
        if not given:
            return None
        try:
            key = Ed25519PublicKey.from_public_bytes(unbase64(given))
        except ValueError:
            raise ConfigError("public_key", "is no Ed25519 key in base64") from None
        return PublicKeySeal(key.verify, "telnyx-signature-ed25519", "telnyx-timestamp", b"|")

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell texts of people from our own, which come back with their receipts."""
        about = self._about
        if word(item, "event_type") == "message.received":
            return understand(self.name, item, callback.received_at, about.reports, about.replies)
        # The query of the URL itself is not signed; the URL in the body is.
        query = _query(word(item, "payload.webhook_url"))
        ours = query.get("ref", [""])[0]
        told = {**item, "ref": ours} if isinstance(item, dict) else item
        return understand(self.name, told, callback.received_at, about.reports, None)


def _query(url: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(url).query)
    except ValueError:
        return {}
