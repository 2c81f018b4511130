"""What rows of mail providers share: JSON callbacks, and the password in their URL."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from dispatcher.domain.messages import Callback
from tests.gateways.providers.provider import HOOKS, WALL, Provider

PASSWORD = "a password of the tests only"
RAW = "From: person1@example.org\r\nTo: offers@brand.example\r\nSubject: Re\r\n\r\nSTOP\r\n"


def json_callback(said: Any, headers: Mapping[str, str]) -> Callback:
    """Give a callback in JSON as it comes from outside."""
    return Callback(
        "POST",
        "/hooks/acme",
        {},
        {"content-type": "application/json", **headers},
        json.dumps(said).encode(),
        WALL,
        f"{HOOKS}/acme",
    )


def basic(password: str = PASSWORD) -> dict[str, str]:
    """Give the header that a client makes of `https://dispatcher:password@...`."""
    pair = base64.b64encode(f"dispatcher:{password}".encode()).decode()
    return {"authorization": f"Basic {pair}"}


class MailProvider(Provider):
    """A provider whose callbacks are JSON behind a password."""

    kind = ""

    def told(self, said: Any) -> Callback:
        """Give a genuine callback that says something."""
        return json_callback(said, basic())
