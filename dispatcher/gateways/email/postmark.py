"""Postmark: batches with a verdict for each mail, webhooks behind a password.

https://postmarkapp.com/developer/api/email-api, .../webhooks/webhooks-overview
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callback_auth import BasicCallbackSettings
from dispatcher.gateways.callbacks import dig
from dispatcher.gateways.email.incoming import mail_event
from dispatcher.gateways.email.parts import mailbox
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "10": (Meaning.DOWN, "Bad or missing API token"),
    "100": (Meaning.THROTTLED, "Maintenance"),
    "300": (Meaning.REFUSED, "Invalid email request"),
    "400": (Meaning.DOWN, "Sender Signature not found"),
    "401": (Meaning.DOWN, "Sender Signature not confirmed"),
    "402": (Meaning.DOWN, "Invalid JSON"),
    "403": (Meaning.DOWN, "Invalid request field(s)"),
    "405": (Meaning.DOWN, "Not allowed to send: out of credits"),
    # It does not say which: a hard bounce, a complaint, an unsubscribe or somebody's decision.
    "406": (Meaning.STOPPED, "Inactive recipient"),
    "409": (Meaning.DOWN, "JSON required"),
    "410": (Meaning.DOWN, "Too many batch messages"),
    "411": (Meaning.REFUSED, "Forbidden attachment type"),
    "412": (Meaning.DOWN, "Account is pending approval"),
    "413": (Meaning.DOWN, "Account may not send"),
    "429": (Meaning.THROTTLED, "Rate limit exceeded"),
    "1221": (Meaning.DOWN, "The type of the message stream is not valid"),
    "1226": (Meaning.DOWN, "The message stream was not found"),
    "1235": (Meaning.DOWN, "The message stream does not exist on this server"),
    "1236": (Meaning.DOWN, "Sending is not supported on the message stream"),
}
STATUSES: Statuses = {
    "Delivery": (News.DELIVERED, "delivered"),
    "SpamComplaint": (News.COMPLAINED, "spam complaint"),
    "Open": (News.IGNORED, "open"),
    "Click": (News.IGNORED, "click"),
    "Bounce": (News.BOUNCED, "bounce"),
    "Bounce/HardBounce": (News.DEAD, "unknown user, mailbox not found"),
    "Bounce/Transient": (News.DELAYED, "delayed by a network trouble"),
    "Bounce/Unsubscribe": (News.UNSUBSCRIBED, "unsubscribe or remove request"),
    "Bounce/Subscribe": (News.IGNORED, "subscribe request"),
    "Bounce/AutoResponder": (News.IGNORED, "automatic reply"),
    "Bounce/AddressChange": (News.IGNORED, "the recipient asks for another address"),
    "Bounce/DnsError": (News.SOFT, "temporary DNS error"),
    "Bounce/SpamNotification": (News.BLOCKED, "classified as spam or rejected content"),
    "Bounce/OpenRelayTest": (News.IGNORED, "test of an open relay"),
    "Bounce/Unknown": (News.BOUNCED, "unclassified"),
    "Bounce/SoftBounce": (News.SOFT, "mailbox full, account disabled, time limit exceeded"),
    "Bounce/VirusNotification": (News.BLOCKED, "taken for a virus"),
    "Bounce/ChallengeVerification": (News.IGNORED, "asks to prove a human sender"),
    "Bounce/BadEmailAddress": (News.DEAD, "not a valid email address"),
    "Bounce/ManuallyDeactivated": (News.STOPPED, "manually deactivated"),
    "Bounce/Unconfirmed": (News.BOUNCED, "registration not confirmed"),
    "Bounce/Blocked": (News.BLOCKED, "blocked due to content or blocklisting"),
    "Bounce/SMTPApiError": (News.BOUNCED, "not accepted through SMTP"),
    "Bounce/InboundError": (News.IGNORED, "incoming mail was not passed on"),
    "Bounce/DMARCPolicy": (News.BLOCKED, "rejected by DMARC policy"),
    "Bounce/TemplateRenderingFailed": (News.BOUNCED, "template not rendered"),
    # Without a reason the person was taken off the list of those who get nothing.
    "SubscriptionChange": (News.IGNORED, "reactivated"),
    "SubscriptionChange/ManualSuppression": (News.UNSUBSCRIBED, "unsubscribed"),
    "SubscriptionChange/HardBounce": (News.DEAD, "hard bounce"),
    "SubscriptionChange/SpamComplaint": (News.COMPLAINED, "spam complaint"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostmarkSettings(BasicCallbackSettings):
    """What there is to choose about Postmark."""

    base_url: str = option(
        "Where Postmark listens; a simulator may stand in for it", "https://api.postmarkapp.com"
    )
    server_token: SecretStr = option("API token of the server")
    message_stream: str = option("Message stream; one for broadcasts", "broadcast")


class PostmarkGateway(ApiGateway):
    """Postmark: webhooks for delivery, bounces, complaints, subscriptions and incoming mail.

    All go to `https://user:password@.../hooks/<name>`. Let the stream manage no unsubscribing of
    its own (custom), and have it include raw content with incoming mail.
    """

    kind: ClassVar[str] = "postmark"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[PostmarkSettings]] = PostmarkSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/email/batch",
            fields={
                "From": "{mailbox}",
                "To": "{to}",
                "ReplyTo": "{reply_to}",
                "Subject": "{subject}",
                "TextBody": "{text}",
                "HtmlBody": "{html}",
                "Headers": "{header_list}",
                "Metadata": {"id": "{id}"},
                "MessageStream": "{message_stream}",
                "TrackOpens": False,
                "TrackLinks": "None",
            },
            batch_in=".",
            optional=frozenset({"ReplyTo", "TextBody", "HtmlBody"}),
        ),
        answer=Answer(each=".", id="MessageID", code="ErrorCode", detail="Message", success=("0",)),
        codes=CODES,
        phrases={"'from' address": Meaning.DOWN},
        reports=Reports(
            id="MessageID",
            ref="Metadata.id",
            event="ID",
            status="RecordType/Type/SuppressionReason",
            statuses=STATUSES,
        ),
        incoming=True,
        max_batch=100,
    )

    def auth(self) -> Mapping[str, str]:
        """Give the token of the server."""
        return {"X-Postmark-Server-Token": self._settings.server_token.get_secret_value()}

    def proof(self) -> Proof | None:
        """Check user name and password: Postmark signs nothing."""
        settings: PostmarkSettings = self._settings
        return settings.basic_proof()

    def words(self, message: Message) -> Words:
        """Give headers as a list; X-PM-KeepID leaves our Message-ID as it is."""
        words = super().words(message)
        headers = {**words["headers"], "X-PM-KeepID": "true"}
        return {
            **words,
            "mailbox": mailbox(words["from_name"], words["from"]),
            "header_list": [{"Name": name, "Value": value} for name, value in headers.items()],
        }

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell incoming mail from news about ours."""
        raw = dig(item, "RawEmail")
        if isinstance(raw, str):
            return [mail_event(self.name, raw, callback.received_at)]
        return super().events(item, callback)
