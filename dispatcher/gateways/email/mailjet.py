"""Mailjet Send API 3.1: batches with a verdict for each mail, events behind a password.

https://dev.mailjet.com/email/guides/send-api-v31, .../webhooks, .../parse-api
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callback_auth import BasicCallbackSettings
from dispatcher.gateways.callbacks import dig, word
from dispatcher.gateways.credentials import basic
from dispatcher.gateways.email.incoming import header_pairs, mail_event, rebuilt
from dispatcher.gateways.email.parts import split_mailbox
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "success": (Meaning.ACCEPTED, "success"),
    "error": (Meaning.REFUSED, "refused without a code"),
    "send-0003": (Meaning.REFUSED, "There is neither text nor HTML"),
    "send-0004": (Meaning.DOWN, "HTML and a template are given"),
    "send-0006": (Meaning.DOWN, "The API key may not use a Sender header"),
    "send-0007": (Meaning.DOWN, "The SenderID is not validated"),
    "send-0008": (Meaning.DOWN, "The sender's address is not authorized"),
    "send-0010": (Meaning.DOWN, "The API key may not send the template"),
    "send-0011": (Meaning.DOWN, "A header is not allowed"),
    "send-0012": (Meaning.DOWN, "Deduplication needs a campaign"),
    "send-0015": (Meaning.REFUSED, "Too many recipients"),
    "send-0016": (Meaning.DOWN, "The template language is missing"),
    "mj-0001": (Meaning.DOWN, "The API key is suspended"),
    "mj-0002": (Meaning.DOWN, "The JSON is malformed"),
    "mj-0003": (Meaning.REFUSED, "A mandatory property is missing"),
    "mj-0004": (Meaning.REFUSED, "A value has another type"),
    "mj-0005": (Meaning.DOWN, "A value is not allowed"),
    "mj-0006": (Meaning.REFUSED, "A value is too long"),
    "mj-0007": (Meaning.DOWN, "A list is empty"),
    "mj-0008": (Meaning.DOWN, "A list is too long"),
    "mj-0011": (Meaning.REFUSED, "The mail is too large"),
    "mj-0012": (Meaning.REFUSED, "A text is empty"),
    # Whose address is meant stands elsewhere, so nobody's mailbox is called dead for it.
    "mj-0013": (Meaning.REFUSED, "An email address is not valid"),
    "mj-0015": (Meaning.DOWN, "The credentials are not valid"),
}
ERRORS: Statuses = {
    "recipient/user unknown": (News.DEAD, "user unknown"),
    "recipient/mailbox inactive": (News.DEAD, "mailbox inactive"),
    "recipient/quota exceeded": (News.SOFT, "quota exceeded"),
    "recipient/blacklisted": (News.STOPPED, "on the exclusion list"),
    "recipient/spam reporter": (News.STOPPED, "has complained before"),
    "domain/invalid domain": (News.DEAD, "invalid domain"),
    "domain/no mail host": (News.SOFT, "no mail host"),
    "domain/relay/access denied": (News.BLOCKED, "relay or access denied"),
    "domain/greylisted": (News.DELAYED, "greylisted"),
    "domain/typofix": (News.DEAD, "typing error in the domain"),
    "spam": (News.BLOCKED, "taken for spam"),
    "spam/sender blocked": (News.BLOCKED, "sender blocked"),
    "spam/content blocked": (News.BLOCKED, "content blocked"),
    "spam/policy issue": (News.BLOCKED, "policy issue"),
    "system/system issue": (News.SOFT, "system issue"),
    "system/protocol issue": (News.SOFT, "protocol issue"),
    "system/connection issue": (News.SOFT, "connection issue"),
    "mailjet/preblocked": (News.DEAD, "has bounced before"),
    "mailjet/duplicate in campaign": (News.BOUNCED, "duplicate in campaign"),
}
STATUSES: Statuses = {
    "sent": (News.DELIVERED, "sent"),
    "open": (News.IGNORED, "open"),
    "click": (News.IGNORED, "click"),
    "spam": (News.COMPLAINED, "spam complaint"),
    "unsub": (News.UNSUBSCRIBED, "unsubscribed"),
    "bounce": (News.BOUNCED, "bounce"),
    "blocked": (News.BOUNCED, "blocked"),
    **{f"bounce/{error}": news for error, news in ERRORS.items()},
    **{f"blocked/{error}": news for error, news in ERRORS.items()},
}
# Mailjet writes these itself and refuses a mail that brings its own (send-0011).
FORBIDDEN = frozenset({"list-id", "message-id", "feedback-id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MailjetSettings(BasicCallbackSettings):
    """What there is to choose about Mailjet."""

    base_url: str = option(
        "Where Mailjet listens; accounts in the US have https://api.us.mailjet.com",
        "https://api.mailjet.com",
    )
    api_key: str = option("API key")
    secret_key: SecretStr = option("Secret key")


class MailjetGateway(ApiGateway):
    """Mailjet: an event callback for each event, and a parse route for incoming mail.

    All with `https://user:password@.../hooks/<name>` as their URL. List-Id, Message-ID and
    Feedback-ID are written by Mailjet.
    """

    kind: ClassVar[str] = "mailjet"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[MailjetSettings]] = MailjetSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v3.1/send",
            fields={
                "From": {"Email": "{from}", "Name": "{from_name}"},
                "To": [{"Email": "{to}"}],
                "ReplyTo": "{answers_to}",
                "Subject": "{subject}",
                "TextPart": "{text}",
                "HTMLPart": "{html}",
                "Headers": "{headers}",
                "CustomID": "{id}",
                "TrackOpens": "disabled",
                "TrackClicks": "disabled",
            },
            batch_in="Messages",
            optional=frozenset({"From.Name", "ReplyTo", "TextPart", "HTMLPart", "Headers"}),
        ),
        answer=Answer(
            each="Messages", id="To.0.MessageID", code="ErrorCode", detail="ErrorMessage"
        ),
        codes=CODES,
        reports=Reports(
            id="MessageID",
            ref="CustomID",
            status="event/error_related_to/error",
            statuses=STATUSES,
        ),
        incoming=True,
        max_batch=50,
    )

    def auth(self) -> Mapping[str, str]:
        """Basic authentication with both keys."""
        s: MailjetSettings = self._settings
        return basic(s.api_key, s.secret_key)

    def proof(self) -> Proof | None:
        """Check user name and password: Mailjet signs nothing."""
        settings: MailjetSettings = self._settings
        return settings.basic_proof()

    def words(self, message: Message) -> Words:
        """Give the headers that Mailjet takes, and Reply-To in two parts."""
        words = super().words(message)
        name, address = split_mailbox(words["reply_to"])
        named = {"Email": address, "Name": name} if name else {"Email": address}
        headers = {k: v for k, v in words["headers"].items() if k.lower() not in FORBIDDEN}
        return {**words, "headers": headers, "answers_to": named if address else {}}

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Give each result the first of its errors; what is not taken says so itself."""
        return [_told(result) for result in super().results(messages, data)]

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell incoming mail, which comes in parts, from news about ours."""
        headers = dig(item, "Headers")
        if not isinstance(headers, dict) or word(item, "event"):
            return super().events(item, callback)
        raw = rebuilt(header_pairs(headers), dig(item, "Text-part"), dig(item, "Html-part"))
        return [mail_event(self.name, raw, callback.received_at)]


def _told(result: Any) -> Any:
    status = word(result, "Status")
    if status == "success":
        return {**result, "ErrorCode": status}
    error = dig(result, "Errors.0")
    if isinstance(error, dict):
        return {**error, "ErrorCode": word(error, "ErrorCode") or "error"}
    return {"ErrorCode": "error"} if status == "error" else None
