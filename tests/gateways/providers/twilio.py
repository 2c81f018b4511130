"""Twilio, as its documentation has it (twilio.com/docs/messaging/api, /docs/api/errors)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs, parse_qsl, urlencode

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

SID = "SM0123456789abcdef0123456789abcdef"
HTTP = {"20003": 401, "20404": 404, "20429": 429, "20500": 500, "20503": 503}


class Twilio(Provider):
    """Errors are 400 with a code, too many requests 429."""

    kind = "twilio"
    secret = "a token of the tests only"
    options: ClassVar = {"account_sid": "AC00000000000000000000000000000000", "auth_token": secret}
    codes: ClassVar = {
        "14107": "throttled",
        "20003": "down",
        "20005": "down",
        "20006": "down",
        "20008": "down",
        "20403": "down",
        "20404": "down",
        "20429": "throttled",
        "20500": "unsure",
        "20503": "throttled",
        "21211": "dead",
        "21212": "down",
        "21214": "refused",
        "21219": "refused",
        "21265": "refused",
        "21266": "refused",
        "21408": "refused",
        "21602": "refused",
        "21603": "down",
        "21604": "refused",
        "21606": "down",
        "21608": "refused",
        "21609": "down",
        "21610": "stopped",
        "21611": "throttled",
        "21612": "refused",
        "21614": "dead",
        "21617": "refused",
        "21635": "dead",
        "21659": "down",
        "21660": "down",
        "21661": "down",
        "21701": "down",
        "21703": "down",
        "21704": "down",
        "21705": "down",
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
        "30001": "blocked",
        "30002": "blocked",
        "30003": "soft",
        "30004": "blocked",
        "30005": "dead",
        "30006": "dead",
        "30007": "blocked",
        "30008": "bounced",
        "30017": "soft",
        "30022": "blocked",
        "30023": "blocked",
        "30024": "blocked",
        "30027": "blocked",
        "30032": "blocked",
        "30033": "blocked",
        "30034": "blocked",
        "30035": "blocked",
        "30036": "blocked",
        "30037": "blocked",
        "30039": "blocked",
        "30040": "blocked",
        "30410": "soft",
        "30450": "blocked",
        "30453": "blocked",
        "30454": "blocked",
        "30500": "bounced",
        "30610": "blocked",
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
        status = HTTP.get(code, 400)
        error = {"code": int(code), "message": f"{to} is not for {self.secret}", "status": status}
        return Reply(status, json.dumps(error))

    def callback(self, status: str, code: str = "") -> Callback:
        """A form, signed with its URL."""
        fields = {"MessageSid": SID, "MessageStatus": status, "To": self.message(1).address}
        return self.signed(fields | ({"ErrorCode": code} if code else {}), f"ref={self.key(1)}")

    def signed(self, fields: Mapping[str, str], query: str = "") -> Callback:
        """Give a form, signed."""
        return self._sealed(urlencode(fields).encode(), "x-www-form-urlencoded", query)

    def _sealed(self, body: bytes, kind: str, query: str = "") -> Callback:
        """Sign a form as the documentation on security tells."""
        url = f"{HOOKS}/acme" + (f"?{query}" if query else "")
        fields = sorted(parse_qsl(body.decode(), keep_blank_values=True))
        content = url + "".join(name + value for name, value in fields)
        digest = hmac.new(self.secret.encode(), content.encode(), hashlib.sha1).digest()
        headers = {
            "content-type": f"application/{kind}",
            "x-twilio-signature": base64.b64encode(digest).decode(),
        }
        asked = {name: value for name, [value] in parse_qs(query).items()}
        return Callback("POST", "/hooks/acme", asked, headers, body, WALL, url)
