"""AWS End User Messaging SMS, API v2: a request a message, events and replies through SNS.

https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-types.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.aws import AwsGateway, AwsSettings
from dispatcher.gateways.options import option
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "DESTINATION_PHONE_NUMBER_OPTED_OUT": (Meaning.STOPPED, "The number has opted out"),
    "DESTINATION_PHONE_NUMBER_NOT_VERIFIED": (Meaning.DOWN, "The account is still in the sandbox"),
    "DESTINATION_COUNTRY_BLOCKED": (Meaning.REFUSED, "The country is blocked"),
    "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": (
        Meaning.REFUSED,
        "The protect configuration blocks the country",
    ),
    "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE": (
        Meaning.REFUSED,
        "The protect configuration blocks the number",
    ),
    "NO_ORIGINATION_IDENTITIES_FOUND": (Meaning.REFUSED, "No sender of yours reaches the country"),
    "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY": (
        Meaning.REFUSED,
        "The sender cannot be used in the country",
    ),
    "INTERNATIONAL_SENDING_NOT_SUPPORTED": (Meaning.REFUSED, "The sender serves its country only"),
    "SENDER_ID_NOT_SUPPORTED": (Meaning.REFUSED, "The country takes no sender ids"),
    "SENDER_ID_NOT_REGISTERED": (Meaning.REFUSED, "The sender id is not registered there"),
    "SENDER_ID_REQUIRES_REGISTRATION": (Meaning.REFUSED, "The country wants it registered"),
    "COUNTRY_NOT_ENABLED": (Meaning.REFUSED, "The country is not enabled"),
    "PRICE_OVER_THRESHOLD": (Meaning.REFUSED, "The message would cost more than max_price"),
    "MAXIMUM_SIZE_EXCEEDED": (Meaning.REFUSED, "The message is too long"),
    "INVALID_PARAMETER": (Meaning.REFUSED, "A parameter or the number is not valid"),
    "INVALID_ARN": (Meaning.DOWN, "A setting is not the ARN of anything"),
    "CHANNEL_NOT_ENABLED": (Meaning.DOWN, "The sender does not send text messages"),
    "NUMBER_CAPABILITIES_MISMATCH": (Meaning.DOWN, "The sender does not send text messages"),
    "MESSAGE_TYPE_MISMATCH": (Meaning.DOWN, "The sender is for another type of messages"),
    "REGISTRATION_NOT_COMPLETE": (Meaning.DOWN, "The sender's registration is not complete"),
    "RESOURCE_NOT_ACTIVE": (Meaning.DOWN, "The sender is not active"),
    "RESOURCE_NOT_ACCESSIBLE": (Meaning.DOWN, "The sender is not yours"),
    "INSUFFICIENT_ACCOUNT_REPUTATION": (Meaning.DOWN, "The account's reputation is too low"),
    "ACCOUNT_DISABLED": (Meaning.DOWN, "The account is disabled"),
    "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT": (Meaning.DOWN, "The month's spend limit is reached"),
    "AccessDeniedException": (Meaning.DOWN, "The user may not send"),
    "ExpiredTokenException": (Meaning.DOWN, "The session token is too old"),
    "InvalidSignatureException": (Meaning.DOWN, "The secret key or the clock is wrong"),
    "ResourceNotFoundException": (Meaning.DOWN, "There is no such sender or configuration set"),
    "ServiceQuotaExceededException": (Meaning.DOWN, "A quota of the account is exceeded"),
    "ThrottlingException": (Meaning.THROTTLED, "Sending faster than the sender may"),
    "UnrecognizedClientException": (Meaning.DOWN, "The access key is not known"),
}
STATUSES: Statuses = {
    "TEXT_QUEUED": (News.IGNORED, "queued"),
    "TEXT_PENDING": (News.IGNORED, "pending"),
    "TEXT_SENT": (News.IGNORED, "sent"),
    "TEXT_UNKNOWN": (News.IGNORED, "the carrier never told"),
    "TEXT_SUCCESSFUL": (News.DELIVERED, "the carrier took it"),
    "TEXT_DELIVERED": (News.DELIVERED, "delivered"),
    "TEXT_INVALID": (News.DEAD, "the number is not valid"),
    "TEXT_INVALID_MESSAGE": (News.BLOCKED, "the text is not valid"),
    "TEXT_UNREACHABLE": (News.SOFT, "the phone is unreachable"),
    "TEXT_CARRIER_UNREACHABLE": (News.SOFT, "the carrier cannot reach the phone"),
    "TEXT_BLOCKED": (News.BLOCKED, "the phone blocks messages"),
    "TEXT_CARRIER_BLOCKED": (News.BLOCKED, "the carrier blocks the message"),
    "TEXT_SPAM": (News.BLOCKED, "the carrier takes it for spam"),
    "TEXT_PROTECT_BLOCKED": (News.BLOCKED, "the protect configuration blocks it"),
    "TEXT_TTL_EXPIRED": (News.SOFT, "it took too long"),
}
# What AWS answers itself, unless opt-outs are managed here.
_ANSWERED = (
    *("ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD"),
    *("UNSUBSCRIBE", "HELP"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSmsSettings(AwsSettings):
    """What there is to choose about AWS End User Messaging SMS."""

    endpoint: ClassVar[str] = "sms-voice"

    origination_identity: str = option(
        "Pool, number or sender id that sends; empty: the brand's sender does", ""
    )
    configuration_set: str = option("Configuration set whose events tell what became of texts", "")
    max_price: str = option("Most that a part may cost, in US dollars, such as 0.05", "")
    self_managed_opt_outs: bool = option(
        "Whether the sender is set to self-managed opt-outs, so that AWS answers no STOP itself",
        False,
    )


class AwsSmsGateway(AwsGateway):
    """AWS End User Messaging SMS: subscribe `/hooks/<name>` to the topics of events and replies.

    The user needs `sms-voice:SendTextMessage`.
    """

    kind: ClassVar[str] = "aws_sms"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[AwsSmsSettings]] = AwsSmsSettings
    service: ClassVar[str] = "sms-voice"
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/",
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": "PinpointSMSVoiceV2.SendTextMessage",
            },
            fields={
                "DestinationPhoneNumber": "{to}",
                "OriginationIdentity": "{identity}",
                "MessageBody": "{text}",
                "MessageType": "PROMOTIONAL",
                "ConfigurationSetName": "{configuration_set}",
                "MaxPrice": "{max_price}",
                "Context": {"dispatcher": "{id}"},
            },
            optional=frozenset({"ConfigurationSetName", "MaxPrice"}),
        ),
        answer=Answer(id="MessageId", code="code", detail="message"),
        codes=CODES,
        reports=Reports(
            id="messageId",
            ref="context.dispatcher",
            status="eventType",
            statuses=STATUSES,
        ),
        replies=Replies(
            id="inboundMessageId",
            sender="originationNumber",
            recipient="destinationNumber",
            text="messageBody",
            answered_words=_ANSWERED,
        ),
    )

    def words(self, message: Message) -> Mapping[str, Any]:
        """Let the settings' sender stand before the brand's."""
        words = super().words(message)
        return {**words, "identity": self._settings.origination_identity or words["from"]}

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Say of each reply whether AWS has answered it."""
        silent = self._settings.self_managed_opt_outs
        events = super().events(item, callback)
        return [each._replace(answered=False) if silent else each for each in events]
