"""Mailchimp Transactional (Mandrill), API 1.0: one mail a request, callbacks sealed by URL.

https://mailchimp.com/developer/transactional/api/messages, .../docs/webhooks

A request to many takes one subject and text, filled by its template language for each person; one
mail a request stays as it was written.
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import orjson
from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callbacks import content, dig, word
from dispatcher.gateways.email.incoming import mail_event
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import OneOf, Proof, UrlSeal
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "rejected": (Meaning.REFUSED, "Rejected without a reason"),
    "hard-bounce": (Meaning.DEAD, "Has bounced before"),
    "soft-bounce": (Meaning.REFUSED, "Has bounced softly too often"),
    "spam": (Meaning.STOPPED, "Has complained before"),
    "unsub": (Meaning.STOPPED, "Has unsubscribed"),
    "custom": (Meaning.STOPPED, "Was put on the rejection list by hand"),
    "invalid": (Meaning.DEAD, "Not a valid email address"),
    "rule": (Meaning.REFUSED, "Rejected by a rule of the account"),
    "invalid-sender": (Meaning.DOWN, "The sender's address is not valid"),
    "unsigned": (Meaning.DOWN, "The sending domain is not verified and signed"),
    "recipient-domain-mismatch": (Meaning.DOWN, "A trial account may write to its own domain"),
    "test-mode-limit": (Meaning.DOWN, "The test key has reached its limit"),
    "Invalid_Key": (Meaning.DOWN, "Not a valid API key"),
    "PaymentRequired": (Meaning.DOWN, "The requested feature requires payment"),
    "PoorReputation": (Meaning.DOWN, "The reputation is too low to continue"),
    "Unknown_Subaccount": (Meaning.DOWN, "The subaccount does not exist"),
    "ServiceUnavailable": (Meaning.THROTTLED, "Down for maintenance"),
    "ValidationError": (Meaning.REFUSED, "The parameters are invalid"),
    "GeneralError": (Meaning.UNSURE, "An unexpected error occurred"),
}
# The codes of BoogieTools' bounce categories, which stand beside the word.
BLOCKS = ("50", "51", "52", "53", "54")
STATUSES: Statuses = {
    "send": (News.IGNORED, "sent"),
    "delivered": (News.DELIVERED, "delivered"),
    "deferral": (News.DELAYED, "deferred"),
    "hard_bounce": (News.DEAD, "hard bounce"),
    "soft_bounce": (News.SOFT, "soft bounce"),
    "spam": (News.COMPLAINED, "spam complaint"),
    "unsub": (News.UNSUBSCRIBED, "unsubscribed"),
    "reject": (News.BOUNCED, "rejected"),
    "open": (News.IGNORED, "open"),
    "click": (News.IGNORED, "click"),
    **{f"hard_bounce/{code}": (News.BLOCKED, "blocked") for code in BLOCKS},
    **{f"soft_bounce/{code}": (News.BLOCKED, "blocked") for code in BLOCKS},
}
# News of the account's own lists, of no message of ours.
LISTS = ("blacklist", "whitelist", "denylist", "allowlist")


@dataclass(frozen=True, slots=True, kw_only=True)
class MandrillSettings(ApiSettings):
    """What there is to choose about Mailchimp Transactional."""

    base_url: str = option(
        "Where Mandrill listens; a simulator may stand in for it", "https://mandrillapp.com"
    )
    api_key: SecretStr = option("API key")
    subaccount: str = option("Subaccount to send by; empty: none", "")
    webhook_key: SecretStr = option(
        "Key of the webhook; empty: its callbacks are refused", SecretStr("")
    )
    inbound_key: SecretStr = option(
        "Key of the webhook for incoming mail, which is another one", SecretStr("")
    )


class MandrillGateway(ApiGateway):
    """Mailchimp Transactional: a webhook for events, and a route for incoming mail.

    Both post to `/hooks/<name>`; each has a key of its own, shown beside it.
    """

    kind: ClassVar[str] = "mandrill"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[MandrillSettings]] = MandrillSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/api/1.0/messages/send",
            fields={
                "key": "{api_key}",
                "async": False,
                "message": {
                    "from_email": "{from}",
                    "from_name": "{from_name}",
                    "to": [{"email": "{to}", "type": "to"}],
                    "subject": "{subject}",
                    "text": "{text}",
                    "html": "{html}",
                    "headers": "{headers}",
                    "metadata": {"id": "{id}"},
                    "subaccount": "{subaccount}",
                    "merge": False,
                    "track_opens": False,
                    "track_clicks": False,
                    "auto_text": False,
                    "auto_html": False,
                    "inline_css": False,
                    "view_content_link": False,
                },
            },
            optional=frozenset({"message.from_name", "message.html", "message.subaccount"}),
        ),
        answer=Answer(
            each=".",
            id="_id",
            code="name",
            detail="message",
            success=("sent", "queued", "scheduled"),
        ),
        codes=CODES,
        phrases={'"from_email":': Meaning.DOWN},
        reports=Reports(
            id="msg._id",
            ref="msg.metadata.id",
            status="event/msg.bgtools_code",
            statuses=STATUSES,
        ),
        incoming=True,
    )

    def proof(self) -> Proof | None:
        """Check the signature of the URL and the form, by either key."""
        keys: list[SecretStr] = [self._settings.webhook_key, self._settings.inbound_key]
        seals = [UrlSeal(key, "x-mandrill-signature") for key in keys if key.get_secret_value()]
        return OneOf(seals) if seals else None

    def words(self, message: Message) -> Words:
        """Give Reply-To among the headers."""
        words = super().words(message)
        if not words["reply_to"]:
            return words
        return {**words, "headers": {**words["headers"], "Reply-To": words["reply_to"]}}

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Name each result as errors are named: by its reason, else by its status."""
        return [_named(result) for result in super().results(messages, data)]

    def items(self, callback: Callback) -> Iterator[Any]:
        """Give the events, which are JSON in a field of a form."""
        try:
            told = orjson.loads(word(content(callback), "mandrill_events"))
        except orjson.JSONDecodeError:
            raise CallbackRejected("the callback holds no mandrill_events") from None
        for item in told if isinstance(told, list) else [told]:
            if word(item, "type") not in LISTS:
                yield item

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell incoming mail from news about ours."""
        raw = dig(item, "msg.raw_msg")
        if isinstance(raw, str):
            return [mail_event(self.name, raw, callback.received_at)]
        return super().events(item, callback)


def _named(result: Any) -> Any:
    if not isinstance(result, dict):
        return None
    status = word(result, "status")
    reason = word(result, "reject_reason") if status == "rejected" else ""
    return {**result, "name": reason or status}
