"""Resend, as its documentation has it (resend.com/docs)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.mail import json_callback
from tests.gateways.providers.provider import WALL, Provider
from tests.servers.http import Reply, Request

SIGNING = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EMAIL_ID = "56761188-7520-42d8-8898-ff6fc54ce618"
STATUS_OF = {
    "missing_api_key": 401,
    "restricted_api_key": 401,
    "validation_error": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "invalid_parameter": 422,
    "missing_required_field": 422,
    "monthly_quota_exceeded": 429,
    "daily_quota_exceeded": 429,
    "rate_limit_exceeded": 429,
    "security_error": 451,
    "application_error": 500,
    "internal_server_error": 500,
}


class Resend(Provider):
    """Ids of the mails taken, errors with the places of the others; one name for a whole batch."""

    kind = "resend"
    secret = "re_key_of_the_tests_only"
    options: ClassVar = {"api_key": secret, "webhook_secret": SIGNING}
    codes: ClassVar = {
        "refused": "refused",
        "missing_api_key": "down",
        "invalid_api_key": "down",
        "invalid_api_Key": "down",
        "restricted_api_key": "down",
        "suspended_api_key": "down",
        "invalid_from_address": "down",
        "invalid_access": "down",
        "invalid_permission": "down",
        "validation_error": "down",
        "invalid_parameter": "down",
        "missing_required_field": "down",
        "invalid_attachment": "down",
        "security_error": "down",
        "monthly_quota_exceeded": "down",
        "daily_quota_exceeded": "down",
        "rate_limit_exceeded": "throttled",
        "not_found": "down",
        "method_not_allowed": "down",
        "application_error": "unsure",
        "internal_server_error": "unsure",
    }
    statuses: ClassVar = {
        "email.sent": "ignored",
        "email.scheduled": "ignored",
        "email.opened": "ignored",
        "email.clicked": "ignored",
        "email.delivered": "delivered",
        "email.delivery_delayed": "delayed",
        "email.complained": "complained",
        "email.failed": "bounced",
        "email.suppressed": "stopped",
        "email.bounced": "bounced",
        "email.bounced/Permanent/General": "dead",
        "email.bounced/Permanent/NoEmail": "dead",
        "email.bounced/Permanent/Suppressed": "dead",
        "email.bounced/Permanent/OnAccountSuppressionList": "stopped",
        "email.bounced/Transient": "soft",
        "email.bounced/Transient/General": "soft",
        "email.bounced/Transient/MailboxFull": "soft",
        "email.bounced/Transient/MessageTooLarge": "soft",
        "email.bounced/Transient/ContentRejected": "blocked",
        "email.bounced/Transient/AttachmentRejected": "blocked",
        "email.bounced/Undetermined": "bounced",
    }
    phrases: ClassVar = {
        ("refused", "The brand.example domain is not verified."): "down",
        ("refused", "Invalid `from` field."): "down",
    }
    played: ClassVar = {Case.REFUSE: "refused", Case.BUSY: "rate_limit_exceeded"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """As the page on batch validation modes shows it."""
        assert request.headers["x-batch-validation"] == "permissive"
        people = [mail["to"][0] for mail in json.loads(request.body)]
        codes = [code_of.get(to, "") for to in people]
        for name in set(codes) - {"", "refused"}:
            status = STATUS_OF.get(name, 403)
            error = {"statusCode": status, "name": name, "message": f"Not for {self.secret}"}
            return Reply(status, json.dumps(error))
        errors = [
            {"index": n, "message": self.words_of.get(to, f"{to} is not for {self.secret}")}
            for n, to in enumerate(people)
            if codes[n]
        ]
        ids = [{"id": f"id-of-{to}"} for n, to in enumerate(people) if not codes[n]]
        return Reply(200, json.dumps({"data": ids, "errors": errors}))

    def callback(self, status: str, code: str = "") -> Callback:
        """One event, sealed."""
        kind, _, bounce = status.partition("/")
        data: dict[str, Any] = {"email_id": EMAIL_ID, "tags": {"dispatcher": self.key(1)}}
        if bounce:
            one, _, other = bounce.partition("/")
            data["bounce"] = {"type": one, "subType": other, "message": "no"}
        said = {"type": kind, "created_at": "2026-09-21T14:13:20.126Z", "data": data}
        about, at = "msg_p5jXN8AQM9LWM0D4loKWxJek", str(int(WALL))
        key = base64.b64decode(SIGNING.removeprefix("whsec_"))
        signed = f"{about}.{at}.{json.dumps(said)}".encode()
        seal = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        headers = {"svix-id": about, "svix-timestamp": at, "svix-signature": f"v1,{seal}"}
        return json_callback(said, headers)
