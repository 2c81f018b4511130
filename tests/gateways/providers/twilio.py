"""Twilio, as its documentation has it (twilio.com/docs/messaging/api, /docs/api/errors)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs, urlencode

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

SID = "SM0123456789abcdef0123456789abcdef"
UNAUTHORIZED = {"20003"}


class Twilio(Provider):
    """Errors are 400 with a code, too many requests 429."""

    kind = "twilio"
    secret = "a token of the tests only"
    options: ClassVar = {"account_sid": "AC00000000000000000000000000000000", "auth_token": secret}
    codes: ClassVar = {
        "14107": "throttled",
        "20003": "down",
        "20404": "down",
        "20429": "throttled",
        "21211": "dead",
        "21408": "refused",
        "21606": "down",
        "21610": "stopped",
        "21611": "throttled",
        "21612": "refused",
        "21614": "dead",
        "21617": "refused",
        "21659": "down",
        "63038": "throttled",
    }
    statuses: ClassVar = {
        "accepted": "ignored",
        "scheduled": "ignored",
        "queued": "ignored",
        "sending": "ignored",
        "sent": "ignored",
        "delivered": "delivered",
        "read": "delivered",
        "undelivered": "bounced",
        "failed": "bounced",
        "canceled": "bounced",
    }
    failure = "undelivered"
    report_codes: ClassVar = {
        "21610": "stopped",
        "30002": "blocked",
        "30003": "soft",
        "30004": "blocked",
        "30005": "dead",
        "30006": "dead",
        "30007": "blocked",
        "30034": "blocked",
    }
    played: ClassVar = {
        Case.REFUSE: "21612",
        Case.BUSY: "20429",
        Case.STOPPED: "21610",
        Case.DEAD: "21211",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One resource, or one error."""
        [to] = parse_qs(request.body.decode())["To"]
        code = code_of.get(to)
        if code is None:
            return Reply(201, json.dumps({"sid": SID, "status": "queued", "error_code": None}))
        status = {"20003": 401, "20404": 404, "20429": 429}.get(code, 400)
        error = {"code": int(code), "message": f"{to} is not for {self.secret}", "status": status}
        return Reply(status, json.dumps(error))

    def callback(self, status: str, code: str = "") -> Callback:
        """A form, signed with its URL."""
        fields = {"MessageSid": SID, "MessageStatus": status, "To": self.message(1).address}
        return self.signed(fields | ({"ErrorCode": code} if code else {}), f"ref={self.key(1)}")

    def signed(self, fields: Mapping[str, str], query: str = "") -> Callback:
        """Sign a form as the documentation on security tells."""
        url = f"{HOOKS}/acme" + (f"?{query}" if query else "")
        content = url + "".join(name + fields[name] for name in sorted(fields))
        digest = hmac.new(self.secret.encode(), content.encode(), hashlib.sha1).digest()
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "x-twilio-signature": base64.b64encode(digest).decode(),
        }
        asked = {name: value for name, [value] in parse_qs(query).items()}
        body = urlencode(fields).encode()
        return Callback("POST", "/hooks/acme", asked, headers, body, WALL, url)
