"""Vonage, as its documentation has it (developer.vonage.com: SMS API, webhooks, API errors)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import parse_qs

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

MESSAGE = "0A0000000123ABCD1"
UUID = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
SIGNED = int(WALL) - 20


class Vonage(Provider):
    """Everything is answered with 200; the news is in the status of each part."""

    kind = "vonage"
    secret = "an API secret of the tests"
    signature_secret = "a signature secret of the tests"
    options: ClassVar = {
        "api_key": "abcd1234",
        "api_secret": secret,
        "signature_secret": signature_secret,
    }
    codes: ClassVar = {
        "1": "throttled",
        "2": "refused",
        "3": "refused",
        "4": "down",
        "5": "unsure",
        "6": "refused",
        "7": "refused",
        "8": "down",
        "9": "down",
        "10": "throttled",
        "11": "down",
        "12": "refused",
        "13": "throttled",
        "14": "down",
        "15": "down",
        "19": "down",
        "22": "refused",
        "23": "down",
        "29": "refused",
        "32": "down",
        "33": "dead",
        "34": "dead",
        "101": "stopped",
    }
    phrases: ClassVar = {("3", "Invalid from param"): "down"}
    statuses: ClassVar = {
        "accepted": "ignored",
        "buffered": "ignored",
        "submitted": "ignored",
        "delivered": "delivered",
        "read": "delivered",
        "expired": "soft",
        "failed": "bounced",
        "rejected": "bounced",
        "undeliverable": "bounced",
        "deleted": "bounced",
        "unknown": "unknown",
    }
    failure = "rejected"
    report_codes: ClassVar = {
        "1": "bounced",
        "2": "soft",
        "3": "dead",
        "4": "bounced",
        "5": "bounced",
        "6": "blocked",
        "7": "soft",
        "8": "soft",
        "9": "stopped",
        "10": "blocked",
        "11": "blocked",
        "12": "bounced",
        "13": "blocked",
        "14": "blocked",
        "15": "soft",
        "16": "blocked",
        "50": "blocked",
        "51": "blocked",
        "52": "blocked",
        "53": "blocked",
        "54": "blocked",
        "99": "bounced",
        "1000": "blocked",
        "1050": "blocked",
        "1060": "blocked",
        "1070": "blocked",
        "1120": "blocked",
        "1160": "blocked",
        "1170": "dead",
        "1180": "soft",
        "1190": "dead",
        "1200": "bounced",
        "1210": "blocked",
        "1220": "soft",
        "1230": "soft",
        "1240": "stopped",
        "1241": "blocked",
        "1250": "blocked",
        "1260": "bounced",
        "1270": "blocked",
        "1280": "blocked",
        "1290": "soft",
        "1330": "bounced",
    }
    played: ClassVar = {
        Case.REFUSE: "6",
        Case.BUSY: "1",
        Case.STOPPED: "101",
        Case.DEAD: "33",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One part, taken or not."""
        [to] = parse_qs(request.body.decode())["to"]
        code = code_of.get(f"+{to}")
        if code is None:
            return parts({"to": to, "message-id": MESSAGE, "status": "0", "network": "23410"})
        words = self.words_of.get(f"+{to}", f"{to} is not for {self.secret}")
        return parts({"status": code, "error-text": words})

    def callback(self, status: str, code: str = "") -> Callback:
        """A delivery receipt of the SMS API, or what only the Messages API tells in its dress."""
        if status in ("submitted", "undeliverable", "read") or len(code) == 4:
            return self.tokened(self.status_of_messages(status, code))
        told = {
            "msisdn": self.message(1).address[1:],
            "to": "Brand",
            "network-code": "23410",
            "messageId": MESSAGE,
            "price": "0.03330000",
            "status": status,
            "scts": "2609211413",
            "err-code": code or "0",
            "api-key": "abcd1234",
            "client-ref": self.key(1),
            "message-timestamp": "2026-09-21 14:13:20",
        }
        return self.signed(told)

    def status_of_messages(self, status: str, code: str = "") -> dict[str, Any]:
        """Give the body of a status webhook of the Messages API."""
        told: dict[str, Any] = {
            "message_uuid": UUID,
            "to": self.message(1).address[1:],
            "from": "Brand",
            "timestamp": "2026-09-21T14:13:20Z",
            "status": status,
            "client_ref": self.key(1),
            "channel": "sms",
        }
        about = f"https://developer.vonage.com/api-errors/messages#{code}"
        error = {"type": about, "title": int(code or 0), "detail": "told", "instance": "bf0c"}
        return {**told, "error": error} if code else told

    def signed(self, told: Mapping[str, str], at: int = SIGNED, how: str = "sha256") -> Callback:
        """Sign fields as the guide on signing messages tells."""
        fields = {**told, "timestamp": str(at), "nonce": "bec3a1a9-1e8c-4b0c-a1c0-3b2b6c8d7e5f"}
        content = "".join(
            f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields)
        )
        digest = hmac.new(self.signature_secret.encode(), content.encode(), how).hexdigest()
        body = json.dumps({**fields, "sig": digest.upper()}).encode()
        return self.heard(body, {})

    def tokened(self, told: Any, **changes: Any) -> Callback:
        """Sign a body as the guide on signed webhooks tells; `changes` spoil the token."""
        return self.sealed(json.dumps(told).encode(), **changes)

    def sealed(self, body: bytes, **changes: Any) -> Callback:
        """Give any body with a token."""
        return self.heard(body, {"authorization": f"Bearer {self.token(body, **changes)}"})

    def token(self, body: bytes, alg: str = "HS256", **claims: Any) -> str:
        """Give a token about a body."""
        said = {
            "iat": SIGNED,
            "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
            "iss": "Vonage",
            "payload_hash": hashlib.sha256(body).hexdigest(),
            "api_key": "abcd1234",
            **claims,
        }
        parts = [{"alg": alg, "typ": "JWT"}, {k: v for k, v in said.items() if v is not None}]
        content = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
        key = self.signature_secret.encode()
        digest = b"" if alg == "none" else hmac.new(key, content.encode(), hashlib.sha256).digest()
        return f"{content}.{_base64url(digest)}"

    def heard(self, body: bytes, headers: Mapping[str, str]) -> Callback:
        """Give a callback with a JSON body."""
        dressed = {"content-type": "application/json", **headers}
        return Callback("POST", "/hooks/acme", {}, dressed, body, WALL, f"{HOOKS}/acme")


def parts(*each: Mapping[str, str]) -> Reply:
    """Give an answer about the parts of a text."""
    return Reply(200, json.dumps({"message-count": str(len(each)), "messages": each}))


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
