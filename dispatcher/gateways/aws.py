"""What gateways of AWS share: Signature Version 4, their settings, callbacks through SNS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from time import time
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote, unquote_plus

import httpx
from pydantic import SecretStr

from dispatcher.domain.messages import Callback
from dispatcher.errors import ConfigError
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.callbacks import word
from dispatcher.gateways.options import option
from dispatcher.gateways.sns import (
    Fetch,
    SnsSeal,
    check_topics,
    fetch,
    message_in,
    notification,
    subscribe_url,
)

log = logging.getLogger(__name__)

_UNSIGNED = {"accept", "accept-encoding", "connection", "content-length", "user-agent"}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d", re.ASCII)


class Signer(NamedTuple):
    """Who asks, and what is asked."""

    access_key_id: str
    secret_access_key: SecretStr
    session_token: SecretStr
    region: str
    service: str

    def sign(self, request: httpx.Request, at: float) -> httpx.Request:
        """Add the headers that prove who sends a request at a time (Unix seconds)."""
        moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
        request.headers["x-amz-date"] = moment
        if token := self.session_token.get_secret_value():
            request.headers["x-amz-security-token"] = token
        names = sorted({name.lower() for name in request.headers} - _UNSIGNED)
        scope = f"{moment[:8]}/{self.region}/{self.service}/aws4_request"
        digest = hashlib.sha256(_canonical(request, names).encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
        request.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.access_key_id}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={_mac(self._key(scope), to_sign).hex()}"
        )
        return request

    def _key(self, scope: str) -> bytes:
        secret = f"AWS4{self.secret_access_key.get_secret_value()}".encode()
        return reduce(_mac, scope.split("/"), secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSettings(ApiSettings):
    """What every gateway of AWS has."""

    endpoint: ClassVar[str]

    base_url: str = option(
        "Where AWS listens; a simulator may stand in for it; empty: the region's own endpoint", ""
    )
    region: str = option("Region of AWS, such as eu-west-1")
    access_key_id: str = option("Access key id of a user who may send and nothing else")
    secret_access_key: SecretStr = option("Secret access key")
    session_token: SecretStr = option(
        "Session token, if the credentials are temporary", SecretStr("")
    )
    topic_arns: tuple[str, ...] = option(
        "ARNs of the SNS topics that call back; without one, callbacks are refused", ()
    )

    def __post_init__(self) -> None:
        if not _REGION.fullmatch(self.region):
            raise ConfigError("region", f'"{self.region}" is not one; it looks like eu-west-1')
        check_topics(self.topic_arns)
        if not self.base_url:
            domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
            url = f"https://{self.endpoint}.{self.region}.{domain}"
            object.__setattr__(self, "base_url", url)
        # super() does not know the class that slots=True makes anew.
        ApiSettings.__post_init__(self)


class AwsGateway(ApiGateway):
    """A service of AWS that calls back through SNS; `service` is its name in signatures."""

    service: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("hooks", "wall", "fetch")

    def __init__(
        self,
        name: str,
        *,
        hooks: str = "",
        wall: Callable[[], float] = time,
        fetch: Fetch = fetch,
        **options: Any,
    ) -> None:
        self._fetch = fetch
        super().__init__(name, hooks=hooks, wall=wall, **options)
        s: AwsSettings = self._settings
        self._signer = Signer(
            s.access_key_id, s.secret_access_key, s.session_token, s.region, self.service
        )

    def proof(self) -> SnsSeal | None:
        """The signature of SNS, if there are topics."""
        topics = self._settings.topic_arns
        return SnsSeal(topics, self._fetch) if topics else None

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Signature Version 4, good for a few minutes."""
        return self._signer.sign(request, self._wall())

    def told(self, response: httpx.Response, data: Any) -> Any:
        """Put a failure's name where a result has its code: the reason, else the exception."""
        if response.is_success:
            return data
        said = response.headers.get("x-amzn-errortype", "") or word(data, "__type")
        name, reason = said.partition(":")[0].rpartition("#")[2], word(data, "Reason")
        code = reason if reason in self.api.codes or name not in self.api.codes else name
        detail = word(data, "message") or word(data, "Message")
        return {self.api.answer.code: code or name, self.api.answer.detail: detail}

    def items(self, callback: Callback) -> Iterable[Any]:
        """Give what a notification carries; a new subscription is confirmed where AWS says."""
        note = notification(callback)
        if note["Type"] == "Notification":
            said = message_in(note)
            return [] if said is None else [said]
        if note["Type"] == "SubscriptionConfirmation":
            self._fetch(subscribe_url(note))
            log.info("%s: subscribed to the topic %s", self.name, note["TopicArn"])
        else:
            log.warning("%s: %s tells nothing any more", self.name, note["TopicArn"])
        return []


def _canonical(request: httpx.Request, names: Iterable[str]) -> str:
    """Write a request in the one way that both sides agree on."""
    headers = "".join(f"{name}:{' '.join(request.headers[name].split())}\n" for name in names)
    pairs = [each.partition("=") for each in request.url.query.decode().split("&") if each]
    query = "&".join(sorted(f"{_quoted(name)}={_quoted(value)}" for name, _, value in pairs))
    lines = (
        request.method,
        quote(request.url.path, safe="/-_.~"),
        query,
        headers,
        ";".join(names),
        hashlib.sha256(request.content).hexdigest(),
    )
    return "\n".join(lines)


def _quoted(text: str) -> str:
    return quote(unquote_plus(text), safe="-_.~")


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
