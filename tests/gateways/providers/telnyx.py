"""Telnyx, as its documentation has it (developers.telnyx.com: messages, errors, webhooks)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

MESSAGE = "40385f64-5717-4562-b3fc-2c963f66afa6"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HTTP = {"10009": 401, "10010": 403, "10011": 429, "10007": 500, "10005": 404, "40300": 403}


class Telnyx(Provider):
    """Refusals are lists of errors, mostly with 400."""

    kind = "telnyx"
    secret = "KEY0123456789ABCDEF_of_the_tests"
    options: ClassVar = {
        "api_key": secret,
        "public_key": base64.b64encode(KEY.public_key().public_bytes_raw()).decode(),
    }
    codes: ClassVar = {
        "10001": "down",
        "10002": "refused",
        "10003": "down",
        "10004": "down",
        "10005": "down",
        "10006": "down",
        "10007": "unsure",
        "10009": "down",
        "10010": "down",
        "10011": "throttled",
        "10015": "refused",
        "10016": "refused",
        "20002": "down",
        "20006": "down",
        "20012": "down",
        "20013": "down",
        "20014": "down",
        "20015": "down",
        "20016": "down",
        "20017": "down",
        "20100": "down",
        "40001": "dead",
        "40012": "dead",
        "40013": "down",
        "40100": "down",
        "40300": "stopped",
        "40301": "refused",
        "40302": "refused",
        "40304": "refused",
        "40305": "down",
        "40306": "down",
        "40309": "refused",
        "40310": "dead",
        "40311": "down",
        "40312": "down",
        "40313": "down",
        "40314": "down",
        "40315": "down",
        "40316": "refused",
        "40318": "throttled",
        "40319": "refused",
        "40320": "down",
        "40321": "down",
        "40322": "refused",
        "40328": "refused",
        "40329": "down",
        "40333": "down",
    }
    statuses: ClassVar = {
        "queued": "ignored",
        "sending": "ignored",
        "sent": "ignored",
        "delivery_unconfirmed": "ignored",
        "delivered": "delivered",
        "expired": "soft",
        "sending_failed": "bounced",
        "delivery_failed": "bounced",
    }
    failure = "delivery_failed"
    report_codes: ClassVar = {
        "40001": "dead",
        "40002": "blocked",
        "40003": "blocked",
        "40004": "bounced",
        "40005": "soft",
        "40006": "soft",
        "40007": "blocked",
        "40008": "bounced",
        "40009": "blocked",
        "40010": "blocked",
        "40011": "blocked",
        "40012": "dead",
        "40013": "blocked",
        "40014": "blocked",
        "40015": "blocked",
        "40016": "blocked",
        "40017": "blocked",
        "40018": "blocked",
        "40300": "stopped",
        "40322": "blocked",
        "40329": "blocked",
    }
    played: ClassVar = {
        Case.REFUSE: "40302",
        Case.BUSY: "10011",
        Case.STOPPED: "40300",
        Case.DEAD: "40310",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One resource, or a list of errors."""
        asked = json.loads(request.body)
        to, code = asked["to"], code_of.get(asked["to"])
        if code is None:
            said = [{"phone_number": to, "status": "queued", "carrier": "", "line_type": ""}]
            return Reply(200, json.dumps({"data": {"id": MESSAGE, "to": said, "errors": []}}))
        error = {"code": code, "title": "No", "detail": f"{to} is not for {self.secret}"}
        return Reply(HTTP.get(code, 400), json.dumps({"errors": [error]}))

    def callback(self, status: str, code: str = "") -> Callback:
        """An event about our own text, which comes back with it."""
        is_final = status not in ("queued", "sending", "sent")
        return self.signed(
            "message.finalized" if is_final else "message.sent",
            {
                "record_type": "message",
                "direction": "outbound",
                "id": MESSAGE,
                "type": "SMS",
                "from": {"phone_number": "Brand", "carrier": "", "line_type": ""},
                "to": [{"phone_number": self.message(1).address, "status": status}],
                "text": self.message(1).content.decode(),
                "webhook_url": f"{HOOKS}/acme?ref={self.key(1)}",
                "errors": [{"code": code, "title": "No", "detail": "told"}] if code else [],
            },
        )

    def signed(self, event: str, payload: Mapping[str, Any]) -> Callback:
        """Give an event, signed."""
        told = {
            "data": {
                "record_type": "event",
                "id": "86f58db9-0fe3-4adc-9d1f-46e66e6e9323",
                "event_type": event,
                "occurred_at": "2026-09-21T14:13:19.574Z",
                "payload": payload,
            },
            "meta": {"attempt": 1, "delivered_to": f"{HOOKS}/acme"},
        }
        return self.sealed(json.dumps(told).encode())

    def sealed(self, body: bytes) -> Callback:
        """Sign a body as the guide on webhooks tells."""
        at = str(int(WALL) - 20)
        signature = KEY.sign(at.encode() + b"|" + body)
        headers = {
            "content-type": "application/json",
            "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
            "telnyx-timestamp": at,
        }
        return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")
