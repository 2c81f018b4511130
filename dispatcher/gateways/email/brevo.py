"""Brevo transactional mail, API v3: one mail a request, webhooks behind a password or a token.

https://developers.brevo.com/reference/sendtransacemail, .../docs/transactional-webhooks

A batch (messageVersions) has one answer for all: one bad address would refuse its neighbours.
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callback_auth import BasicCallbackSettings
from dispatcher.gateways.callbacks import dig
from dispatcher.gateways.email.incoming import header_pairs, mail_event, rebuilt
from dispatcher.gateways.email.parts import split_mailbox
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import OneOf, Proof, SharedToken
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "invalid_parameter": (Meaning.REFUSED, "A parameter is not valid"),
    "missing_parameter": (Meaning.REFUSED, "A parameter is missing"),
    "out_of_range": (Meaning.REFUSED, "A parameter is out of range"),
    "duplicate_parameter": (Meaning.REFUSED, "A parameter is doubled"),
    "bad_request": (Meaning.REFUSED, "Bad request"),
    "document_not_found": (Meaning.DOWN, "Not found"),
    "method_not_allowed": (Meaning.DOWN, "Method not allowed"),
    "not_acceptable": (Meaning.DOWN, "Not acceptable"),
    "unauthorized": (Meaning.DOWN, "The key, or the address of this machine, is not authorized"),
    "permission_denied": (Meaning.DOWN, "Permission denied"),
    "reseller_permission_denied": (Meaning.DOWN, "Permission denied"),
    "account_under_validation": (Meaning.DOWN, "The account is being validated"),
    "not_enough_credits": (Meaning.DOWN, "Not enough credits"),
    "duplicate_request": (Meaning.UNSURE, "The request was already made"),
}
STATUSES: Statuses = {
    "request": (News.IGNORED, "request"),
    "sent": (News.IGNORED, "sent"),
    "delivered": (News.DELIVERED, "delivered"),
    "deferred": (News.DELAYED, "deferred"),
    "hard_bounce": (News.DEAD, "hard bounce"),
    "soft_bounce": (News.SOFT, "soft bounce"),
    "invalid_email": (News.DEAD, "not a valid address"),
    # It does not say why the person is on the blocklist: a bounce, a complaint, an unsubscribe.
    "blocked": (News.STOPPED, "on the blocklist"),
    "error": (News.BOUNCED, "error"),
    "spam": (News.COMPLAINED, "spam complaint"),
    "complaint": (News.COMPLAINED, "spam complaint"),
    "unsubscribe": (News.UNSUBSCRIBED, "unsubscribed"),
    "unsubscribed": (News.UNSUBSCRIBED, "unsubscribed"),
    "opened": (News.IGNORED, "opened"),
    "unique_opened": (News.IGNORED, "first opening"),
    "proxy_open": (News.IGNORED, "loaded by proxy"),
    "unique_proxy_open": (News.IGNORED, "first loaded by proxy"),
    "click": (News.IGNORED, "click"),
    "list_addition": (News.IGNORED, "added to a list"),
}
OWN = frozenset({"message-id", "feedback-id"})  # Brevo writes these itself


@dataclass(frozen=True, slots=True, kw_only=True)
class BrevoSettings(BasicCallbackSettings):
    """What there is to choose about Brevo."""

    base_url: str = option(
        "Where Brevo listens; a simulator may stand in for it", "https://api.brevo.com"
    )
    api_key: SecretStr = option("API key, which begins with xkeysib-")
    callback_token: SecretStr = option(
        "Bearer token of the webhook, where it has one instead of a password", SecretStr("")
    )


class BrevoGateway(ApiGateway):
    """Brevo: a transactional webhook, and an inbound one for incoming mail.

    Both with `https://user:password@.../hooks/<name>` as their URL, or the first with a token. Turn
    tracking of opens and clicks off in the account: a request cannot. In Brevo's own texts `{{`
    begins a variable, so let no mail hold it.
    """

    kind: ClassVar[str] = "brevo"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[BrevoSettings]] = BrevoSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v3/smtp/email",
            fields={
                "sender": {"email": "{from}", "name": "{from_name}"},
                "to": [{"email": "{to}"}],
                "replyTo": "{answers_to}",
                "subject": "{subject}",
                "textContent": "{text}",
                "htmlContent": "{html}",
                "headers": "{headers}",
            },
            optional=frozenset({"sender.name", "replyTo", "textContent", "htmlContent"}),
        ),
        answer=Answer(id="messageId", code="code", detail="message"),
        codes=CODES,
        phrases={"the sender you used": Meaning.DOWN},
        reports=Reports(
            id="message-id",
            ref="X-Mailin-custom",
            status="event",
            statuses=STATUSES,
        ),
        incoming=True,
    )

    def auth(self) -> Mapping[str, str]:
        """Give the key."""
        return {"api-key": self._settings.api_key.get_secret_value()}

    def proof(self) -> Proof | None:
        """Check the token or the password: Brevo signs nothing."""
        settings: BrevoSettings = self._settings
        proofs: list[Proof] = []
        if settings.callback_token.get_secret_value():
            proofs.append(SharedToken(settings.callback_token, "authorization"))
        if basic := settings.basic_proof():
            proofs.append(basic)
        return OneOf(proofs) if proofs else None

    def words(self, message: Message) -> Words:
        """Give our id as the header that comes back, and Reply-To in two parts."""
        words = super().words(message)
        name, address = split_mailbox(words["reply_to"])
        named = {"email": address, "name": name} if name else {"email": address}
        headers = {k: v for k, v in words["headers"].items() if k.lower() not in OWN}
        return {
            **words,
            "headers": {**headers, "X-Mailin-custom": words["id"]},
            "answers_to": named if address else {},
        }

    def items(self, callback: Callback) -> Iterator[Any]:
        """Give each event, or each incoming mail."""
        for said in super().items(callback):
            mails = dig(said, "items")
            yield from mails if isinstance(mails, list) else [said]

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell incoming mail, which comes in parts, from news about ours."""
        headers = dig(item, "Headers")
        if not isinstance(headers, dict):
            return super().events(item, callback)
        raw = rebuilt(header_pairs(headers), dig(item, "RawTextBody"), dig(item, "RawHtmlBody"))
        return [mail_event(self.name, raw, callback.received_at)]
