"""Mailgun, API v3: the whole mail as it is, one a request.

Its batches have one answer for everybody, so one wrong address would refuse a hundred people, and
they would write the headers anew; a mail of its own keeps every header and has its own verdict.

https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages
https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar

import httpx
import orjson
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask, Format
from dispatcher.gateways.callbacks import content, dig, form_parts, is_multipart, word
from dispatcher.gateways.credentials import basic
from dispatcher.gateways.email.incoming import mail_event, rebuilt
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import check_fresh, same
from dispatcher.gateways.vocabulary import News, Statuses

STATUSES: Statuses = {
    "accepted": (News.IGNORED, "accepted"),
    "stored": (News.IGNORED, "stored"),
    "opened": (News.IGNORED, "opened"),
    "clicked": (News.IGNORED, "clicked"),
    "delivered": (News.DELIVERED, "delivered"),
    "failed/temporary": (News.DELAYED, "failed for now"),
    "failed": (News.BOUNCED, "failed"),
    "failed/permanent": (News.BOUNCED, "failed"),
    "failed/permanent/bounce": (News.BOUNCED, "bounce"),
    "failed/permanent/generic": (News.BOUNCED, "generic"),
    "failed/permanent/old": (News.SOFT, "tried for too long"),
    "failed/permanent/espblock": (News.BLOCKED, "the mailbox's provider blocks the sender"),
    "failed/permanent/suppress-bounce": (News.DEAD, "bounced before"),
    "failed/permanent/suppress-unsubscribe": (News.STOPPED, "unsubscribed at Mailgun"),
    "failed/permanent/suppress-complaint": (News.STOPPED, "complained before"),
    "rejected": (News.BLOCKED, "Mailgun rejected the mail"),
    "complained": (News.COMPLAINED, "complained"),
    "unsubscribed": (News.UNSUBSCRIBED, "unsubscribed"),
}
# Of what failed for good: the enhanced status, or Mailgun's own number.
REPORT_CODES: Statuses = {
    "5.1.1": (News.DEAD, "no such mailbox"),
    "5.1.10": (News.DEAD, "no such mailbox"),
    "5.2.2": (News.SOFT, "mailbox full"),
    "5.7.0": (News.BLOCKED, "refused by policy"),
    "5.7.1": (News.BLOCKED, "refused by policy"),
    "5.7.26": (News.BLOCKED, "authentication failed"),
    "602": (News.SOFT, "tried for too long"),
    "605": (News.DEAD, "bounced before"),
    "606": (News.STOPPED, "unsubscribed at Mailgun"),
    "607": (News.STOPPED, "complained before"),
}
# Mailgun calls again for eight hours.
_GOOD_FOR = 8 * 3600.0 + 300.0
_TOKENS = 20_000
_ENHANCED = re.compile(r"5\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailgunSettings(ApiSettings):
    """What there is to choose about Mailgun."""

    base_url: str = option(
        "Where Mailgun listens; domains in the EU: https://api.eu.mailgun.net",
        "https://api.mailgun.net",
    )
    domain: str = option("Sending domain, as Mailgun knows it")
    api_key: SecretStr = option("Sending key of the domain")
    signing_key: SecretStr = option(
        "HTTP webhook signing key; without it, callbacks are refused", SecretStr("")
    )
    test_mode: bool = option("Whether Mailgun takes mails and delivers none", False)


class MailgunSeal:
    """HMAC-SHA256 over a time and a token that stand in the body, which they do not cover.

    So a token is good for one body: whoever copied a callback cannot say anything else with it.
    Each process remembers its own; a repeat of the same body is known by the id of its event.
    """

    covers_query: ClassVar[bool] = False

    def __init__(self, secret: SecretStr) -> None:
        self._key = secret.get_secret_value().encode()
        self._bodies: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine, fresh and its token not used."""
        said = _said(callback)
        proof = dig(said, "signature")
        found = proof if isinstance(proof, dict) else said
        fields = [dig(found, name) for name in ("timestamp", "token", "signature")]
        timestamp, token, given = [each if isinstance(each, str) else "" for each in fields]
        wanted = hmac.new(self._key, f"{timestamp}{token}".encode(), hashlib.sha256).hexdigest()
        if not token or not same(given.encode(), wanted.encode()):
            raise CallbackRejected("the signature does not fit the callback")
        check_fresh(callback, timestamp, _GOOD_FOR)
        self._use(f"{timestamp}{token}", hashlib.sha256(callback.body).digest())

    def _use(self, token: str, body: bytes) -> None:
        with self._lock:
            if not same(self._bodies.setdefault(token, body), body):
                raise CallbackRejected("the token of the callback was used for another one")
            if len(self._bodies) > _TOKENS:
                self._bodies.popitem(last=False)


