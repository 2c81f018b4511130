"""Mailjet, as its documentation has it (dev.mailjet.com/email/guides)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.mail import PASSWORD, MailProvider
from tests.servers.http import Reply, Request

MESSAGE_ID = 19421777835146490
ERRORS = {
    "recipient/user unknown": "dead",
    "recipient/mailbox inactive": "dead",
    "recipient/quota exceeded": "soft",
    "recipient/blacklisted": "stopped",
    "recipient/spam reporter": "stopped",
    "domain/invalid domain": "dead",
    "domain/no mail host": "soft",
    "domain/relay/access denied": "blocked",
    "domain/greylisted": "delayed",
    "domain/typofix": "dead",
    "spam": "blocked",
    "spam/sender blocked": "blocked",
    "spam/content blocked": "blocked",
    "spam/policy issue": "blocked",
    "system/system issue": "soft",
    "system/protocol issue": "soft",
    "system/connection issue": "soft",
    "mailjet/preblocked": "dead",
    "mailjet/duplicate in campaign": "bounced",
}
FOR_ALL = {"mj-0001": 401, "mj-0002": 400, "mj-0015": 401}


class Mailjet(MailProvider):
    """A list of verdicts, with a status of its own where one of them is an error."""

    kind = "mailjet"
    secret = "secret-key-of-the-tests-only"
    options: ClassVar = {"api_key": "key", "secret_key": secret, "callback_password": PASSWORD}
    codes: ClassVar = {
        "success": "accepted",
        "error": "refused",
        **dict.fromkeys(("send-0003", "send-0015", "mj-0003", "mj-0004"), "refused"),
        **dict.fromkeys(("mj-0006", "mj-0011", "mj-0012", "mj-0013"), "refused"),
        **dict.fromkeys(("send-0004", "send-0006", "send-0007", "send-0008"), "down"),
        **dict.fromkeys(("send-0010", "send-0011", "send-0012", "send-0016"), "down"),
        **dict.fromkeys(("mj-0001", "mj-0002", "mj-0005", "mj-0007"), "down"),
        **dict.fromkeys(("mj-0008", "mj-0015"), "down"),
    }
    statuses: ClassVar = {
        "sent": "delivered",
        "open": "ignored",
        "click": "ignored",
        "spam": "complained",
        "unsub": "unsubscribed",
        "bounce": "bounced",
        "blocked": "bounced",
        **{f"bounce/{error}": word for error, word in ERRORS.items()},
        **{f"blocked/{error}": word for error, word in ERRORS.items()},
    }
    played: ClassVar = {Case.REFUSE: "mj-0013", Case.BUSY: "too many"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A verdict for each; what is wrong with the key or the JSON is one for all."""
        mails = json.loads(request.body)["Messages"]
        codes = [code_of.get(mail["To"][0]["Email"], "success") for mail in mails]
        if "too many" in codes:
            return Reply(429, "")
        for code in set(codes) & set(FOR_ALL):
            told = {"ErrorCode": code, "ErrorMessage": "No", "StatusCode": FOR_ALL[code]}
            return Reply(FOR_ALL[code], json.dumps(told))
        verdicts = [self._verdict(m, code) for m, code in zip(mails, codes, strict=True)]
        status = 200 if set(codes) <= {"success"} else 400
        return Reply(status, json.dumps({"Messages": verdicts}))

    def _verdict(self, mail: Mapping[str, Any], code: str) -> dict[str, Any]:
        to = mail["To"][0]["Email"]
        if code == "success":
            sent = [{"Email": to, "MessageID": MESSAGE_ID}]
            return {"Status": "success", "CustomID": mail["CustomID"], "To": sent}
        if code == "error":
            return {"Status": "error"}
        words = f"{to} is not for {self.secret}"
        error = {"ErrorCode": code, "StatusCode": 400, "ErrorMessage": words}
        return {"Status": "error", "Errors": [error]}

    def callback(self, status: str, code: str = "") -> Callback:
        """One event, not grouped."""
        event, _, error = status.partition("/")
        related, _, error = error.partition("/")
        said: dict[str, Any] = {
            "event": event,
            "time": 1433333949,
            "MessageID": MESSAGE_ID,
            "Payload": "",
        }
        said |= {"CustomID": self.key(1), "hard_bounce": True}
        said |= {"error_related_to": related, "error": error} if related else {}
        return self.told(said)
