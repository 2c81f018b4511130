"""Bird, as the documentation of MessageBird's SMS API has it (developers.messagebird.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

MESSAGE = "efa6405d518d4c0c88cce11f7db775fb"
SIGNING_KEY = "a signing key of the tests"
_HTTP = {"2": 401, "20": 404, "25": 402, "98": 404, "99": 500}


class Bird(Provider):
    """Errors come in a list, with a status of HTTP to fit."""

    kind = "bird"
    secret = "an access key of the tests"
    options: ClassVar = {"access_key": secret, "signing_key": SIGNING_KEY}
    codes: ClassVar = {
        "2": "down",
        "9": "refused",
        "10": "refused",
        "20": "down",
        "21": "refused",
        "25": "down",
        "98": "down",
        "99": "unsure",
    }
    statuses: ClassVar = {
        "scheduled": "ignored",
        "buffered": "ignored",
        "sent": "ignored",
        "delivered": "delivered",
        "expired": "soft",
        "delivery_failed": "bounced",
        "delivery_failed/unknown subscriber": "dead",
        "delivery_failed/unavailable subscriber": "soft",
        "delivery_failed/opted out": "stopped",
        "delivery_failed/insufficient balance": "blocked",
        "delivery_failed/carrier rejected": "blocked",
        "delivery_failed/capacity limit reached": "blocked",
        "delivery_failed/received network error": "bounced",
        "delivery_failed/generic delivery failure": "bounced",
    }
    played: ClassVar = {Case.REFUSE: "10", Case.BUSY: "429"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A message, or a list of errors."""
        to = json.loads(request.body)["recipients"]
        code = code_of.get(f"+{to}")
        if code is None:
            return Reply(201, json.dumps({"id": MESSAGE, "recipients": {"totalSentCount": 1}}))
        if code == "429":
            return Reply(429, "")
        error = {"code": int(code), "description": f"no: {self.secret}", "parameter": "recipients"}
        return Reply(_HTTP.get(code, 422), json.dumps({"errors": [error]}))

    def callback(self, status: str, code: str = "") -> Callback:
        """A status report, which is a GET."""
        status, _, reason = status.partition("/")
        fields = {
            "id": MESSAGE,
            "reference": self.key(1),
            "recipient": "447700900001",
            "status": status,
            "statusReason": reason,
            "statusDatetime": "2026-09-21T14:13:20+00:00",
        }
        return self.signed(fields)

    def signed(self, fields: Mapping[str, str], body: bytes = b"") -> Callback:
        """Sign a request as the documentation on signed requests tells."""
        url = f"{HOOKS}/acme?{urlencode(fields)}"
        claims = {"iss": "MessageBird", "nbf": int(WALL) - 1, "iat": int(WALL), "jti": "1"}
        claims |= {"exp": int(WALL) + 60, "url_hash": hashlib.sha256(url.encode()).hexdigest()}
        if body:
            claims["payload_hash"] = hashlib.sha256(body).hexdigest()
        signed = _part({"alg": "HS256", "typ": "JWT"}) + b"." + _part(claims)
        seal = hmac.new(SIGNING_KEY.encode(), signed, hashlib.sha256).digest()
        token = signed + b"." + base64.urlsafe_b64encode(seal).rstrip(b"=")
        headers = {"messagebird-signature-jwt": token.decode()}
        return Callback("GET", "/hooks/acme", dict(fields), headers, body, WALL, url)


def _part(said: Mapping[str, object]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")
