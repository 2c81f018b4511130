"""Sinch, as its documentation has it (developers.sinch.com/docs/sms/api-reference)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

BATCH = "01FC66621XXXXX119Z8PMV1QPQ"
HOOK_SECRET = "a callback secret of the tests"


class Sinch(Provider):
    """Errors are 400 or 403 with a code; 401 and 429 say nothing more."""

    kind = "sinch"
    secret = "an API token of the tests"
    options: ClassVar = {
        "service_plan_id": "a1b2",
        "api_token": secret,
        "callback_secret": HOOK_SECRET,
    }
    codes: ClassVar = {
        "syntax_invalid_json": "refused",
        "syntax_invalid_parameter_format": "refused",
        "syntax_constraint_violation": "refused",
        "unknown_campaign": "down",
        "missing_callback_url": "down",
    }
    statuses: ClassVar = {
        "Queued": "ignored",
        "Dispatched": "ignored",
        "Delivered": "delivered",
        "Failed": "bounced",
        "Aborted": "bounced",
        "Rejected": "blocked",
        "Cancelled": "bounced",
        "Deleted": "bounced",
        "Expired": "soft",
        "Unknown": "unknown",
    }
    failure = "Failed"
    report_codes: ClassVar = {
        "402": "bounced",
        "403": "bounced",
        "404": "soft",
        "406": "soft",
        "407": "bounced",
        "408": "blocked",
        "410": "blocked",
        "411": "blocked",
        "412": "blocked",
        "413": "blocked",
    }
    played: ClassVar = {Case.REFUSE: "syntax_invalid_parameter_format", Case.BUSY: "429"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A batch, or one error."""
        said = json.loads(request.body)
        [to] = said["to"]
        code = code_of.get(f"+{to}")
        if code is None:
            return Reply(201, json.dumps({"id": BATCH, "to": [to], "canceled": False}))
        if code == "429":
            return Reply(429, "")
        error = {"code": code, "text": f"{to} or {self.secret} is wrong"}
        return Reply(400 if code.startswith("syntax") else 403, json.dumps(error))

    def callback(self, status: str, code: str = "") -> Callback:
        """A report for one recipient."""
        return self.signed(
            {
                "type": "recipient_delivery_report_sms",
                "batch_id": BATCH,
                "recipient": "447700900001",
                "code": int(code or 0),
                "status": status,
                "at": "2026-09-21T14:13:20.123Z",
                "client_reference": self.key(1),
            }
        )

    def signed(self, said: Mapping[str, Any]) -> Callback:
        """Sign a body as the documentation on callbacks tells."""
        body, nonce, timestamp = json.dumps(said).encode(), "01FJA8B4A7BM43YGWSG9GBV067", str(WALL)
        timestamp = timestamp.partition(".")[0]
        content = b".".join((body, nonce.encode(), timestamp.encode()))
        digest = hmac.new(HOOK_SECRET.encode(), content, hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "x-sinch-webhook-signature": base64.b64encode(digest).decode(),
            "x-sinch-webhook-signature-nonce": nonce,
            "x-sinch-webhook-signature-timestamp": timestamp,
            "x-sinch-webhook-signature-algorithm": "HmacSHA256",
        }
        return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")
