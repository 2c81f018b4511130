"""Mailchimp Transactional, as its documentation has it (mailchimp.com/developer/transactional)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

KEY = "webhook key of the tests"
ERRORS = {
    "Invalid_Key": -1,
    "PaymentRequired": 10,
    "PoorReputation": 13,
    "Unknown_Subaccount": 12,
    "ServiceUnavailable": 11,
    "ValidationError": -2,
    "GeneralError": -99,
}


class Mandrill(Provider):
    """A list of one result; errors are 500 with a name, whatever they are."""

    kind = "mandrill"
    secret = "api key of the tests only"
    options: ClassVar = {"api_key": secret, "webhook_key": KEY}
    codes: ClassVar = {
        "rejected": "refused",
        "hard-bounce": "dead",
        "soft-bounce": "refused",
        "spam": "stopped",
        "unsub": "stopped",
        "custom": "stopped",
        "invalid": "dead",
        "rule": "refused",
        "invalid-sender": "down",
        "unsigned": "down",
        "recipient-domain-mismatch": "down",
        "test-mode-limit": "down",
        "Invalid_Key": "down",
        "PaymentRequired": "down",
        "PoorReputation": "down",
        "Unknown_Subaccount": "down",
        "ServiceUnavailable": "throttled",
        "ValidationError": "refused",
        "GeneralError": "unsure",
    }
    statuses: ClassVar = {
        "send": "ignored",
        "delivered": "delivered",
        "deferral": "delayed",
        "hard_bounce": "dead",
        "soft_bounce": "soft",
        "spam": "complained",
        "unsub": "unsubscribed",
        "reject": "bounced",
        "open": "ignored",
        "click": "ignored",
        **dict.fromkeys((f"hard_bounce/{code}" for code in range(50, 55)), "blocked"),
        **dict.fromkeys((f"soft_bounce/{code}" for code in range(50, 55)), "blocked"),
    }
    phrases: ClassVar = {
        (
            "ValidationError",
            'Validation error: {"message":{"from_email":"must contain a single @"}}',
        ): "down"
    }
    played: ClassVar = {
        Case.REFUSE: "rule",
        Case.BUSY: "ServiceUnavailable",
        Case.STOPPED: "unsub",
        Case.DEAD: "hard-bounce",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A rejection has a reason, an invalid address only its status."""
        [to] = json.loads(request.body)["message"]["to"]
        result = {"email": to["email"], "_id": "abc123abc123abc123abc123abc123"}
        code = code_of.get(to["email"])
        if code in ERRORS:
            words = self.words_of.get(to["email"], f"{to['email']} is not for {self.secret}")
            error = {"status": "error", "code": ERRORS[code], "name": code, "message": words}
            return Reply(500, json.dumps(error))
        if code is None:
            said = {"status": "sent", "reject_reason": None}
        elif code == "invalid":
            said = {"status": "invalid", "reject_reason": None}
        else:
            said = {"status": "rejected", "reject_reason": code if code != "rejected" else None}
        return Reply(200, json.dumps([result | said]))

    def callback(self, status: str, code: str = "") -> Callback:
        """A form with a list of events in it."""
        event, _, category = status.partition("/")
        message: dict[str, Any] = {"_id": "abc123", "metadata": {"id": self.key(1)}}
        if category:
            message |= {"bounce_description": "general", "bgtools_code": int(category)}
        return self.signed([{"event": event, "ts": 1384954004, "_id": "abc123", "msg": message}])

    def signed(self, events: Any) -> Callback:
        """Give a form that tells events."""
        return self.form({"mandrill_events": json.dumps(events)})

    def form(self, fields: Mapping[str, str]) -> Callback:
        """Sign a form as the documentation on webhooks tells."""
        url = f"{HOOKS}/acme"
        content = url + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(KEY.encode(), content.encode(), hashlib.sha1).digest()
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-mandrill-signature": base64.b64encode(digest).decode(),
        }
        return Callback("POST", "/hooks/acme", {}, headers, urlencode(fields).encode(), WALL, url)
