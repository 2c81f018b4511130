"""AWS End User Messaging SMS, as its documentation has it (API v2, event types, two-way SMS)."""

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

ID = "862a8790-60c0-4430-9b2b-658bd0000001"
SPACE = "com.amazonaws.pinpointsmsvoicev2#"


class AwsSms(Provider):
    """Errors are 400 with the name of an exception, and often a reason."""

    kind = "aws_sms"
    secret = SECRET
    options: ClassVar = {**AWS, "configuration_set": "texts", "max_price": "0.05"}
    codes: ClassVar = {
        "DESTINATION_PHONE_NUMBER_OPTED_OUT": "stopped",
        "DESTINATION_PHONE_NUMBER_NOT_VERIFIED": "down",
        "DESTINATION_COUNTRY_BLOCKED": "refused",
        "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION": "refused",
        "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE": "refused",
        "NO_ORIGINATION_IDENTITIES_FOUND": "refused",
        "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY": "refused",
        "INTERNATIONAL_SENDING_NOT_SUPPORTED": "refused",
        "SENDER_ID_NOT_SUPPORTED": "refused",
        "SENDER_ID_NOT_REGISTERED": "refused",
        "SENDER_ID_REQUIRES_REGISTRATION": "refused",
        "COUNTRY_NOT_ENABLED": "refused",
        "PRICE_OVER_THRESHOLD": "refused",
        "MAXIMUM_SIZE_EXCEEDED": "refused",
        "INVALID_PARAMETER": "refused",
        "INVALID_ARN": "down",
        "CHANNEL_NOT_ENABLED": "down",
        "NUMBER_CAPABILITIES_MISMATCH": "down",
        "MESSAGE_TYPE_MISMATCH": "down",
        "REGISTRATION_NOT_COMPLETE": "down",
        "RESOURCE_NOT_ACTIVE": "down",
        "RESOURCE_NOT_ACCESSIBLE": "down",
        "INSUFFICIENT_ACCOUNT_REPUTATION": "down",
        "ACCOUNT_DISABLED": "down",
        "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT": "down",
        "AccessDeniedException": "down",
        "ExpiredTokenException": "down",
        "InvalidSignatureException": "down",
        "ResourceNotFoundException": "down",
        "ServiceQuotaExceededException": "down",
        "ThrottlingException": "throttled",
        "UnrecognizedClientException": "down",
    }
    statuses: ClassVar = {
        "TEXT_QUEUED": "ignored",
        "TEXT_PENDING": "ignored",
        "TEXT_SENT": "ignored",
        "TEXT_UNKNOWN": "ignored",
        "TEXT_SUCCESSFUL": "delivered",
        "TEXT_DELIVERED": "delivered",
        "TEXT_INVALID": "dead",
        "TEXT_INVALID_MESSAGE": "blocked",
        "TEXT_UNREACHABLE": "soft",
        "TEXT_CARRIER_UNREACHABLE": "soft",
        "TEXT_BLOCKED": "blocked",
        "TEXT_CARRIER_BLOCKED": "blocked",
        "TEXT_SPAM": "blocked",
        "TEXT_PROTECT_BLOCKED": "blocked",
        "TEXT_TTL_EXPIRED": "soft",
    }
    played: ClassVar = {
        Case.REFUSE: "PRICE_OVER_THRESHOLD",
        Case.BUSY: "ThrottlingException",
        Case.STOPPED: "DESTINATION_PHONE_NUMBER_OPTED_OUT",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """An id, or an exception."""
        to = json.loads(request.body)["DestinationPhoneNumber"]
        code = code_of.get(to)
        if code is None:
            return Reply(200, json.dumps({"MessageId": ID}))
        error = {"Message": f"{to} is not for {self.secret}"}
        if code.isupper():
            error |= {"__type": f"{SPACE}ConflictException", "Reason": code}
        else:
            error |= {"__type": f"{SPACE}{code}", "Reason": "A_REASON_NOBODY_KNOWS"}
        return Reply(400, json.dumps(error))

    def built(self, base_url: str = "https://provider.example") -> Gateway:
        """Build the gateway with AWS at hand."""
        return aws_gateway(self.kind, {**self.options, "base_url": base_url})

    def proven(self, said: Any) -> Callback:
        """A genuine notification of anything."""
        return told(said)

    def callback(self, status: str, code: str = "") -> Callback:
        """An event of a configuration set."""
        return told(
            {
                "eventType": status,
                "eventVersion": "1.0",
                "eventTimestamp": 1789999998000,
                "isFinal": True,
                "destinationPhoneNumber": self.message(1).address,
                "messageId": ID,
                "messageStatus": status.removeprefix("TEXT_"),
                "context": {"dispatcher": self.key(1)},
            }
        )
