"""SendGrid, as its documentation has it (Mail Send v3, Event Webhook, its security features)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

ID = "14c5d75ce93.dfd.64b469"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    PRIVATE.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
TOKEN = "a word for incoming mail"


class Sendgrid(Provider):
    """Errors name the field that is wrong."""

    kind = "sendgrid"
    secret = "SG.a-key-of-the-tests.only"
    options: ClassVar = {"api_key": secret, "verification_key": PUBLIC, "parse_token": TOKEN}
    codes: ClassVar = {
        "personalizations.0.to.0.email": "dead",
        "personalizations": "refused",
        "content": "refused",
        "content.0.value": "refused",
        "subject": "refused",
        "headers": "refused",
        "custom_args": "refused",
        "from": "down",
        "from.email": "down",
        "reply_to.email": "down",
        "ip_pool_name": "down",
        "authorization": "down",
    }
    statuses: ClassVar = {
        "processed": "ignored",
        "deferred": "delayed",
        "delivered": "delivered",
        "bounce": "bounced",
        "bounce/bounce/Invalid Address": "dead",
        "bounce/bounce/Mailbox Unavailable": "soft",
        "bounce/bounce/Technical": "soft",
        "bounce/bounce/Technical Failure": "soft",
        "bounce/bounce/Content": "blocked",
        "bounce/bounce/Reputation": "blocked",
        "bounce/bounce/Frequency or Volume Too High": "blocked",
        "bounce/blocked": "blocked",
        "bounce/blocked/Mailbox Unavailable": "soft",
        "bounce/blocked/Technical": "soft",
        "bounce/blocked/Technical Failure": "soft",
        "bounce/expired": "soft",
        "dropped": "bounced",
        "spamreport": "complained",
        "unsubscribe": "unsubscribed",
        "group_unsubscribe": "unsubscribed",
        "group_resubscribe": "ignored",
        "open": "ignored",
        "click": "ignored",
    }
    failure = "bounce"
    report_codes: ClassVar = {
        "Bounced Address": "dead",
        "Invalid": "dead",
        "Unsubscribed Address": "stopped",
        "Spam Reporting Address": "stopped",
        "Spam Content": "blocked",
        "Spam Content (if Spam Checker app enabled)": "blocked",
        "Invalid SMTPAPI header": "blocked",
        "Recipient List over Package Quota": "blocked",
        "5.1.1": "dead",
        "5.1.10": "dead",
        "5.2.2": "soft",
        "5.7.1": "blocked",
        "5.7.26": "blocked",
    }
    played: ClassVar = {
        Case.REFUSE: "content",
        Case.BUSY: "",
        Case.DEAD: "personalizations.0.to.0.email",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """No body and an id in a header, or a list of errors."""
        [person] = json.loads(request.body)["personalizations"]
        to = person["to"][0]["email"]
        field = code_of.get(to)
        if field is None:
            return Reply(202, "", {"X-Message-Id": ID})
        if not field:
            return Reply(429, '{"errors": [{"message": "too many requests", "field": null}]}')
        status = {"from": 403, "authorization": 401}.get(field, 400)
        error = {"message": f"{to} is not for {self.secret}", "field": field, "help": None}
        return Reply(status, json.dumps({"errors": [error]}))

    def callback(self, status: str, code: str = "") -> Callback:
        """A list with one event."""
        return self.signed(self.event(status, code))

    def event(self, status: str, code: str = "") -> dict[str, Any]:
        """Give an event as the webhook writes it."""
        dropped = bool(code) and not code[0].isdigit()
        names = ("event", "type", "bounce_classification")
        told = dict(zip(names, status.split("/"), strict=False))
        return {
            "email": self.message(1).address,
            "timestamp": 1789999990,
            "smtp-id": "<d1@brand.example>",
            "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
            "sg_message_id": f"{ID}.filter0001.16648.5515E0B88.0",
            "dispatcher": self.key(1),
            **({"event": "dropped", "reason": code} if dropped else told),
            **({"status": code} if code and not dropped else {}),
        }

    def signed(self, *events: Any) -> Callback:
        """Sign a list of events; its last line end counts."""
        return self.sealed(json.dumps(events).encode() + b"\r\n")

    def proven(self, said: Any) -> Callback:
        """Sign anything."""
        return self.sealed(json.dumps(said).encode())

    def sealed(self, body: bytes) -> Callback:
        """Sign a body."""
        at = str(int(WALL) - 3)
        signature = PRIVATE.sign(at.encode() + body, ec.ECDSA(hashes.SHA256()))
        headers = {
            "content-type": "application/json",
            "x-twilio-email-event-webhook-timestamp": at,
            "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        }
        return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")
