"""Amazon SES, as its documentation has it (API v2, event publishing, notifications by SNS)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from dispatcher.domain.ports import Gateway
from tests.gateways.contract.peers import Case
from tests.gateways.providers.notifications import AWS, SECRET, aws_gateway, told
from tests.gateways.providers.provider import Provider
from tests.servers.http import Reply, Request

ID = "0102018b7d1f0000-4c6d1f5e-7c9b-4f6b-9a60-5a1f3a1b0c2d-000000"


class Ses(Provider):
    """Failures of one mail stand in its result, those of all are an exception's name."""

    kind = "ses"
    secret = SECRET
    options: ClassVar = {**AWS, "configuration_set": "offers"}
    codes: ClassVar = {
        "MESSAGE_REJECTED": "refused",
        "MAIL_FROM_DOMAIN_NOT_VERIFIED": "down",
        "CONFIGURATION_SET_DOES_NOT_EXIST": "down",
        "CONFIGURATION_SET_NOT_FOUND": "down",
        "ACCOUNT_SUSPENDED": "down",
        "ACCOUNT_THROTTLED": "throttled",
        "ACCOUNT_DAILY_QUOTA_EXCEEDED": "throttled",
        "INVALID_SENDING_POOL_NAME": "down",
        "ACCOUNT_SENDING_PAUSED": "down",
        "CONFIGURATION_SET_SENDING_PAUSED": "down",
        "INVALID_PARAMETER": "refused",
        "TRANSIENT_FAILURE": "throttled",
        "FAILED": "refused",
        "AccountSuspendedException": "down",
        "SendingPausedException": "down",
        "MailFromDomainNotVerifiedException": "down",
        "MessageRejected": "down",
        "NotFoundException": "down",
        "TooManyRequestsException": "throttled",
        "LimitExceededException": "throttled",
        "ThrottlingException": "throttled",
        "BadRequestException": "refused",
        "AccessDeniedException": "down",
        "ExpiredTokenException": "down",
        "InvalidSignatureException": "down",
        "UnrecognizedClientException": "down",
    }
    statuses: ClassVar = {
        "Send": "ignored",
        "Delivery": "delivered",
        "DeliveryDelay": "delayed",
        "Bounce": "bounced",
        "Bounce/Permanent": "bounced",
        "Bounce/Permanent/General": "dead",
        "Bounce/Permanent/General/5.3": "blocked",
        "Bounce/Permanent/General/5.6": "blocked",
        "Bounce/Permanent/General/5.7": "blocked",
        "Bounce/Permanent/NoEmail": "dead",
        "Bounce/Permanent/Suppressed": "dead",
        "Bounce/Permanent/OnAccountSuppressionList": "dead",
        "Bounce/Permanent/UnsubscribedRecipient": "stopped",
        "Bounce/Transient": "soft",
        "Bounce/Transient/General": "soft",
        "Bounce/Transient/MailboxFull": "soft",
        "Bounce/Transient/CustomTimeoutExceeded": "soft",
        "Bounce/Transient/MessageTooLarge": "blocked",
        "Bounce/Transient/ContentRejected": "blocked",
        "Bounce/Transient/AttachmentRejected": "blocked",
        "Bounce/Undetermined": "bounced",
        "Complaint": "complained",
        "Complaint/OnAccountSuppressionList": "stopped",
        "Complaint/not-spam": "ignored",
        "Complaint/auth-failure": "ignored",
        "Subscription": "ignored",
        "Subscription/OptOut": "unsubscribed",
        "Reject": "blocked",
        "Rendering Failure": "blocked",
        "Open": "ignored",
        "Click": "ignored",
    }
    places: ClassVar = (
        "subscription.newTopicPreferences.topicSubscriptionStatus",
        "subscription.newTopicPreferences.unsubscribeAll",
        "bounce.bouncedRecipients",
        "receipt.action.encoding",
        "content",
    )
    failure = "Bounce/Permanent/General"
    report_codes: ClassVar = {
        "5.1.1": "dead",
        "5.2.2": "soft",
    }
    played: ClassVar = {Case.REFUSE: "MESSAGE_REJECTED", Case.BUSY: "ACCOUNT_THROTTLED"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A list of results in the order of the entries, or one exception."""
        results = []
        for entry in json.loads(request.body)["BulkEmailEntries"]:
            [to] = entry["Destination"]["ToAddresses"]
            code = code_of.get(to, "SUCCESS")
            if code[0].isupper() and not code.isupper():
                status = {"TooManyRequestsException": 429, "NotFoundException": 404}.get(code, 400)
                error = json.dumps({"message": f"{to} is not for {self.secret}"})
                return Reply(status, error, {"x-amzn-ErrorType": f"{code}:http://aws.example/"})
            good = code == "SUCCESS"
            results.append(
                {"Status": code, "MessageId": ID}
                if good
                else {"Status": code, "Error": f"{to} is not for {self.secret}"}
            )
        return Reply(200, json.dumps({"BulkEmailEntryResults": results}))

    def built(self, base_url: str = "https://provider.example") -> Gateway:
        """Build the gateway with AWS at hand."""
        return aws_gateway(self.kind, {**self.options, "base_url": base_url})

    def proven(self, said: Any) -> Callback:
        """A genuine notification of anything."""
        return told(said)

    def callback(self, status: str, code: str = "") -> Callback:
        """An event of a configuration set."""
        return told(self.event(status, code))

    def event(self, status: str, code: str = "") -> dict[str, Any]:
        """Give an event as event publishing writes it."""
        kind, *rest = status.split("/")
        about: dict[str, Any] = {"timestamp": "2026-09-21T14:13:20.000Z"}
        if kind == "Bounce":
            about |= dict(zip(("bounceType", "bounceSubType"), rest, strict=False))
            hurt = {"emailAddress": self.message(1).address, "action": "failed"}
            code = f"{rest[2]}.26" if len(rest) > 2 else code
            about["bouncedRecipients"] = [hurt | ({"status": code} if code else {})]
        elif kind == "Complaint" and rest:
            sub = rest[0] == "OnAccountSuppressionList"
            about["complaintSubType" if sub else "complaintFeedbackType"] = rest[0]
        elif kind == "Subscription":
            about["newTopicPreferences"] = {"unsubscribeAll": bool(rest)}
        mail = {
            "messageId": ID,
            "destination": [self.message(1).address],
            "tags": {"ses:configuration-set": ["offers"], "dispatcher": [self.key(1)]},
        }
        name = {"DeliveryDelay": "deliveryDelay", "Rendering Failure": "failure"}
        return {"eventType": kind, "mail": mail, name.get(kind, kind.lower()): about}
