"""Resend: batches with the errors of single mails beside them, webhooks sealed in the open format.

https://resend.com/docs/api-reference/emails/send-batch-emails, .../dashboard/webhooks/introduction

A key of idempotency would be one for a whole batch, which is put together anew for another try: so
none is given, and a lost answer stays unsure until a webhook tells.
"""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import SecretStr

from dispatcher.domain.messages import Channel, Message
from dispatcher.errors import ConfigError
from dispatcher.gateways.api import ApiGateway, ApiSettings
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.callbacks import dig, word
from dispatcher.gateways.credentials import bearer
from dispatcher.gateways.filling import Words
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import Proof, StandardWebhook, unbase64
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    "refused": (Meaning.REFUSED, "One mail of a batch was refused"),
    "missing_api_key": (Meaning.DOWN, "Missing API key"),
    "invalid_api_key": (Meaning.DOWN, "API key is invalid"),
    "invalid_api_Key": (Meaning.DOWN, "API key is invalid"),
    "restricted_api_key": (Meaning.DOWN, "The API key may not do this"),
    "suspended_api_key": (Meaning.DOWN, "The API key is suspended"),
    "invalid_from_address": (Meaning.DOWN, "Invalid sender address"),
    "invalid_access": (Meaning.DOWN, "Access must be full"),
    "invalid_permission": (Meaning.DOWN, "The API key may not do this"),
    # A mail that is at fault is told apart, so what is said of a whole batch is nobody's fault.
    "validation_error": (Meaning.DOWN, "Sender, domain or request is not valid"),
    "invalid_parameter": (Meaning.DOWN, "A parameter is not valid"),
    "missing_required_field": (Meaning.DOWN, "A required field is missing"),
    "invalid_attachment": (Meaning.DOWN, "An attachment is not valid"),
    "security_error": (Meaning.DOWN, "A security issue with the request"),
    "monthly_quota_exceeded": (Meaning.DOWN, "The monthly quota is used up"),
    "daily_quota_exceeded": (Meaning.DOWN, "The daily quota is used up"),
    "rate_limit_exceeded": (Meaning.THROTTLED, "Too many requests"),
    "not_found": (Meaning.DOWN, "The endpoint does not exist"),
    "method_not_allowed": (Meaning.DOWN, "Method is not allowed"),
    "application_error": (Meaning.UNSURE, "An unexpected error occurred"),
    "internal_server_error": (Meaning.UNSURE, "An unexpected error occurred"),
}
STATUSES: Statuses = {
    "email.sent": (News.IGNORED, "sent"),
    "email.scheduled": (News.IGNORED, "scheduled"),
    "email.opened": (News.IGNORED, "opened"),
    "email.clicked": (News.IGNORED, "clicked"),
    "email.delivered": (News.DELIVERED, "delivered"),
    "email.delivery_delayed": (News.DELAYED, "delivery delayed"),
    "email.complained": (News.COMPLAINED, "spam complaint"),
    "email.failed": (News.BOUNCED, "failed"),
    # It does not say which: a bounce, a complaint or somebody's decision.
    "email.suppressed": (News.STOPPED, "on the suppression list"),
    "email.bounced": (News.BOUNCED, "bounced"),
    "email.bounced/Permanent/General": (News.DEAD, "hard bounce"),
    "email.bounced/Permanent/NoEmail": (News.DEAD, "no such address"),
    "email.bounced/Permanent/Suppressed": (News.DEAD, "has bounced before"),
    "email.bounced/Permanent/OnAccountSuppressionList": (News.STOPPED, "on the suppression list"),
    "email.bounced/Transient": (News.SOFT, "soft bounce"),
    "email.bounced/Transient/General": (News.SOFT, "soft bounce"),
    "email.bounced/Transient/MailboxFull": (News.SOFT, "mailbox full"),
    "email.bounced/Transient/MessageTooLarge": (News.SOFT, "message too large"),
    "email.bounced/Transient/ContentRejected": (News.BLOCKED, "content rejected"),
    "email.bounced/Transient/AttachmentRejected": (News.BLOCKED, "attachment rejected"),
    "email.bounced/Undetermined": (News.BOUNCED, "undetermined"),
}
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,"]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendSettings(ApiSettings):
    """What there is to choose about Resend."""

    base_url: str = option(
        "Where Resend listens; a simulator may stand in for it", "https://api.resend.com"
    )
    api_key: SecretStr = option("API key that may send")
    webhook_secret: SecretStr = option(
        "Signing secret of the webhook, which begins with whsec_; empty: callbacks are refused",
        SecretStr(""),
    )

    def __post_init__(self) -> None:
        ApiSettings.__post_init__(self)
        secret = self.webhook_secret.get_secret_value()
        if secret and not unbase64(secret.removeprefix("whsec_")):
            raise ConfigError("webhook_secret", "is not whole: copy it with its beginning, whsec_")


class ResendGateway(ApiGateway):
    """Resend: one webhook to `/hooks/<name>` for all events of mails, but those of incoming ones.

    Turn tracking of opens and clicks off for the domain: a request cannot. Let answers go to a
    mailbox elsewhere: of incoming mail Resend tells only that there is one. Its rate limit counts
    requests, so `in_flight` 2 is enough.
    """

    kind: ClassVar[str] = "resend"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[ResendSettings]] = ResendSettings
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/emails/batch",
            fields={
                "from": "{mailbox}",
                "to": ["{to}"],
                "reply_to": "{reply_to}",
                "subject": "{subject}",
                "text": "{text}",
                "html": "{html}",
                "headers": "{headers}",
                "tags": [{"name": "dispatcher", "value": "{id}"}],
            },
            batch_in=".",
            headers={"x-batch-validation": "permissive"},
            optional=frozenset({"reply_to", "text", "html", "headers"}),
        ),
        answer=Answer(each="data", id="id", code="name", detail="message"),
        codes=CODES,
        phrases={"is not verified": Meaning.DOWN, "`from` field": Meaning.DOWN},
        reports=Reports(
            id="data.email_id",
            ref="data.tags.dispatcher",
            status="type/data.bounce.type/data.bounce.subType",
            statuses=STATUSES,
        ),
        max_batch=100,
    )

    def auth(self) -> Mapping[str, str]:
        """Give the key as a bearer token."""
        return bearer(self._settings.api_key)

    def proof(self) -> Proof | None:
        """Check the seal."""
        secret: SecretStr = self._settings.webhook_secret
        return StandardWebhook(secret, "svix") if secret.get_secret_value() else None

    def words(self, message: Message) -> Words:
        """Give the sender as Resend reads it: a plain name, in which no mark may stand."""
        words = super().words(message)
        name = " ".join(_SPECIAL.sub(" ", words["from_name"]).split())
        mailbox = f"{name} <{words['from']}>" if name else words["from"]
        headers = {k: v for k, v in words["headers"].items() if k.lower() != "message-id"}
        return {**words, "mailbox": mailbox, "headers": headers}

    def results(self, messages: Sequence[Message], data: Any) -> Sequence[Any]:
        """Put ids and errors in the places of their mails: ids come only of those taken."""
        taken, refused = dig(data, "data"), dig(data, "errors") or []
        if not (isinstance(taken, list) and isinstance(refused, list)):
            return [None] * len(messages)
        errors = {word(each, "index"): each for each in refused}
        ids = iter(taken)
        told = [
            {"name": "refused", "message": word(errors[str(n)], "message")}
            if str(n) in errors
            else next(ids, None)
            for n in range(len(messages))
        ]
        is_whole = len(taken) + len(errors) == len(messages)
        return told if is_whole else [None] * len(messages)
