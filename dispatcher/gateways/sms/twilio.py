"""Twilio Programmable Messaging, API 2010-04-01: a form a message, callbacks sealed by URL.

https://www.twilio.com/docs/messaging/api/message-resource
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Channel, Message
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask, Format
from dispatcher.gateways.credentials import basic
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, UrlSeal
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "14107": (Meaning.THROTTLED, "SMS send rate limit exceeded"),
    "20003": (Meaning.DOWN, "Permission Denied"),
    "20005": (Meaning.DOWN, "Account not active"),
    "20006": (Meaning.DOWN, "Access Denied"),
    "20008": (Meaning.DOWN, "Cannot access this resource with Test Credentials"),
    "20403": (Meaning.DOWN, "Forbidden"),
    "20404": (Meaning.DOWN, "The requested resource was not found"),
    "20429": (Meaning.THROTTLED, "Too Many Requests"),
    "20500": (Meaning.UNSURE, "Internal Server Error"),
    "20503": (Meaning.THROTTLED, "Service unavailable"),
    "21211": (Meaning.DEAD, "Invalid 'To' Phone Number"),
    "21212": (Meaning.DOWN, "Invalid From Number"),
    "21214": (Meaning.REFUSED, "'To' phone number cannot be reached"),
    "21219": (Meaning.REFUSED, "'To' phone number not verified"),
    "21265": (Meaning.REFUSED, "'To' number cannot be a Short Code"),
    "21266": (Meaning.REFUSED, "'To' and 'From' number cannot be the same"),
    "21408": (Meaning.REFUSED, "Permission to send to the region has not been enabled"),
    "21602": (Meaning.REFUSED, "Message body is required"),
    "21603": (Meaning.DOWN, "A 'From' or 'MessagingServiceSid' parameter is required"),
    "21604": (Meaning.REFUSED, "'To' phone number is required"),
    "21606": (Meaning.DOWN, "The 'From' number is not yours, or cannot send messages"),
    "21608": (Meaning.REFUSED, "The 'To' number is not verified for this trial account"),
    "21609": (Meaning.DOWN, "Invalid 'StatusCallback'"),
    "21610": (Meaning.STOPPED, "Attempt to send to unsubscribed recipient"),
    "21611": (Meaning.THROTTLED, "This 'From' number has exceeded its queue of messages"),
    "21612": (Meaning.REFUSED, "The 'To' number cannot be reached from this 'From'"),
    "21614": (Meaning.DEAD, "'To' number is not a valid mobile number"),
    "21617": (Meaning.REFUSED, "The message body exceeds 1600 characters"),
    "21635": (Meaning.DEAD, "'To' number cannot be a landline"),
    "21659": (Meaning.DOWN, "'From' is not a Twilio number or short code"),
    "21660": (Meaning.DOWN, "The 'From' number belongs to another account"),
    "21661": (Meaning.DOWN, "The 'From' number cannot send text messages"),
    "21701": (Meaning.DOWN, "The Messaging Service does not exist"),
    "21703": (Meaning.DOWN, "The Messaging Service has no phone number available"),
    "21704": (Meaning.DOWN, "The Messaging Service contains no phone numbers"),
    "21705": (Meaning.DOWN, "The Messaging Service is invalid"),
    "63038": (Meaning.THROTTLED, "Account exceeded its daily messages limit"),
}
STATUSES: Statuses = {
    "accepted": (News.IGNORED, "accepted"),
    "scheduled": (News.IGNORED, "scheduled"),
    "queued": (News.IGNORED, "queued"),
    "sending": (News.IGNORED, "sending"),
    "sent": (News.IGNORED, "sent"),
    "delivered": (News.DELIVERED, "delivered"),
    "read": (News.DELIVERED, "read"),
    "undelivered": (News.BOUNCED, "undelivered"),
    "failed": (News.BOUNCED, "failed"),
    "canceled": (News.BOUNCED, "canceled"),
}
REPORT_CODES: Statuses = {
    "21610": (News.STOPPED, "Attempt to send to unsubscribed recipient"),
    "30001": (News.BLOCKED, "Queue overflow"),
    "30002": (News.BLOCKED, "Account suspended"),
    "30003": (News.SOFT, "Unreachable destination handset"),
    "30004": (News.BLOCKED, "Message blocked"),
    "30005": (News.DEAD, "Unknown destination handset"),
    "30006": (News.DEAD, "Landline or unreachable carrier"),
    "30007": (News.BLOCKED, "Message filtered"),
    "30008": (News.BOUNCED, "Unknown error"),
    "30017": (News.SOFT, "Carrier network congestion"),
    "30022": (News.BLOCKED, "US A2P 10DLC: rate limits exceeded"),
    "30023": (News.BLOCKED, "US A2P 10DLC: daily message cap reached"),
    "30024": (News.BLOCKED, "Numeric sender ID not provisioned on carrier"),
    "30027": (News.BLOCKED, "US A2P 10DLC: T-Mobile daily message limit reached"),
    "30032": (News.BLOCKED, "Toll-free number has not been verified"),
    "30033": (News.BLOCKED, "US A2P 10DLC: campaign suspended"),
    "30034": (News.BLOCKED, "Message from an unregistered number"),
    "30035": (News.BLOCKED, "The sender's registration is not finished"),
    "30036": (News.BLOCKED, "Validity period expired in the queue"),
    "30037": (News.BLOCKED, "Outbound messaging disabled"),
    "30039": (News.BLOCKED, "Message loop cut"),
    "30040": (News.BLOCKED, "The carrier wants sender IDs registered beforehand"),
    "30410": (News.SOFT, "Provider timeout"),
    "30450": (News.BLOCKED, "Held back by fraud protection"),
    "30453": (News.BLOCKED, "Held back as suspicious traffic"),
    "30454": (News.BLOCKED, "Limit of messages to this destination reached"),
    "30500": (News.BOUNCED, "Internal failure"),
    "30610": (News.BLOCKED, "Quiet hours"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings(ApiSettings):
    """What there is to choose about Twilio."""

    base_url: str = option(
        "Where Twilio listens, in Ireland https://api.dublin.ie1.twilio.com; a simulator may stand"
        " in for it",
        "https://api.twilio.com",
    )
    account_sid: str = option("Account SID, which begins with AC")
    auth_token: SecretStr = option("Auth token of the account; callbacks are signed with it too")
    messaging_service_sid: str = option(
        "Messaging service that chooses the number; empty: the brand's sender is the number", ""
    )


class TwilioGateway(ApiGateway):
    """Twilio: set the URL of incoming messages to `/hooks/<name>`; receipts find it themselves."""

    kind: ClassVar[str] = "twilio"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[TwilioSettings]] = TwilioSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/2010-04-01/Accounts/{account_sid}/Messages.json",
            format=Format.FORM,
            fields={
                "To": "{to}",
                "From": "{from}",
                "MessagingServiceSid": "{messaging_service_sid}",
                "Body": "{text}",
                "StatusCallback": "{callback_ref}",
            },
            optional=frozenset({"From", "MessagingServiceSid", "StatusCallback"}),
        ),
        answer=Answer(id="sid", code="code", detail="message"),
        codes=CODES,
        reports=Reports(
            id="MessageSid",
            ref="ref",
            status="MessageStatus",
            code="ErrorCode",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        replies=Replies(
            id="MessageSid", sender="From", recipient="To", text="Body", answered="OptOutType"
        ),
    )

    def auth(self) -> Mapping[str, str]:
        """Basic authentication with the account's SID and token."""
        return basic(self._settings.account_sid, self._settings.auth_token)

    def proof(self) -> Proof | None:
        """X-Twilio-Signature (twilio.com/docs/usage/security)."""
        token = self._settings.auth_token
        return UrlSeal(token, "x-twilio-signature") if token.get_secret_value() else None

    def entry(self, message: Message) -> Any:
        """Leave the sender out where the service chooses: else Twilio takes it all the same."""
        entry = ApiGateway.entry(self, message)
        if "MessagingServiceSid" in entry:
            entry.pop("From", None)
        return entry
