"""Clickatell One API: up to 50 texts a request, each with an answer of its own, even refused ones.

https://docs.clickatell.com/channels/one-api/ (errors, message status table, client callbacks)
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Message
from dispatcher.errors import ConfigError
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callbacks import content, dig, word
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import BasicAuth, Proof, SharedToken
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "1": (Meaning.DOWN, "Invalid or missing Integration API Key"),
    "2": (Meaning.DOWN, "Account is not active"),
    "3": (Meaning.DOWN, "Integration is not active"),
    "7": (Meaning.DOWN, "Originating IP address is not approved in your account"),
    "18": (Meaning.UNSURE, "Internal error"),
    "19": (Meaning.THROTTLED, "Internal error, please retry"),
    "20": (Meaning.DOWN, "Insufficient account balance"),
    "21": (Meaning.REFUSED, "Payload data is malformed"),
    "22": (Meaning.DOWN, "Maximum messages per request payload exceeded"),
    "23": (Meaning.REFUSED, "Invalid or missing parameter"),
    "24": (Meaning.REFUSED, "Maximum message content size exceeded"),
    "25": (Meaning.DEAD, "Invalid recipient address"),
    "26": (Meaning.STOPPED, "Recipient opted out"),
    "27": (Meaning.REFUSED, "Recipient not available on channel"),
    "28": (Meaning.REFUSED, "Recipient not available on sandbox"),
    "30": (Meaning.REFUSED, "Content type not supported"),
    "38": (Meaning.DOWN, "Channel is not active on integration"),
    "39": (Meaning.DOWN, "Channel is not available on integration"),
    "40": (Meaning.REFUSED, "Character set is not supported"),
    "41": (Meaning.DOWN, "Resource does not exist"),
    "42": (Meaning.DOWN, "HTTP method is not supported on this resource"),
    "43": (Meaning.THROTTLED, "Rate limit"),
    "44": (Meaning.DOWN, "FROM number is suspended"),
    "45": (Meaning.DOWN, "FROM number is not related to integration"),
    "46": (Meaning.DOWN, "Demo access has expired"),
    "100": (Meaning.REFUSED, "Maximum message parts exceeded"),
    "101": (Meaning.REFUSED, "Destination does not support two-way messaging"),
    "110": (Meaning.REFUSED, "USA: must use a two-way integration"),
    "111": (Meaning.REFUSED, "USA: must enable STOP/SUBSCRIBE commands on the integration"),
}
STATUSES: Statuses = {
    "UNKNOWN": (News.UNKNOWN, "Message not found"),
    "QUEUED": (News.IGNORED, "Queued"),
    "SCHEDULED": (News.IGNORED, "Scheduled for later delivery"),
    "SENT_TO_SUPPLIER": (News.IGNORED, "Sent to supplier"),
    "DEVICE_ACK": (News.DELIVERED, "Device acknowledged delivery"),
    "READ": (News.DELIVERED, "Read receipt"),
    "EXPIRED": (News.SOFT, "Message has expired"),
    # The user here is one of the account's, who has called the message back.
    "STOPPED_BY_USER": (News.BOUNCED, "Message stopped by user"),
    "STOPPED_BY_ADMIN": (News.BLOCKED, "Message stopped by admin"),
    "DELIVERY_FAILURE": (News.BOUNCED, "Error delivering message"),
    "EMULATED": (News.IGNORED, "Emulated"),
    "INSUFFICIENT_ACCOUNT_BALANCE": (News.BLOCKED, "Insufficient account balance"),
    "VOLUME_LIMIT": (News.BLOCKED, "Volume limit exceeded"),
    "VOLUME_LIMIT_DAILY": (News.BLOCKED, "Daily volume limit exceeded"),
    "VOLUME_LIMIT_MONTHLY": (News.BLOCKED, "Monthly volume limit exceeded"),
    "RECIPIENT_DOES_NOT_EXIST": (News.DEAD, "Recipient does not exist on channel"),
    "ROUTING_ERROR": (News.BLOCKED, "Routing error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickatellSettings(ApiSettings):
    """What there is to choose about Clickatell."""

    base_url: str = option(
        "Where Clickatell listens; a simulator may stand in for it",
        "https://platform.clickatell.com",
    )
    api_key: SecretStr = option("API key of the integration")
    two_way: bool = option("Whether the brand's sender is a number of a two-way integration", False)
    callback_user: str = option("User name that callbacks bring along", "")
    callback_password: SecretStr = option(
        "Password that callbacks bring along; without it and callback_token they are refused",
        SecretStr(""),
    )
    callback_token: SecretStr = option(
        "Instead of a password: a word in the callback URL, `/hooks/<name>?token=...`",
        SecretStr(""),
    )

    def __post_init__(self) -> None:
        # super() does not know the class that slots=True makes anew.
        ApiSettings.__post_init__(self)
        if bool(self.callback_user) is not bool(self.callback_password.get_secret_value()):
            raise ConfigError("callback_user, callback_password", "are only good together")


class ClickatellGateway(ApiGateway):
    """Clickatell: set both callbacks of the integration to `/hooks/<name>`.

    They are not signed but bring a password, or a word in the URL, which whoever reads one can use.
    """

    kind: ClassVar[str] = "clickatell"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[ClickatellSettings]] = ClickatellSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v1/message",
            batch_in="messages",
            fields={
                "channel": "sms",
                "from": "{sender}",
                "to": "{to_digits}",
                "content": "{text}",
                "clientMessageId": "{id}",
            },
            optional=frozenset({"from"}),
        ),
        answer=Answer(
            each="messages",
            id="apiMessageId",
            code="error.code",
            detail="error.description",
            success=("",),
        ),
        codes=CODES,
        reports=Reports(id="messageId", ref="clientMessageId", status="status", statuses=STATUSES),
        replies=Replies(id="messageId", sender="from", recipient="to", text="content"),
        max_batch=50,
    )

    def auth(self) -> Mapping[str, str]:
        """Give the API key, bare."""
        return {"Authorization": self._settings.api_key.get_secret_value()}

    def proof(self) -> Proof | None:
        """A password or a word in the URL."""
        s: ClickatellSettings = self._settings
        if s.callback_password.get_secret_value():
            return BasicAuth(s.callback_user, s.callback_password)
        return SharedToken(s.callback_token) if s.callback_token.get_secret_value() else None

    def words(self, message: Message) -> Mapping[str, Any]:
        """Add `sender`: a one-way integration has a sender of its own and takes no other."""
        words = ApiGateway.words(self, message)
        return {**words, "sender": words["from_digits"] if self._settings.two_way else ""}

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Find each message's by its number, if these are told one by one, else by its place.

        An error beside them is about them all.
        """
        if word(data, "error.code"):
            return [data] * len(messages)
        found = ApiGateway.results(self, messages, data)
        numbers = [message.address.removeprefix("+") for message in messages]
        by_number = {word(result, "to"): result for result in found}
        if set(by_number) == set(numbers) and len(by_number) == len(numbers):
            found = [by_number[number] for number in numbers]
        return [result if _is_clear(result) else None for result in found]

    def items(self, callback: Callback) -> Iterable[Any]:
        """Give statuses and texts; anything else is one strange thing."""
        said = content(callback)
        lists = [dig(said, f"event.{name}") for name in ("messageStatusUpdate", "moText")]
        found = [item for each in lists if isinstance(each, list) for item in each]
        return found or [said]


def _is_clear(result: Any) -> bool:
    return bool(word(result, "error.code")) or dig(result, "accepted") is True
