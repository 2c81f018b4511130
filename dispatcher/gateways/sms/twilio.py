"""Twilio Programmable Messaging, API 2010-04-01: a form a message, callbacks sealed by URL.

https://www.twilio.com/docs/messaging/api/message-resource
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Channel
from dispatcher.gateways.api import Answer, Api, ApiGateway, ApiSettings, Ask, Format
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, UrlSeal
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "14107": (Meaning.THROTTLED, "SMS send rate limit exceeded"),
    "20003": (Meaning.DOWN, "Permission Denied"),
    "20404": (Meaning.DOWN, "The requested resource was not found"),
    "20429": (Meaning.THROTTLED, "Too Many Requests"),
    "21211": (Meaning.DEAD, "Invalid 'To' Phone Number"),
    "21408": (Meaning.REFUSED, "Permission to send to the region has not been enabled"),
    "21606": (Meaning.DOWN, "The 'From' number is not yours, or cannot send messages"),
    "21610": (Meaning.STOPPED, "Attempt to send to unsubscribed recipient"),
    "21611": (Meaning.THROTTLED, "This 'From' number has exceeded its queue of messages"),
    "21612": (Meaning.REFUSED, "The 'To' number cannot be reached from this 'From'"),
    "21614": (Meaning.DEAD, "'To' number is not a valid mobile number"),
    "21617": (Meaning.REFUSED, "The message body exceeds 1600 characters"),
    "21659": (Meaning.DOWN, "'From' is not a Twilio number or short code"),
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
    "30002": (News.BLOCKED, "Account suspended"),
    "30003": (News.SOFT, "Unreachable destination handset"),
    "30004": (News.BLOCKED, "Message blocked"),
    "30005": (News.DEAD, "Unknown destination handset"),
    "30006": (News.DEAD, "Landline or unreachable carrier"),
    "30007": (News.BLOCKED, "Message filtered"),
    "30034": (News.BLOCKED, "Message from an unregistered number"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSettings(ApiSettings):
    """What there is to choose about Twilio."""

    base_url: str = option(
        "Where Twilio listens; a simulator may stand in for it", "https://api.twilio.com"
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
            optional=frozenset({"MessagingServiceSid", "StatusCallback"}),
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
        s: TwilioSettings = self._settings
        pair = f"{s.account_sid}:{s.auth_token.get_secret_value()}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def proof(self) -> Proof:
        """X-Twilio-Signature (twilio.com/docs/usage/security)."""
        return UrlSeal(self._settings.auth_token, "x-twilio-signature")
