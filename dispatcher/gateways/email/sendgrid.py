"""SendGrid, Mail Send v3: a mail a request, since its batches hold no text per person.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.errors import CallbackRejected, ConfigError
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callbacks import form_parts, is_multipart, word
from dispatcher.gateways.credentials import bearer
from dispatcher.gateways.email.incoming import header_lines, mail_event, rebuilt
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, PublicKeySeal, SharedToken, unbase64
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

# SendGrid names the field that is wrong.
CODES: Codes = {
    "personalizations.0.to.0.email": (Meaning.DEAD, "Does not contain a valid address"),
    "personalizations": (Meaning.REFUSED, "The recipients are not valid"),
    "content": (Meaning.REFUSED, "The content is not valid"),
    "content.0.value": (Meaning.REFUSED, "The text is empty"),
    "subject": (Meaning.REFUSED, "The subject is required"),
    "headers": (Meaning.REFUSED, "A header is not allowed"),
    "custom_args": (Meaning.REFUSED, "Too much in custom arguments"),
    "from": (Meaning.DOWN, "The from address does not match a verified sender"),
    "from.email": (Meaning.DOWN, "The from address is not valid"),
    "reply_to.email": (Meaning.DOWN, "The reply_to address is not valid"),
    "ip_pool_name": (Meaning.DOWN, "There is no such IP pool"),
    "authorization": (Meaning.DOWN, "The API key is not valid"),
}
STATUSES: Statuses = {
    "processed": (News.IGNORED, "processed"),
    "deferred": (News.DELAYED, "deferred"),
    "delivered": (News.DELIVERED, "delivered"),
    "bounce": (News.BOUNCED, "bounce"),
    "bounce/bounce/Invalid Address": (News.DEAD, "Invalid Address"),
    "bounce/bounce/Mailbox Unavailable": (News.SOFT, "Mailbox Unavailable"),
    "bounce/bounce/Technical": (News.SOFT, "Technical"),
    "bounce/bounce/Technical Failure": (News.SOFT, "Technical Failure"),
    "bounce/bounce/Content": (News.BLOCKED, "Content"),
    "bounce/bounce/Reputation": (News.BLOCKED, "Reputation"),
    "bounce/bounce/Frequency or Volume Too High": (News.BLOCKED, "Frequency or Volume Too High"),
    "bounce/blocked": (News.BLOCKED, "blocked"),
    "bounce/blocked/Mailbox Unavailable": (News.SOFT, "Mailbox Unavailable"),
    "bounce/blocked/Technical": (News.SOFT, "Technical"),
    "bounce/blocked/Technical Failure": (News.SOFT, "Technical Failure"),
    "bounce/expired": (News.SOFT, "expired"),
    "dropped": (News.BOUNCED, "dropped"),
    "spamreport": (News.COMPLAINED, "spamreport"),
    "unsubscribe": (News.UNSUBSCRIBED, "unsubscribe"),
    "group_unsubscribe": (News.UNSUBSCRIBED, "group_unsubscribe"),
    "group_resubscribe": (News.IGNORED, "group_resubscribe"),
    "open": (News.IGNORED, "open"),
    "click": (News.IGNORED, "click"),
}
# Why a mail was dropped, or the enhanced status of a bounce.
REPORT_CODES: Statuses = {
    "Bounced Address": (News.DEAD, "bounced before"),
    "Invalid": (News.DEAD, "not an address"),
    "Unsubscribed Address": (News.STOPPED, "unsubscribed at SendGrid"),
    "Spam Reporting Address": (News.STOPPED, "complained before"),
    "Spam Content": (News.BLOCKED, "SendGrid takes it for spam"),
    "Spam Content (if Spam Checker app enabled)": (News.BLOCKED, "SendGrid takes it for spam"),
    "Invalid SMTPAPI header": (News.BLOCKED, "SendGrid does not understand the request"),
    "Recipient List over Package Quota": (News.BLOCKED, "the plan allows no more"),
    "5.1.1": (News.DEAD, "no such mailbox"),
    "5.1.10": (News.DEAD, "no such mailbox"),
    "5.2.2": (News.SOFT, "mailbox full"),
    "5.7.1": (News.BLOCKED, "refused by policy"),
    "5.7.26": (News.BLOCKED, "authentication failed"),
}
# SendGrid calls again for a day; its events carry ids by which a repeat is known.
_GOOD_FOR = 24 * 3600.0 + 300.0
_HOPS = re.compile(r"\.(?:filter|recvd)")  # from here on an id names machines of SendGrid
_OFF = {"enable": False}
_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": _OFF,
    "subscription_tracking": _OFF,
    "ganalytics": _OFF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendgridSettings(ApiSettings):
    """What there is to choose about SendGrid."""

    base_url: str = option(
        "Where SendGrid listens; accounts in the EU: https://api.eu.sendgrid.com",
        "https://api.sendgrid.com",
    )
    api_key: SecretStr = option("API key that may send mail and nothing else")
    verification_key: str = option(
        "Public key of the signed event webhook; without it, events are refused", ""
    )
    parse_token: SecretStr = option(
        "Secret word of your choice for incoming mail; without it, incoming mail is refused",
        SecretStr(""),
    )
    ip_pool: str = option("IP pool that sends; empty: the account's", "")
    sandbox: bool = option("Whether SendGrid only checks mails and sends none", False)


@dataclass(frozen=True, slots=True)
class TwoWays:
    """Events and incoming mail prove themselves each in a way of its own."""

    events: Proof | None
    mail: Proof | None
    covers_query: ClassVar[bool] = False

    def check(self, callback: Callback) -> None:
        """Raise CallbackRejected unless the callback is genuine."""
        proof = self.mail if is_multipart(callback) else self.events
        if proof is None:
            raise CallbackRejected("such callbacks are not set up for this gateway: see settings")
        proof.check(callback)


class SendgridGateway(ApiGateway):
    """SendGrid: set the event webhook, signed, to `/hooks/<name>`.

    Incoming mail: point Inbound Parse at `/hooks/<name>?token=<parse_token>`, with the raw mail.
    """

    kind: ClassVar[str] = "sendgrid"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[SendgridSettings]] = SendgridSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v3/mail/send",
            fields={
                "personalizations": [
                    {"to": [{"email": "{to}"}], "custom_args": {"dispatcher": "{id}"}}
                ],
                "from": "{author}",
                "reply_to": "{answers}",
                "subject": "{subject}",
                "content": "{content}",
                "headers": "{headers}",
                "ip_pool_name": "{ip_pool}",
                "tracking_settings": _TRACKING,
                "mail_settings": {"footer": _OFF, "sandbox_mode": {"enable": "{sandbox}"}},
            },
            optional=frozenset({"reply_to", "ip_pool_name"}),
        ),
        answer=Answer(id="id", code="errors.0.field", detail="errors.0.message"),
        codes=CODES,
        reports=Reports(
            id="id",
            ref="dispatcher",
            event="sg_event_id",
            status="event/type/bounce_classification",
            code="code",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        incoming=True,
    )

    def auth(self) -> Mapping[str, str]:
        """The API key as bearer token."""
        return bearer(self._settings.api_key)

    def proof(self) -> TwoWays:
        """ECDSA over the time and the raw body for events; a word in the URL for mail."""
        s: SendgridSettings = self._settings
        events = PublicKeySeal(
            _key(s.verification_key),
            "x-twilio-email-event-webhook-signature",
            "x-twilio-email-event-webhook-timestamp",
            good_for=_GOOD_FOR,
        )
        mail = SharedToken(s.parse_token) if s.parse_token.get_secret_value() else None
        return TwoWays(events if s.verification_key else None, mail)

    def words(self, message: Message) -> Mapping[str, Any]:
        """Add what SendGrid wants nested, and takes in no empty form."""
        words = super().words(message)
        parts = {"text/plain": words["text"], "text/html": words["html"]}
        return {
            **words,
            "author": _address(words["from"], words["from_name"]),
            "answers": _address(words["reply_to"]),
            "content": [{"type": kind, "value": said} for kind, said in parts.items() if said],
        }

    def told(self, response: httpx.Response, data: Any) -> Any:
        """Find the mail's id, which stands in a header."""
        return {"id": response.headers.get("x-message-id")} if response.is_success else data

    def items(self, callback: Callback) -> Iterable[Any]:
        """Give an incoming mail, or a list of events."""
        return [form_parts(callback)] if is_multipart(callback) else super().items(callback)

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell mail from events, and say of an event why a mail came back."""
        if is_multipart(callback):
            return [mail_event(self.name, _mail(item), callback.received_at)]
        if not isinstance(item, dict):
            return super().events(item, callback)
        said = {"dropped": "reason", "bounce": "status"}.get(word(item, "event"), "")
        ours = _HOPS.split(word(item, "sg_message_id"))[0]
        known = {"id": ours, "code": word(item, said)}
        return super().events({**item, **known}, callback)


def _address(address: str, name: str = "") -> dict[str, str]:
    return {k: v for k, v in (("email", address), ("name", name)) if v}


def _mail(parts: Mapping[str, bytes]) -> bytes:
    """Give the raw mail, or what is nearest to it where the hook is not set to send that."""
    if raw := parts.get("email"):
        return raw
    headers, text, html = (
        parts.get(name, b"").decode("utf-8", "replace") for name in ("headers", "text", "html")
    )
    return rebuilt(header_lines(headers), text, html)


def _key(text: str) -> Any:
    """Give what verifies a signature by the public key, which is DER in base64."""
    if not text:
        return None
    try:
        key = load_der_public_key(unbase64(text))
    except ValueError as error:
        raise ConfigError("verification_key", "is not the key that SendGrid shows") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ConfigError("verification_key", "is not the key that SendGrid shows")
    return lambda signature, signed: key.verify(signature, signed, ec.ECDSA(SHA256()))