class MailgunGateway(ApiGateway):
    """Mailgun: set the domain's webhooks to `/hooks/<name>`.

    Incoming mail: a route that forwards to `/hooks/<name>?mime`, which brings the raw mail.
    """

    kind: ClassVar[str] = "mailgun"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[MailgunSettings]] = MailgunSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v3/{domain}/messages.mime",
            format=Format.MULTIPART,
            fields={
                "to": "{to}",
                "o:tracking": "no",
                "o:tracking-clicks": "no",
                "o:tracking-opens": "no",
                "o:testmode": "{testmode}",
                "v:dispatcher": "{id}",
                "message": "{raw}",
            },
            optional=frozenset({"o:testmode"}),
        ),
        answer=Answer(id="id", detail="message"),
        reports=Reports(
            id="event-data.message.headers.message-id",
            ref="event-data.user-variables.dispatcher",
            event="event-data.id",
            status="event-data.event/event-data.severity/event-data.reason",
            code="code",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        incoming=True,
    )

    def auth(self) -> Mapping[str, str]:
        """Basic authentication as the user api."""
        return basic("api", self._settings.api_key)

    def proof(self) -> MailgunSeal | None:
        """The signature in the body, if there is a key."""
        key: SecretStr = self._settings.signing_key
        return MailgunSeal(key) if key.get_secret_value() else None

    def words(self, message: Message) -> Mapping[str, Any]:
        """Say whether this is a test in Mailgun's way."""
        return {**super().words(message), "testmode": "yes" if self._settings.test_mode else ""}

    def told(self, response: httpx.Response, data: Any) -> Any:
        """Take the id out of its brackets, as reports have it."""
        if response.is_success and isinstance(data, dict):
            return {**data, "id": word(data, "id").strip("<>")}
        return data

    def items(self, callback: Callback) -> Iterable[Any]:
        """Give the one thing that a callback tells."""
        return [_said(callback)]

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell mail from events, and say of an event why a mail came back."""
        if "json" not in callback.header("content-type"):
            return [mail_event(self.name, _mail(item, callback), callback.received_at)]
        if not isinstance(item, dict):
            return super().events(item, callback)
        told = {name: value for name, value in item.items() if name != "signature"}
        return super().events({**told, "code": _code(item)}, callback)


def _said(callback: Callback) -> Any:
    """Give the fields of a form, of whatever dress, or the JSON."""
    if not is_multipart(callback):
        return content(callback)
    return {name: value.decode("utf-8", "replace") for name, value in form_parts(callback).items()}


def _code(item: Any) -> str:
    if word(item, "event-data.severity") != "permanent":
        return ""
    status = dig(item, "event-data.delivery-status")
    found = _ENHANCED.match(word(status, "message"))
    return word(status, "enhanced-code") or (found[0] if found else word(status, "code"))


def _mail(fields: Mapping[str, str], callback: Callback) -> bytes:
    """Give the raw mail, or what is nearest to it where the route does not forward that."""
    if "body-mime" in fields:
        multipart = is_multipart(callback)
        return form_parts(callback)["body-mime"] if multipart else fields["body-mime"].encode()
    try:
        headers = orjson.loads(fields.get("message-headers", ""))
    except orjson.JSONDecodeError:
        raise CallbackRejected("the callback holds neither an event nor a mail") from None
    pairs = headers if isinstance(headers, list) else []
    known = [(word(each, "0"), word(each, "1")) for each in pairs]
    return rebuilt(known, fields.get("body-plain", ""), fields.get("body-html", ""))
