"""Brevo, as its documentation has it (developers.brevo.com)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.mail import PASSWORD, MailProvider
from tests.servers.http import Reply, Request

MESSAGE_ID = "<201798300811.5787683@smtp-relay.mailin.fr>"
STATUS_OF = {"unauthorized": 401, "not_enough_credits": 402, "permission_denied": 403}


class Brevo(MailProvider):
    """An id, or an error with a code and words."""

    kind = "brevo"
    secret = "xkeysib-of-the-tests-only"
    options: ClassVar = {"api_key": secret, "callback_password": PASSWORD}
    codes: ClassVar = {
        "invalid_parameter": "refused",
        "missing_parameter": "refused",
        "out_of_range": "refused",
        "duplicate_parameter": "refused",
        "bad_request": "refused",
        "document_not_found": "down",
        "method_not_allowed": "down",
        "not_acceptable": "down",
        "unauthorized": "down",
        "permission_denied": "down",
        "reseller_permission_denied": "down",
        "account_under_validation": "down",
        "not_enough_credits": "down",
        "duplicate_request": "unsure",
    }
    statuses: ClassVar = {
        "request": "ignored",
        "sent": "ignored",
        "delivered": "delivered",
        "deferred": "delayed",
        "hard_bounce": "dead",
        "soft_bounce": "soft",
        "invalid_email": "dead",
        "blocked": "stopped",
        "error": "bounced",
        "spam": "complained",
        "complaint": "complained",
        "unsubscribe": "unsubscribed",
        "unsubscribed": "unsubscribed",
        "opened": "ignored",
        "unique_opened": "ignored",
        "proxy_open": "ignored",
        "unique_proxy_open": "ignored",
        "click": "ignored",
        "list_addition": "ignored",
    }
    phrases: ClassVar = {
        (
            "invalid_parameter",
            "Sending has been rejected because the sender you used a@b.example is not valid.",
        ): "down"
    }
    played: ClassVar = {Case.REFUSE: "invalid_parameter", Case.BUSY: "too many"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """One mail, one answer; too many requests have no code of their own."""
        [to] = json.loads(request.body)["to"]
        code = code_of.get(to["email"])
        if code is None:
            return Reply(201, json.dumps({"messageId": MESSAGE_ID}))
        if code == "too many":
            return Reply(429, json.dumps({"message": "Too many requests"}))
        words = self.words_of.get(to["email"], f"{to['email']} is not for {self.secret}")
        return Reply(STATUS_OF.get(code, 400), json.dumps({"code": code, "message": words}))

    def callback(self, status: str, code: str = "") -> Callback:
        """One event, not batched."""
        return self.told(
            {
                "event": status,
                "email": self.message(1).address,
                "id": 26224,
                "message-id": MESSAGE_ID,
                "X-Mailin-custom": self.key(1),
                "ts_event": 1604933654,
            }
        )
