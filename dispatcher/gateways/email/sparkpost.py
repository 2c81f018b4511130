"""SparkPost transmissions: one mail a request, webhooks and relay webhooks behind a password.

https://developers.sparkpost.com/api/transmissions, /api/webhooks, /api/relay-webhooks

A transmission to many has one answer for all, and takes at most 100 kB of what differs from one
person to the next, which is less than a mail may have.
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callback_auth import BasicCallbackSettings
from dispatcher.gateways.callbacks import dig, word
from dispatcher.gateways.email.incoming import mail_event
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, unbase64
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "1100": (Meaning.DOWN, "Permission denied"),
    "1101": (Meaning.DOWN, "Invalid URI"),
    "1102": (Meaning.DOWN, "Invalid HTTP method"),
    "1103": (Meaning.DOWN, "Invalid query string"),
    "1200": (Meaning.DOWN, "Invalid params"),
    "1300": (Meaning.REFUSED, "Invalid data format/type/length"),
    "1301": (Meaning.DOWN, "Invalid combination of fields"),
    "1303": (Meaning.DOWN, "Invalid customer id"),
    "1304": (Meaning.DOWN, "Invalid user id"),
    "1305": (Meaning.REFUSED, "Input data not UTF-8 encoded"),
    "1400": (Meaning.REFUSED, "Required field is missing"),
    "1401": (Meaning.DOWN, "Required parameter missing"),
    "1500": (Meaning.UNSURE, "Failed to update database"),
    "1501": (Meaning.UNSURE, "Failed to read from database"),
    "1502": (Meaning.THROTTLED, "Server resources unavailable"),
    "1600": (Meaning.DOWN, "Resource not found"),
    "1601": (Meaning.DOWN, "No license"),
    "1602": (Meaning.THROTTLED, "Resource in use"),
    "1603": (Meaning.DOWN, "Subresource not found"),
    "1700": (Meaning.DOWN, "Unsupported Content-Type header"),
    "1800": (Meaning.DOWN, "HTTP header value not acceptable"),
    "1900": (Meaning.THROTTLED, "Message generation module not available"),
    "1901": (Meaning.REFUSED, "Message failed to generate"),
    # It does not say which: a bounce, a complaint, an unsubscribe or somebody's decision.
    "1902": (Meaning.STOPPED, "Recipient address suppressed"),
    "1910": (Meaning.DOWN, "Message generation not configured"),
    "2000": (Meaning.REFUSED, "Transmission created, but with validation errors"),
    "2002": (Meaning.REFUSED, "Substitution data too large"),
    "2101": (Meaning.THROTTLED, "Exceed sending limit (hourly)"),
    "2102": (Meaning.THROTTLED, "Exceed sending limit (daily)"),
    "2103": (Meaning.DOWN, "Exceed sending limit (sandbox)"),
    "3000": (Meaning.REFUSED, "Template language syntax error"),
    "3001": (Meaning.REFUSED, "Template language render error"),
    "3002": (Meaning.REFUSED, "Invalid header"),
    "3010": (Meaning.REFUSED, "Template MIME construction error"),
    "3020": (Meaning.REFUSED, "Template MIME parsing error"),
    "3040": (Meaning.REFUSED, "Template content is corrupt"),
    "3050": (Meaning.REFUSED, "Template HTML content is invalid"),
    "5002": (Meaning.DEAD, "No valid recipients"),
    "7000": (Meaning.DOWN, "Sending domain blocklisted"),
    "7001": (Meaning.DOWN, "Unconfigured sending domain"),
    "rejected": (Meaning.REFUSED, "The recipient was rejected"),
}
BOUNCES: Statuses = {
    "1": (News.BOUNCED, "undetermined"),
    "10": (News.DEAD, "invalid recipient"),
    "20": (News.SOFT, "soft bounce"),
    "21": (News.SOFT, "DNS failure"),
    "22": (News.SOFT, "mailbox full"),
    "23": (News.SOFT, "too large"),
    "24": (News.SOFT, "timeout"),
    "25": (News.BLOCKED, "failed by configured policies"),
    "26": (News.BLOCKED, "held back by Smart Send"),
    "30": (News.DEAD, "generic bounce: no recipient"),
    "40": (News.BOUNCED, "generic bounce"),
    "50": (News.BLOCKED, "mail block"),
    "51": (News.BLOCKED, "spam block"),
    "52": (News.BLOCKED, "spam content"),
    "53": (News.BLOCKED, "prohibited attachment"),
    "54": (News.BLOCKED, "relaying denied"),
    "60": (News.IGNORED, "automatic reply"),
    "70": (News.SOFT, "transient failure"),
    "80": (News.IGNORED, "subscribe"),
    "90": (News.UNSUBSCRIBED, "unsubscribe"),
    "100": (News.IGNORED, "asks to prove a human sender"),
    "suppressed": (News.STOPPED, "recipient address suppressed"),
}
STATUSES: Statuses = {
    "injection": (News.IGNORED, "injection"),
    "delivery": (News.DELIVERED, "delivery"),
    "delay": (News.DELAYED, "delay"),
    "bounce": (News.BOUNCED, "bounce"),
    "out_of_band": (News.BOUNCED, "out of band bounce"),
    "policy_rejection": (News.BLOCKED, "policy rejection"),
    "policy_rejection/suppressed": BOUNCES["suppressed"],
    "generation_failure": (News.BOUNCED, "generation failure"),
    "generation_rejection": (News.BLOCKED, "generation rejection"),
    "generation_rejection/suppressed": BOUNCES["suppressed"],
    "spam_complaint": (News.COMPLAINED, "spam complaint"),
    "list_unsubscribe": (News.UNSUBSCRIBED, "list unsubscribe"),
    "link_unsubscribe": (News.UNSUBSCRIBED, "link unsubscribe"),
    "open": (News.IGNORED, "open"),
    "initial_open": (News.IGNORED, "initial open"),
    "click": (News.IGNORED, "click"),
    "amp_open": (News.IGNORED, "AMP open"),
    "amp_initial_open": (News.IGNORED, "AMP initial open"),
    "amp_click": (News.IGNORED, "AMP click"),
    **{f"bounce/{bounce_class}": news for bounce_class, news in BOUNCES.items()},
    **{f"out_of_band/{bounce_class}": news for bounce_class, news in BOUNCES.items()},
}
_CURLY = re.compile(r"\{\{\{?|\}\}\}?")
# Everything is a template there, and these stand for the braces themselves.
_LITERALLY = {
    "{{{": "{{opening_triple_curly()}}",
    "{{": "{{opening_double_curly()}}",
    "}}}": "{{closing_triple_curly()}}",
    "}}": "{{closing_double_curly()}}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkPostSettings(BasicCallbackSettings):
    """What there is to choose about SparkPost."""

    base_url: str = option(
        "Where SparkPost listens; in the EU https://api.eu.sparkpost.com",
        "https://api.sparkpost.com",
    )
    api_key: SecretStr = option("API key that may write transmissions")


class SparkPostGateway(ApiGateway):
    """SparkPost: an event webhook, and a relay webhook for incoming mail.

    Both with `https://user:password@.../hooks/<name>` as their target.
    """

    kind: ClassVar[str] = "sparkpost"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[SparkPostSettings]] = SparkPostSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/api/v1/transmissions",
            fields={
                "options": {
                    "transactional": False,
                    "open_tracking": False,
                    "click_tracking": False,
                },
                "recipients": [{"address": {"email": "{to}"}, "metadata": {"id": "{id}"}}],
                "content": {
                    "from": {"email": "{from}", "name": "{from_name}"},
                    "reply_to": "{reply_to}",
                    "subject": "{subject}",
                    "text": "{text}",
                    "html": "{html}",
                    "headers": "{headers}",
                },
            },
            optional=frozenset(
                {"content.from.name", "content.reply_to", "content.text", "content.html"}
            ),
        ),
        answer=Answer(
            id="results.id",
            code="errors.0.code",
            detail="errors.0.message",
            statuses={420: Meaning.THROTTLED},
        ),
        codes=CODES,
        reports=Reports(
            id="transmission_id",
            ref="rcpt_meta.id",
            event="event_id",
            status="type/bounce_class",
            statuses=STATUSES,
        ),
        incoming=True,
    )

    def auth(self) -> Mapping[str, str]:
        """Give the key, which stands alone in its header."""
        return {"Authorization": self._settings.api_key.get_secret_value()}

    def proof(self) -> Proof | None:
        """Check user name and password: SparkPost signs nothing."""
        settings: SparkPostSettings = self._settings
        return settings.basic_proof()

    def words(self, message: Message) -> Words:
        """Give texts in which braces mean themselves."""
        words = super().words(message)
        return {
            **words,
            **{name: _literally(words[name]) for name in ("subject", "text", "html")},
            "headers": {name: _literally(value) for name, value in words["headers"].items()},
        }

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Take a 200 for what it counts: its one recipient may be rejected."""
        said = None
        if dig(data, "results.total_accepted_recipients") == 1:
            said = data
        elif dig(data, "results.total_rejected_recipients") == 1:
            said = data if word(data, "errors.0.code") else {"errors": [{"code": "rejected"}]}
        return [said] * len(messages)

    def items(self, callback: Callback) -> Iterator[Any]:
        """Unwrap events; an empty one only asks whether anybody is there."""
        for wrapped in super().items(callback):
            inside = dig(wrapped, "msys")
            for item in inside.values() if isinstance(inside, dict) else [wrapped]:
                yield {**item, "bounce_class": "suppressed"} if _is_suppressed(item) else item

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell incoming mail from news about ours."""
        raw = dig(item, "content.email_rfc822")
        if not isinstance(raw, str):
            return super().events(item, callback)
        in_base64 = dig(item, "content.email_rfc822_is_base64") is True
        return [mail_event(self.name, unbase64(raw) if in_base64 else raw, callback.received_at)]


def _is_suppressed(item: Any) -> bool:
    """Say whether SparkPost itself, and no server of the recipient, speaks of its list."""
    said = word(item, "raw_reason") or word(item, "reason")
    return "address suppressed" in said and word(item, "bounce_class") in ("", "25")


def _literally(text: str) -> str:
    return _CURLY.sub(lambda found: _LITERALLY[found[0]], text)
