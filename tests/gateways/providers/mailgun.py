"""Mailgun, as its documentation has it (messages.mime, webhooks, routes)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from email import message_from_bytes, policy
from typing import Any, ClassVar
from urllib.parse import urlencode

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

SIGNING = "a signing key of the tests"
TOKEN = "c18263238bea0e7df0a70109b47ddb4b5b8eb3cdb1b8e7bc30"


class Mailgun(Provider):
    """Errors are a status and a sentence."""

    kind = "mailgun"
    secret = "key-of-the-tests-only"
    options: ClassVar = {"domain": "mail.example", "api_key": secret, "signing_key": SIGNING}
    codes: ClassVar = {}
    statuses: ClassVar = {
        "accepted": "ignored",
        "stored": "ignored",
        "opened": "ignored",
        "clicked": "ignored",
        "delivered": "delivered",
        "failed/temporary": "delayed",
        "failed": "bounced",
        "failed/permanent": "bounced",
        "failed/permanent/bounce": "bounced",
        "failed/permanent/generic": "bounced",
        "failed/permanent/old": "soft",
        "failed/permanent/espblock": "blocked",
        "failed/permanent/suppress-bounce": "dead",
        "failed/permanent/suppress-unsubscribe": "stopped",
        "failed/permanent/suppress-complaint": "stopped",
        "rejected": "blocked",
        "complained": "complained",
        "unsubscribed": "unsubscribed",
    }
    places: ClassVar = ("event-data.delivery-status.message", "event-data.delivery-status.code")
    failure = "failed/permanent/bounce"
    report_codes: ClassVar = {
        "5.1.1": "dead",
        "5.1.10": "dead",
        "5.2.2": "soft",
        "5.7.0": "blocked",
        "5.7.1": "blocked",
        "5.7.26": "blocked",
        "602": "soft",
        "605": "dead",
        "606": "stopped",
        "607": "stopped",
    }
    played: ClassVar = {Case.REFUSE: "400", Case.BUSY: "429"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """The id of the mail, or a sentence."""
        fields = parts(request.headers["content-type"], request.body)
        to = fields["to"].decode()
        if status := code_of.get(to):
            return Reply(int(status), json.dumps({"message": f"{to}: {self.secret} may not"}))
        mail = message_from_bytes(fields["message"])
        return Reply(200, json.dumps({"id": mail["Message-ID"], "message": "Queued. Thank you."}))

    def callback(self, status: str, code: str = "") -> Callback:
        """An event beside its signature."""
        return self.proven({"event-data": self.event(status, code)})

    def event(self, status: str, code: str = "") -> dict[str, Any]:
        """Give an event as webhooks write it."""
        delivery: dict[str, Any] = {"message": f"{code} No Such Person", "code": 550}
        if code.isdigit():
            delivery = {"message": "", "code": int(code)}
        names = ("event", "severity", "reason")
        return {
            **dict(zip(names, status.split("/"), strict=False)),
            "id": "DACSsAdVSeGpLid7TN03WA",
            "timestamp": 1789999990.9,
            "recipient": self.message(1).address,
            "message": {"headers": {"message-id": "d1@brand.example"}},
            "user-variables": {"dispatcher": self.key(1)},
            **({"delivery-status": delivery} if code else {}),
        }

    def proven(self, said: Any, token: str = "", at: float = WALL - 5) -> Callback:
        """Sign anything that can hold a signature; each thing has its token."""
        fields = said if isinstance(said, dict) else {"event-data": said}
        token = token or hashlib.sha256(json.dumps(fields).encode()).hexdigest()[:50]
        body = json.dumps({**fields, "signature": seal(token, at)}).encode()
        headers = {"content-type": "application/json"}
        return Callback("POST", "/hooks/acme", {}, headers, body, WALL, f"{HOOKS}/acme")

    def form(self, fields: Mapping[str, str]) -> Callback:
        """Sign a form, as routes send it."""
        body = urlencode({**fields, **seal(TOKEN, WALL - 5)}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return Callback("POST", "/hooks/acme", {"mime": ""}, headers, body, WALL)


def seal(token: str, at: float) -> dict[str, str]:
    """Give the three fields of a signature."""
    content = f"{int(at)}{token}"
    signature = hmac.new(SIGNING.encode(), content.encode(), hashlib.sha256).hexdigest()
    return {"timestamp": str(int(at)), "token": token, "signature": signature}


def parts(kind: str, body: bytes) -> dict[str, bytes]:
    """Take a form in many parts apart, with the standard library."""
    whole = message_from_bytes(
        f"Content-Type: {kind}\r\n\r\n".encode() + body.replace(b"message/rfc822", b"x/x"),
        policy=policy.HTTP,
    )
    found: dict[str, bytes] = {}
    for part in whole.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            found[name] = content
    return found
