"""Postmark, as its documentation has it (postmarkapp.com/developer)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.mail import PASSWORD, MailProvider
from tests.servers.http import Reply, Request

MESSAGE_ID = "883953f4-6105-42a2-a16a-77a8eac79483"


class Postmark(MailProvider):
    """A list of verdicts; a bad token is 401 and one verdict for all."""

    kind = "postmark"
    secret = "server token of the tests only"
    options: ClassVar = {"server_token": secret, "callback_password": PASSWORD}
    codes: ClassVar = {
        "10": "down",
        "100": "throttled",
        "300": "refused",
        "400": "down",
        "401": "down",
        "402": "down",
        "403": "down",
        "405": "down",
        "406": "stopped",
        "409": "down",
        "410": "down",
        "411": "refused",
        "412": "down",
        "413": "down",
        "429": "throttled",
        "1221": "down",
        "1226": "down",
        "1235": "down",
        "1236": "down",
    }
    statuses: ClassVar = {
        "Delivery": "delivered",
        "SpamComplaint": "complained",
        "Open": "ignored",
        "Click": "ignored",
        "Bounce": "bounced",
        "Bounce/HardBounce": "dead",
        "Bounce/Transient": "delayed",
        "Bounce/Unsubscribe": "unsubscribed",
        "Bounce/Subscribe": "ignored",
        "Bounce/AutoResponder": "ignored",
        "Bounce/AddressChange": "ignored",
        "Bounce/DnsError": "soft",
        "Bounce/SpamNotification": "blocked",
        "Bounce/OpenRelayTest": "ignored",
        "Bounce/Unknown": "bounced",
        "Bounce/SoftBounce": "soft",
        "Bounce/VirusNotification": "blocked",
        "Bounce/ChallengeVerification": "ignored",
        "Bounce/BadEmailAddress": "dead",
        "Bounce/ManuallyDeactivated": "stopped",
        "Bounce/Unconfirmed": "bounced",
        "Bounce/Blocked": "blocked",
        "Bounce/SMTPApiError": "bounced",
        "Bounce/InboundError": "ignored",
        "Bounce/DMARCPolicy": "blocked",
        "Bounce/TemplateRenderingFailed": "bounced",
        "SubscriptionChange": "ignored",
        "SubscriptionChange/ManualSuppression": "unsubscribed",
        "SubscriptionChange/HardBounce": "dead",
        "SubscriptionChange/SpamComplaint": "complained",
    }
    phrases: ClassVar = {("300", "Invalid 'From' address: 'offers@brand'."): "down"}
    played: ClassVar = {
        Case.REFUSE: "300",
        Case.BUSY: "429",
        Case.STOPPED: "406",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One verdict for each mail, in order."""
        verdicts = [self._verdict(mail["To"], code_of) for mail in json.loads(request.body)]
        if verdicts[0]["ErrorCode"] in (10, 429):
            return Reply(401 if verdicts[0]["ErrorCode"] == 10 else 429, json.dumps(verdicts[0]))
        return Reply(200, json.dumps(verdicts))

    def _verdict(self, to: str, code_of: Mapping[str, str]) -> dict[str, Any]:
        code = int(code_of.get(to, 0))
        if code:
            words = self.words_of.get(to, f"{to} is not for {self.secret}")
            return {"ErrorCode": code, "Message": words}
        return {"To": to, "MessageID": MESSAGE_ID, "ErrorCode": 0, "Message": "OK"}

    def callback(self, status: str, code: str = "") -> Callback:
        """A record, whose type or reason stands beside it."""
        record, _, detail = status.partition("/")
        said: dict[str, Any] = {"RecordType": record, "MessageID": MESSAGE_ID}
        said["Metadata"] = {"id": self.key(1)}
        if record == "SubscriptionChange":
            said |= {"SuppressSending": bool(detail), "SuppressionReason": detail or None}
        elif detail:
            said |= {"Type": detail, "ID": 4323372036854775807}
        return self.told(said)
