"""SparkPost, as its documentation has it (developers.sparkpost.com/api)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.mail import PASSWORD, MailProvider
from tests.servers.http import Reply, Request

TRANSMISSION = "11668787484950529"
BOUNCES = {
    "1": "bounced",
    "10": "dead",
    "20": "soft",
    "21": "soft",
    "22": "soft",
    "23": "soft",
    "24": "soft",
    "25": "blocked",
    "26": "blocked",
    "30": "dead",
    "40": "bounced",
    "50": "blocked",
    "51": "blocked",
    "52": "blocked",
    "53": "blocked",
    "54": "blocked",
    "60": "ignored",
    "70": "soft",
    "80": "ignored",
    "90": "unsubscribed",
    "100": "ignored",
    "suppressed": "stopped",
}
STATUS_OF = {"1100": 403, "1303": 401, "1500": 500, "1900": 503, "2101": 420, "2102": 420}


class SparkPost(MailProvider):
    """One answer for a transmission; errors come as a list with codes in text."""

    kind = "sparkpost"
    secret = "api-key-of-the-tests-only"
    options: ClassVar = {"api_key": secret, "callback_password": PASSWORD}
    codes: ClassVar = {
        **dict.fromkeys(("1100", "1101", "1102", "1103", "1200", "1301", "1303"), "down"),
        **dict.fromkeys(("1304", "1401", "1600", "1601", "1603", "1700", "1800"), "down"),
        **dict.fromkeys(("1910", "2103", "7000", "7001"), "down"),
        **dict.fromkeys(("1300", "1305", "1400", "1901", "2000", "2002"), "refused"),
        **dict.fromkeys(("3000", "3001", "3002", "3010", "3020", "3040", "3050"), "refused"),
        **dict.fromkeys(("1500", "1501"), "unsure"),
        **dict.fromkeys(("1502", "1602", "1900", "2101", "2102"), "throttled"),
        "1902": "stopped",
        "5002": "dead",
        "rejected": "refused",
    }
    statuses: ClassVar = {
        "injection": "ignored",
        "delivery": "delivered",
        "delay": "delayed",
        "bounce": "bounced",
        "out_of_band": "bounced",
        "policy_rejection": "blocked",
        "policy_rejection/suppressed": "stopped",
        "generation_failure": "bounced",
        "generation_rejection": "blocked",
        "generation_rejection/suppressed": "stopped",
        "spam_complaint": "complained",
        "list_unsubscribe": "unsubscribed",
        "link_unsubscribe": "unsubscribed",
        "open": "ignored",
        "initial_open": "ignored",
        "click": "ignored",
        "amp_open": "ignored",
        "amp_initial_open": "ignored",
        "amp_click": "ignored",
        **{f"bounce/{each}": word for each, word in BOUNCES.items()},
        **{f"out_of_band/{each}": word for each, word in BOUNCES.items()},
    }
    played: ClassVar = {
        Case.REFUSE: "3002",
        Case.BUSY: "2101",
        Case.STOPPED: "1902",
        Case.DEAD: "5002",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """What became of the one recipient; 2000 and no code at all come with a 200."""
        [recipient] = json.loads(request.body)["recipients"]
        to = recipient["address"]["email"]
        code = code_of.get(to)
        taken = int(code is None)
        results = {
            "total_rejected_recipients": 1 - taken,
            "total_accepted_recipients": taken,
            "id": TRANSMISSION,
        }
        errors = [{"code": code, "message": f"{to} is not for {self.secret}"}]
        if code in (None, "rejected"):
            return Reply(200, json.dumps({"results": results}))
        if code == "2000":
            return Reply(200, json.dumps({"errors": errors, "results": results}))
        return Reply(STATUS_OF.get(code, 400), json.dumps({"errors": errors}))

    def callback(self, status: str, code: str = "") -> Callback:
        """A list of wrapped events."""
        kind, _, bounce_class = status.partition("/")
        event = {
            "type": kind,
            "event_id": "92356927693813856",
            "transmission_id": TRANSMISSION,
            "rcpt_meta": {"id": self.key(1)},
        }
        if bounce_class == "suppressed":
            reason = "550 5.7.1 recipient address suppressed due to customer policy"
            event |= {"bounce_class": "25", "raw_reason": reason}
        elif bounce_class or kind == "delay":
            event["bounce_class"] = bounce_class or "21"
        return self.told([{"msys": {"message_event": event}}])
