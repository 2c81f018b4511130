"""Kannel, as its user guide has it: plain text answers, receipts whose type is a bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from dispatcher.domain.messages import Callback
from tests.gateways.contract.peers import Case
from tests.gateways.providers.provider import HOOKS, WALL, Provider
from tests.servers.http import Reply, Request

TOKEN = "a word for the tests"
REFUSED = {
    "denied": Reply(400, "Number(s) has/have been denied by white- and/or black-lists."),
    "busy": Reply(503, "Temporal failure, try again later."),
}


class Kannel(Provider):
    """What it took begins with a number; all else is a status and words."""

    kind = "kannel"
    secret = "kaPaW7s8"
    options: ClassVar = {"username": "shop", "password": secret, "callback_secret": TOKEN}
    codes: ClassVar = {"0": "accepted", "3": "accepted"}
    statuses: ClassVar = {
        "1": "delivered",
        "2": "bounced",
        "4": "ignored",
        "8": "ignored",
        "16": "bounced",
        "34": "soft",
        "66": "unknown",
    }
    played: ClassVar = {Case.REFUSE: "denied", Case.BUSY: "busy"}

    def answer(self, request: Request, code_of: Mapping[str, str]) -> Reply:
        """Accept, queue or refuse."""
        [to] = parse_qs(urlsplit(request.target).query)["to"]
        code = code_of.get(to, "0")
        words = {"0": "0: Accepted for delivery", "3": "3: Queued for later delivery"}
        return REFUSED.get(code) or Reply(202, words[code])

    def callback(self, status: str, code: str = "") -> Callback:
        """A GET of the URL that we gave it."""
        return self.called(f"ref={self.key(1)}&status={status}{code}")

    def called(self, query: str, token: str = TOKEN) -> Callback:
        """A GET of the hook with a query as raw as it comes."""
        whole = f"token={quote(token)}&{query}"
        asked = {name: values[-1] for name, values in parse_qs(whole).items()}
        return Callback("GET", "/hooks/acme", asked, {}, b"", WALL, f"{HOOKS}/acme?{whole}")

    def reply(self, text: bytes, coding: int) -> Callback:
        """A person's text, in the bytes that Kannel puts into the URL."""
        about = urlencode({"from": "+447700900001", "to": "70099", "coding": coding, "id": "m-1"})
        return self.called(f"{about}&text={quote(text)}")
