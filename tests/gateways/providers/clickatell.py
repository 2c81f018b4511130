"""Clickatell, as its documentation has it (docs.clickatell.com: One API)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

MESSAGE = "fd496adebb6e422587368077937cfb5d"
GLOBAL = {"1": 401, "2": 400, "3": 400, "7": 401, "18": 500, "19": 503, "20": 402, "43": 400}


class Clickatell(Provider):
    """Each message has its answer: 202 all taken, 207 some, 400 none; or one error for all."""

    kind = "clickatell"
    secret = "an API key of the tests"
    options: ClassVar = {
        "api_key": secret,
        "callback_user": "clickatell",
        "callback_password": "a password of the tests",
    }
    codes: ClassVar = {
        "1": "down",
        "2": "down",
        "3": "down",
        "7": "down",
        "18": "unsure",
        "19": "throttled",
        "20": "down",
        "21": "refused",
        "22": "down",
        "23": "refused",
        "24": "refused",
        "25": "dead",
        "26": "stopped",
        "27": "refused",
        "28": "refused",
        "30": "refused",
        "38": "down",
        "39": "down",
        "40": "refused",
        "41": "down",
        "42": "down",
        "43": "throttled",
        "44": "down",
        "45": "down",
        "46": "down",
        "100": "refused",
        "101": "refused",
        "110": "refused",
        "111": "refused",
    }
    statuses: ClassVar = {
        "UNKNOWN": "unknown",
        "QUEUED": "ignored",
        "SCHEDULED": "ignored",
        "SENT_TO_SUPPLIER": "ignored",
        "DEVICE_ACK": "delivered",
        "READ": "delivered",
        "EXPIRED": "soft",
        "STOPPED_BY_USER": "bounced",
        "STOPPED_BY_ADMIN": "blocked",
        "DELIVERY_FAILURE": "bounced",
        "EMULATED": "ignored",
        "INSUFFICIENT_ACCOUNT_BALANCE": "blocked",
        "VOLUME_LIMIT": "blocked",
        "VOLUME_LIMIT_DAILY": "blocked",
        "VOLUME_LIMIT_MONTHLY": "blocked",
        "RECIPIENT_DOES_NOT_EXIST": "dead",
        "ROUTING_ERROR": "blocked",
    }
    played: ClassVar = {
        Case.REFUSE: "24",
        Case.BUSY: "43",
        Case.STOPPED: "26",
        Case.DEAD: "25",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One result each, or one error for all."""
        asked = [each["to"] for each in json.loads(request.body)["messages"]]
        found = {to: code_of.get(f"+{to}") for to in asked}
        troubles = [code for code in found.values() if code in GLOBAL]
        if troubles:
            error = {"code": int(troubles[0]), "description": f"not for {self.secret}"}
            return Reply(GLOBAL[troubles[0]], json.dumps({"messages": [], "error": error}))
        refused = [code for code in found.values() if code]
        status = 202 if not refused else 400 if len(refused) == len(found) else 207
        each = [self.result(to, code) for to, code in found.items()]
        return Reply(status, json.dumps({"messages": each, "error": None}))

    def result(self, to: str, code: str | None) -> dict[str, Any]:
        """Give what is said of one message."""
        if code is None:
            return {"apiMessageId": f"{MESSAGE}{to}", "accepted": True, "to": to, "error": None}
        error = {"code": int(code), "description": f"{to} is not for {self.secret}"}
        return {"apiMessageId": None, "accepted": False, "to": to, "error": error}

    def callback(self, status: str, code: str = "") -> Callback:
        """An event with one status."""
        told = {
            "channel": "sms",
            "messageId": MESSAGE,
            "clientMessageId": self.key(1),
            "timestamp": 1789999980000,
            "statusCode": int(code or 4),
            "status": status,
        }
        return self.heard({"messageStatusUpdate": [told]})

    def heard(self, event: Mapping[str, Any]) -> Callback:
        """Give a callback with its password."""
        said = {"integrationId": "fa80", "integrationName": "Shop", "event": event}
        return self.sealed(json.dumps(said).encode())

    def sealed(self, body: bytes) -> Callback:
        """Give any body with the password."""
        pair = base64.b64encode(b"clickatell:a password of the tests").decode()
        headers = {"content-type": "application/json", "authorization": f"Basic {pair}"}
        return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")
