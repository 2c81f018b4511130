"""Infobip, as its documentation has it (infobip.com/docs/api/channels/sms, status codes)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

TOKEN = "a word for the tests"


class Infobip(Provider):
    """One answer for all messages of a request, with a status for each."""

    kind = "infobip"
    secret = "an API key of the tests"
    options: ClassVar = {"api_key": secret, "callback_secret": TOKEN}
    codes: ClassVar = {
        "PENDING_ACCEPTED": "accepted",
        "PENDING_ENROUTE": "accepted",
        "PENDING_WAITING_DELIVERY": "accepted",
        "REJECTED_NETWORK": "refused",
        "REJECTED_PREFIX_MISSING": "dead",
        "REJECTED_DND": "stopped",
        "REJECTED_SOURCE": "down",
        "REJECTED_NOT_ENOUGH_CREDITS": "down",
        "REJECTED_SENDER": "down",
        "REJECTED_DESTINATION": "stopped",
        "REJECTED_PREPAID_PACKAGE_EXPIRED": "down",
        "REJECTED_DESTINATION_NOT_REGISTERED": "down",
        "REJECTED_ROUTE_NOT_AVAILABLE": "refused",
        "REJECTED_FLOODING_FILTER": "refused",
        "REJECTED_SYSTEM_ERROR": "unsure",
        "REJECTED_DUPLICATE_MESSAGE_ID": "unsure",
        "REJECTED_MESSAGE_TOO_LONG": "refused",
        "MISSING_TO": "dead",
    }
    statuses: ClassVar = {
        "PENDING_ACCEPTED": "ignored",
        "PENDING_ENROUTE": "ignored",
        "PENDING_WAITING_DELIVERY": "ignored",
        "DELIVERED_TO_OPERATOR": "ignored",
        "DELIVERED_TO_HANDSET": "delivered",
        "UNDELIVERABLE_REJECTED_OPERATOR": "blocked",
        "UNDELIVERABLE_NOT_DELIVERED": "bounced",
        "EXPIRED_EXPIRED": "soft",
        "EXPIRED_DLR_UNKNOWN": "unknown",
        "REJECTED_NETWORK": "bounced",
        "REJECTED_PREFIX_MISSING": "dead",
        "REJECTED_DND": "stopped",
        "REJECTED_SOURCE": "blocked",
        "REJECTED_NOT_ENOUGH_CREDITS": "blocked",
        "REJECTED_SENDER": "blocked",
        "REJECTED_DESTINATION": "stopped",
        "REJECTED_ROUTE_NOT_AVAILABLE": "bounced",
        "REJECTED_FLOODING_FILTER": "blocked",
    }
    failure = "UNDELIVERABLE_NOT_DELIVERED"
    report_codes: ClassVar = {
        "EC_UNKNOWN_SUBSCRIBER": "dead",
        "EC_ILLEGAL_SUBSCRIBER": "dead",
        "EC_TELESERVICE_NOT_PROVISIONED": "dead",
        "EC_UNIDENTIFIED_SUBSCRIBER": "soft",
        "EC_ABSENT_SUBSCRIBER_SM": "soft",
        "EC_ABSENT_SUBSCRIBER": "soft",
        "EC_SUBSCRIBER_BUSY_FOR_MT_SMS": "soft",
        "EC_MESSAGE_WAITING_LIST_FULL": "soft",
        "EC_CALL_BARRED": "blocked",
        "EC_IMSI_BLACKLISTED": "stopped",
        "EC_DEST_ADDRESS_BLACKLISTED": "stopped",
    }
    played: ClassVar = {
        Case.REFUSE: "REJECTED_NETWORK",
        Case.BUSY: "429",
        Case.STOPPED: "REJECTED_DND",
        Case.DEAD: "REJECTED_PREFIX_MISSING",
    }

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """A status for each message."""
        asked = [each["destinations"][0] for each in json.loads(request.body)["messages"]]
        codes = [code_of.get(f"+{one['to']}", "PENDING_ACCEPTED") for one in asked]
        if "429" in codes:
            error = {"messageId": "TOO_MANY_REQUESTS", "text": "Too many requests"}
            return Reply(429, json.dumps({"requestError": {"serviceException": error}}))
        results = [
            {"messageId": one["messageId"], "status": _status(code), "destination": one["to"]}
            for one, code in zip(asked, codes, strict=True)
        ]
        return Reply(200, json.dumps({"bulkId": "2034072219640523072", "messages": results}))

    def callback(self, status: str, code: str = "") -> Callback:
        """A delivery report."""
        error = {"groupId": 1, "name": code or "NO_ERROR", "permanent": bool(code)}
        return self.called({"messageId": self.key(1), "status": _status(status), "error": error})

    def called(self, said: Mapping[str, Any]) -> Callback:
        """A POST of one result to the hook, with its token."""
        body = json.dumps({"results": [{"to": "447700900001", **said}]}).encode()
        headers = {"content-type": "application/json"}
        url = f"{HOOKS}/acme?token={TOKEN}"
        return Callback("POST", "/hooks/acme", {"token": TOKEN}, headers, body, WALL, url)


def _status(name: str) -> dict[str, Any]:
    return {"groupId": 1, "groupName": name.partition("_")[0], "name": name, "description": "said"}
