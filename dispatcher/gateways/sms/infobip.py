"""Infobip SMS API 3 (infobip.com/docs/api/channels/sms): many messages a request, our ids kept."""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from pydantic import SecretStr

from dispatcher.domain.messages import Channel, Message
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, SharedToken
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "PENDING_ACCEPTED": (Meaning.ACCEPTED, "Message accepted"),
    "PENDING_ENROUTE": (Meaning.ACCEPTED, "Message sent to next instance"),
    "PENDING_WAITING_DELIVERY": (Meaning.ACCEPTED, "Waiting for delivery"),
    "REJECTED_NETWORK": (Meaning.REFUSED, "Network is out of our coverage"),
    "REJECTED_PREFIX_MISSING": (Meaning.DEAD, "Number prefix missing"),
    "REJECTED_DND": (Meaning.STOPPED, "Destination on DND list"),
    "REJECTED_SOURCE": (Meaning.DOWN, "Invalid source address"),
    "REJECTED_NOT_ENOUGH_CREDITS": (Meaning.DOWN, "Not enough credits"),
    "REJECTED_SENDER": (Meaning.DOWN, "Sender is blacklisted"),
    "REJECTED_DESTINATION": (Meaning.STOPPED, "Destination is blacklisted"),
    "REJECTED_PREPAID_PACKAGE_EXPIRED": (Meaning.DOWN, "Prepaid package expired"),
    "REJECTED_DESTINATION_NOT_REGISTERED": (Meaning.DOWN, "Destination not registered"),
    "REJECTED_ROUTE_NOT_AVAILABLE": (Meaning.REFUSED, "Route not available"),
    "REJECTED_FLOODING_FILTER": (Meaning.REFUSED, "Rejected flooding"),
    "REJECTED_SYSTEM_ERROR": (Meaning.UNSURE, "System error"),
    "REJECTED_DUPLICATE_MESSAGE_ID": (Meaning.UNSURE, "Rejected duplicate message ID"),
    "REJECTED_MESSAGE_TOO_LONG": (Meaning.REFUSED, "Rejected message too long"),
    "MISSING_TO": (Meaning.DEAD, "The destination is missing"),
}
STATUSES: Statuses = {
    "PENDING_ACCEPTED": (News.IGNORED, "Message accepted"),
    "PENDING_ENROUTE": (News.IGNORED, "Message sent to next instance"),
    "PENDING_WAITING_DELIVERY": (News.IGNORED, "Waiting for delivery"),
    "DELIVERED_TO_OPERATOR": (News.IGNORED, "Message delivered to operator"),
    "DELIVERED_TO_HANDSET": (News.DELIVERED, "Message delivered to handset"),
    "UNDELIVERABLE_REJECTED_OPERATOR": (News.BLOCKED, "Message rejected by operator"),
    "UNDELIVERABLE_NOT_DELIVERED": (News.BOUNCED, "Message sent, not delivered"),
    "EXPIRED_EXPIRED": (News.SOFT, "Message expired"),
    "EXPIRED_DLR_UNKNOWN": (News.UNKNOWN, "No delivery report from the operator"),
    "REJECTED_NETWORK": (News.BOUNCED, "Network is out of our coverage"),
    "REJECTED_PREFIX_MISSING": (News.DEAD, "Number prefix missing"),
    "REJECTED_DND": (News.STOPPED, "Destination on DND list"),
    "REJECTED_SOURCE": (News.BLOCKED, "Invalid source address"),
    "REJECTED_NOT_ENOUGH_CREDITS": (News.BLOCKED, "Not enough credits"),
    "REJECTED_SENDER": (News.BLOCKED, "Sender is blacklisted"),
    "REJECTED_DESTINATION": (News.STOPPED, "Destination is blacklisted"),
    "REJECTED_ROUTE_NOT_AVAILABLE": (News.BOUNCED, "Route not available"),
    "REJECTED_FLOODING_FILTER": (News.BLOCKED, "Rejected flooding"),
}
REPORT_CODES: Statuses = {
    "EC_UNKNOWN_SUBSCRIBER": (News.DEAD, "The number does not exist"),
    "EC_ILLEGAL_SUBSCRIBER": (News.DEAD, "Illegal subscriber"),
    "EC_TELESERVICE_NOT_PROVISIONED": (News.DEAD, "The subscriber cannot get texts"),
    "EC_UNIDENTIFIED_SUBSCRIBER": (News.SOFT, "Unidentified subscriber"),
    "EC_ABSENT_SUBSCRIBER_SM": (News.SOFT, "The phone does not answer"),
    "EC_ABSENT_SUBSCRIBER": (News.SOFT, "The subscriber is offline"),
    "EC_SUBSCRIBER_BUSY_FOR_MT_SMS": (News.SOFT, "The subscriber is busy"),
    "EC_MESSAGE_WAITING_LIST_FULL": (News.SOFT, "Too many messages wait"),
    "EC_CALL_BARRED": (News.BLOCKED, "The service is barred"),
    "EC_IMSI_BLACKLISTED": (News.STOPPED, "The subscriber is on a blacklist"),
    "EC_DEST_ADDRESS_BLACKLISTED": (News.STOPPED, "The destination is on a blacklist"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InfobipSettings(ApiSettings):
    """What there is to choose about Infobip."""

    base_url: str = option("Your own base URL, as https://xxxxx.api.infobip.com")
    api_key: SecretStr = option("API key with the scope sms:message:send")
    callback_secret: SecretStr = option(
        "Word that callbacks bring along as `token` in their URL; empty: they are refused",
        SecretStr(""),
    )


class InfobipGateway(ApiGateway):
    """Infobip: forward incoming texts to `/hooks/<name>?token=...`; receipts find it themselves."""

    kind: ClassVar[str] = "infobip"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[InfobipSettings]] = InfobipSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/sms/3/messages",
            batch_in="messages",
            fields={
                "sender": "{from_digits}",
                "destinations": [{"to": "{to_digits}", "messageId": "{id}"}],
                "content": {"text": "{text}"},
                "webhooks": "{webhooks}",
            },
            optional=frozenset({"webhooks"}),
        ),
        answer=Answer(
            each="messages",
            ref="messageId",
            id="messageId",
            code="status.name",
            detail="status.description",
        ),
        codes=CODES,
        reports=Reports(
            each="results",
            id="messageId",
            ref="messageId",
            status="status.name",
            code="error.name",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        replies=Replies(id="messageId", sender="from", recipient="to", text="text"),
        max_batch=100,
    )

    def auth(self) -> Mapping[str, str]:
        """An API key, in a scheme of its own."""
        return {"Authorization": f"App {self._settings.api_key.get_secret_value()}"}

    def proof(self) -> Proof | None:
        """A word in the query."""
        secret: SecretStr = self._settings.callback_secret
        return SharedToken(secret) if secret.get_secret_value() else None

    def words(self, message: Message) -> Words:
        """Add where receipts are to go."""
        secret = self._settings.callback_secret.get_secret_value()
        hook = f"{self._callback}?token={quote(secret)}" if self._callback and secret else ""
        told = {"delivery": {"url": hook}, "contentType": "application/json"} if hook else {}
        return {**super().words(message), "webhooks": told}
