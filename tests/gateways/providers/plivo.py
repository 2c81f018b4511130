"""Plivo, as its documentation has it (plivo.com/docs/messaging, signatures of version 3)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

MESSAGE = "db3ce55a-7f1d-11e1-8ea7-1231380bc196"
NONCE = "05429567804466091622"
API = "db342550-7f1d-11e1-8ea7-1231380bc196"


class Plivo(Provider):
    """Refusals are words; who opted out or does not exist is told later."""

    kind = "plivo"
    secret = "an auth token of the tests"
    options: ClassVar = {"auth_id": "MA0000000000000000TEST", "auth_token": secret}
    codes: ClassVar = {}
    phrases: ClassVar = {("400", "Insufficient Credit"): "down"}
    statuses: ClassVar = {
        "queued": "ignored",
        "sent": "ignored",
        "delivered": "delivered",
        "read": "delivered",
        "undelivered": "bounced",
        "failed": "bounced",
        "rejected": "bounced",
    }
    failure = "undelivered"
    report_codes: ClassVar = {
        "10": "blocked",
        "20": "soft",
        "30": "blocked",
        "40": "blocked",
        "50": "dead",
        "60": "blocked",
        "70": "dead",
        "80": "soft",
        "90": "bounced",
        "100": "blocked",
        "110": "blocked",
        "200": "stopped",
        "201": "blocked",
        "300": "blocked",
        "420": "soft",
        "450": "blocked",
        "900": "blocked",
        "910": "blocked",
        "1000": "bounced",
    }
    played: ClassVar = {Case.REFUSE: "400", Case.BUSY: "429"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A list of one name, or an error in words."""
        to = json.loads(request.body)["dst"]
        code = code_of.get(to)
        if code is None:
            said = {"message": "message(s) queued", "message_uuid": [MESSAGE], "api_id": API}
            return Reply(202, json.dumps(said))
        error = self.words_of.get(to, f"{to} is not for {self.secret}")
        return Reply(int(code), json.dumps({"api_id": API, "error": error}))

    def callback(self, status: str, code: str = "") -> Callback:
        """A form, signed with its URL."""
        fields = {
            "MessageUUID": MESSAGE,
            "ParentMessageUUID": MESSAGE,
            "To": self.message(1).address[1:],
            "From": "Brand",
            "Status": status,
            "Units": "1",
            "TotalRate": "0.00350",
            "Sequence": "2",
        }
        return self.signed(fields | ({"ErrorCode": code} if code else {}), f"ref={self.key(1)}")

    def signed(self, fields: Mapping[str, str], query: str = "") -> Callback:
        """Give a form, signed."""
        return self._sealed(urlencode(fields).encode(), "x-www-form-urlencoded", query)

    def _sealed(self, body: bytes, kind: str, query: str = "") -> Callback:
        """Sign a form as the vendor's own libraries check it."""
        fields = parse_qsl(body.decode(), keep_blank_values=True)
        mark = "?" if fields or query else ""
        content = f"{HOOKS}/acme{mark}{query}{'.' if fields and query else ''}"
        content += "".join(name + value for name, value in sorted(fields))
        key = self.secret.encode()
        digest = hmac.new(key, f"{content}.{NONCE}".encode(), hashlib.sha256).digest()
        headers = {
            "content-type": f"application/{kind}",
            "x-plivo-signature-ma-v3": base64.b64encode(digest).decode(),
            "x-plivo-signature-v3-nonce": NONCE,
        }
        asked = {"ref": query.removeprefix("ref=")} if query else {}
        url = f"{HOOKS}/acme" + (f"?{query}" if query else "")
        return Callback("POST", "/hooks/acme", asked, headers, body, WALL, url)
