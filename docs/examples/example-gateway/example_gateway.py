"""Text messages of Example Ltd.: a gateway that lives in a package of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Channel
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, Seal
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "E1": (Meaning.DEAD, "no such number"),
    "E2": (Meaning.STOPPED, "recipient opted out"),
    "E3": (Meaning.DOWN, "no credit"),
}
STATUSES: Statuses = {
    "SENT": (News.IGNORED, "handed to the carrier"),
    "DELIVRD": (News.DELIVERED, "on the handset"),
    "EXPIRED": (News.SOFT, "the phone was off for too long"),
    "UNDELIV": (News.BOUNCED, "not delivered"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleSettings(ApiSettings):
    """What there is to set; each field is an option of `[gateways.<name>]`, with its help."""

    base_url: str = option("Where Example listens", "https://api.sms.example")
    key: SecretStr = option("The key from Example's console")  # noqa: RUF009


class ExampleGateway(ApiGateway):
    """Example Ltd."""

    kind: ClassVar[str] = "example"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[ExampleSettings]] = ExampleSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v1/messages",
            fields={"to": "{to}", "text": "{text}", "ref": "{id}", "hook": "{callback}"},
            optional=frozenset({"hook"}),
        ),
        answer=Answer(id="id", code="error.code", detail="error.message"),
        codes=CODES,
        reports=Reports(id="id", ref="ref", status="status", statuses=STATUSES),
        replies=Replies(id="id", sender="from", recipient="to", text="text"),
    )

    def auth(self) -> Mapping[str, str]:
        """A key in a header."""
        return {"X-Key": self._settings.key.get_secret_value()}

    def proof(self) -> Proof:
        """X-Signature: HMAC-SHA256 with the same key, over `timestamp.body`."""
        return Seal(self._settings.key)
