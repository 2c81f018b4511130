"""Bird, by the SMS API of MessageBird (developers.messagebird.com/api/sms-messaging)."""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Replies, Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.options import option
from dispatcher.gateways.proof_token import claims_of
from dispatcher.gateways.proofs import Proof, check_fresh, same
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "2": (Meaning.DOWN, "Request not allowed"),
    "9": (Meaning.REFUSED, "Missing params"),
    "10": (Meaning.REFUSED, "Invalid params"),
    "20": (Meaning.DOWN, "Not found"),
    "21": (Meaning.REFUSED, "Bad request"),
    "25": (Meaning.DOWN, "Not enough balance"),
    "98": (Meaning.DOWN, "API not found"),
    "99": (Meaning.UNSURE, "Internal error"),
}
STATUSES: Statuses = {
    "scheduled": (News.IGNORED, "scheduled"),
    "buffered": (News.IGNORED, "buffered"),
    "sent": (News.IGNORED, "sent"),
    "delivered": (News.DELIVERED, "delivered"),
    "expired": (News.SOFT, "expired"),
    "delivery_failed": (News.BOUNCED, "delivery failed"),
    "delivery_failed/unknown subscriber": (News.DEAD, "unknown subscriber"),
    "delivery_failed/unavailable subscriber": (News.SOFT, "unavailable subscriber"),
    "delivery_failed/opted out": (News.STOPPED, "opted out"),
    "delivery_failed/insufficient balance": (News.BLOCKED, "insufficient balance"),
    "delivery_failed/carrier rejected": (News.BLOCKED, "carrier rejected"),
    "delivery_failed/capacity limit reached": (News.BLOCKED, "capacity limit reached"),
    "delivery_failed/received network error": (News.BOUNCED, "received network error"),
    "delivery_failed/generic delivery failure": (News.BOUNCED, "generic delivery failure"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BirdSettings(ApiSettings):
    """What there is to choose about Bird."""

    base_url: str = option("Where Bird listens", "https://rest.messagebird.com")
    access_key: SecretStr = option("Access key, a live one")
    signing_key: SecretStr = option(
        "Signing key of callbacks; empty: they are refused", SecretStr("")
    )


@dataclass(frozen=True, slots=True)
class BirdProof:
    """A token in the header MessageBird-Signature-JWT, with hashes of the URL and of the body."""

    secret: SecretStr
    covers_query: ClassVar[bool] = True

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the token is genuine, fresh and about this request."""
        claims = claims_of(callback.header("messagebird-signature-jwt"), self.secret)
        for claim, content in (
            ("url_hash", callback.url.encode()),
            ("payload_hash", callback.body),
        ):
            if (content or claim in claims) and not _fits(claims.get(claim), content):
                raise CallbackRejected(f"the token is not about this request: {claim}")
        check_fresh(callback, str(claims.get("iat", claims.get("nbf"))))


def _fits(given: Any, content: bytes) -> bool:
    wanted = hashlib.sha256(content).hexdigest()
    return isinstance(given, str) and same(given.encode(), wanted.encode())


class BirdGateway(ApiGateway):
    """Bird: let the number's flow forward incoming texts to `/hooks/<name>` as a POST."""

    kind: ClassVar[str] = "bird"
    channel: ClassVar[Channel] = Channel.SMS
    settings_type: ClassVar[type[BirdSettings]] = BirdSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/messages",
            fields={
                "originator": "{from_digits}",
                "recipients": "{to_digits}",
                "body": "{text}",
                "datacoding": "auto",
                "reference": "{id}",
                "reportUrl": "{callback}",
            },
            optional=frozenset({"reportUrl"}),
        ),
        answer=Answer(id="id", code="errors.0.code", detail="errors.0.description"),
        codes=CODES,
        reports=Reports(id="id", ref="reference", status="status/statusReason", statuses=STATUSES),
        replies=Replies(id="id", sender="originator", recipient="recipient", text="body"),
    )

    def auth(self) -> Mapping[str, str]:
        """An access key, in a scheme of its own."""
        return {"Authorization": f"AccessKey {self._settings.access_key.get_secret_value()}"}

    def proof(self) -> Proof | None:
        """Signed requests."""
        secret: SecretStr = self._settings.signing_key
        return BirdProof(secret) if secret.get_secret_value() else None
