"""Amazon SES, API v2: fifty different mails in a request, each with its own verdict.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.utils import formataddr
from typing import Any, ClassVar

import orjson

from dispatcher.domain.messages import Callback, Channel, Event, Message
from dispatcher.gateways.api_events import Reports
from dispatcher.gateways.api_tables import Answer, Api, Ask
from dispatcher.gateways.aws import AwsGateway, AwsSettings
from dispatcher.gateways.callbacks import dig, word
from dispatcher.gateways.email.incoming import mail_event
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import unbase64
from dispatcher.gateways.vocabulary import Codes, Meaning, News, Statuses

CODES: Codes = {
    # Of one mail.
    "MESSAGE_REJECTED": (Meaning.REFUSED, "The message was rejected"),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": (Meaning.DOWN, "The sender's domain is not verified"),
    "CONFIGURATION_SET_DOES_NOT_EXIST": (Meaning.DOWN, "There is no such configuration set"),
    "CONFIGURATION_SET_NOT_FOUND": (Meaning.DOWN, "There is no such configuration set"),
    "ACCOUNT_SUSPENDED": (Meaning.DOWN, "The account has been shut down"),
    "ACCOUNT_THROTTLED": (Meaning.THROTTLED, "Sending faster than the account may"),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": (Meaning.THROTTLED, "More in 24 hours than the account may"),
    "INVALID_SENDING_POOL_NAME": (Meaning.DOWN, "The configuration set's IP pool is gone"),
    "ACCOUNT_SENDING_PAUSED": (Meaning.DOWN, "Sending is disabled for the account"),
    "CONFIGURATION_SET_SENDING_PAUSED": (Meaning.DOWN, "The configuration set is paused"),
    "INVALID_PARAMETER": (Meaning.REFUSED, "A parameter or address is not valid"),
    "TRANSIENT_FAILURE": (Meaning.THROTTLED, "SES could not process the mail for now"),
    "FAILED": (Meaning.REFUSED, "SES could not process the mail"),
    # Of a whole request.
    "AccountSuspendedException": (Meaning.DOWN, "The account has been shut down"),
    "SendingPausedException": (Meaning.DOWN, "Sending is disabled for the account"),
    "MailFromDomainNotVerifiedException": (Meaning.DOWN, "The sender's domain is not verified"),
    "MessageRejected": (Meaning.DOWN, "The sender, or in the SES sandbox a recipient, is unknown"),
    "NotFoundException": (Meaning.DOWN, "There is no such configuration set"),
    "TooManyRequestsException": (Meaning.THROTTLED, "Too many requests"),
    "LimitExceededException": (Meaning.THROTTLED, "A limit of the account is exceeded"),
    "ThrottlingException": (Meaning.THROTTLED, "Sending faster than the account may"),
    "BadRequestException": (Meaning.REFUSED, "The request is not valid"),
    "AccessDeniedException": (Meaning.DOWN, "The user may not send"),
    "ExpiredTokenException": (Meaning.DOWN, "The session token is too old"),
    "InvalidSignatureException": (Meaning.DOWN, "The secret key or the clock is wrong"),
    "UnrecognizedClientException": (Meaning.DOWN, "The access key is not known"),
}
STATUSES: Statuses = {
    "Send": (News.IGNORED, "Send"),
    "Delivery": (News.DELIVERED, "Delivery"),
    "DeliveryDelay": (News.DELAYED, "DeliveryDelay"),
    "Bounce": (News.BOUNCED, "Bounce"),
    "Bounce/Permanent": (News.BOUNCED, "Bounce: Permanent"),
    "Bounce/Permanent/General": (News.DEAD, "Bounce: Permanent General"),
    "Bounce/Permanent/General/5.3": (News.BLOCKED, "Bounce: the message is not accepted"),
    "Bounce/Permanent/General/5.6": (News.BLOCKED, "Bounce: the content is not accepted"),
    "Bounce/Permanent/General/5.7": (News.BLOCKED, "Bounce: refused by policy"),
    "Bounce/Permanent/NoEmail": (News.DEAD, "Bounce: Permanent NoEmail"),
    "Bounce/Permanent/Suppressed": (News.DEAD, "Bounce: on the suppression list of SES"),
    "Bounce/Permanent/OnAccountSuppressionList": (News.DEAD, "Bounce: bounced before"),
    "Bounce/Permanent/UnsubscribedRecipient": (News.STOPPED, "Bounce: unsubscribed at SES"),
    "Bounce/Transient": (News.SOFT, "Bounce: Transient"),
    "Bounce/Transient/General": (News.SOFT, "Bounce: Transient General"),
    "Bounce/Transient/MailboxFull": (News.SOFT, "Bounce: MailboxFull"),
    "Bounce/Transient/CustomTimeoutExceeded": (News.SOFT, "Bounce: CustomTimeoutExceeded"),
    "Bounce/Transient/MessageTooLarge": (News.BLOCKED, "Bounce: MessageTooLarge"),
    "Bounce/Transient/ContentRejected": (News.BLOCKED, "Bounce: ContentRejected"),
    "Bounce/Transient/AttachmentRejected": (News.BLOCKED, "Bounce: AttachmentRejected"),
    "Bounce/Undetermined": (News.BOUNCED, "Bounce: Undetermined"),
    "Complaint": (News.COMPLAINED, "Complaint"),
    "Complaint/OnAccountSuppressionList": (News.STOPPED, "Complaint: complained before"),
    "Complaint/not-spam": (News.IGNORED, "Complaint: not spam after all"),
    "Complaint/auth-failure": (News.IGNORED, "Complaint: about authentication, not by a person"),
    "Subscription": (News.IGNORED, "Subscription"),
    "Subscription/OptOut": (News.UNSUBSCRIBED, "Subscription: OptOut"),
    "Reject": (News.BLOCKED, "Reject: SES found a virus"),
    "Rendering Failure": (News.BLOCKED, "Rendering Failure"),
    "Open": (News.IGNORED, "Open"),
    "Click": (News.IGNORED, "Click"),
}
# A "permanent general" bounce is any 5xx, so its enhanced status comes first.
REPORT_CODES: Statuses = {
    "5.1.1": (News.DEAD, "no such mailbox"),
    "5.2.2": (News.SOFT, "mailbox full"),
}
# SES escapes nothing that it puts into a template.
_SUBJECT = {"Subject": "{{subject}}"}
_PARTS = {"text": {"Text": "{{text}}"}, "html": {"Html": "{{html}}"}}
_DATA = '{"subject":"","text":"","html":""}'
_ROOM = 600_000  # bytes of mails in a request; its JSON, which is longer, may have 1 MB
_REPLY_TO = re.compile(rb"^reply-to:.*$", re.IGNORECASE | re.MULTILINE)
_NOT_OURS = {"message-id"}  # SES writes its own and may refuse another


@dataclass(frozen=True, slots=True, kw_only=True)
class SesSettings(AwsSettings):
    """What there is to choose about SES."""

    endpoint: ClassVar[str] = "email"

    configuration_set: str = option(
        "Configuration set, without open and click tracking; its events tell what became of mails",
        "",
    )


class SesGateway(AwsGateway):
    """Amazon SES: subscribe `/hooks/<name>` by HTTPS to the topics of events and incoming mail.

    Leave opens and clicks out of the configuration set's events and of its VDM options: requests
    cannot switch tracking off. The user needs `ses:SendBulkEmail` and `ses:SendEmail`.
    """

    kind: ClassVar[str] = "ses"
    channel: ClassVar[Channel] = Channel.EMAIL
    settings_type: ClassVar[type[SesSettings]] = SesSettings
    service: ClassVar[str] = "ses"
    api: ClassVar[Api] = Api(
        ask=Ask(
            path="/v2/email/outbound-bulk-emails",
            fields={
                "Destination": {"ToAddresses": ["{to}"]},
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {"ReplacementTemplateData": "{data}"}
                },
                "ReplacementHeaders": "{header_list}",
                "ReplacementTags": [{"Name": "dispatcher", "Value": "{id}"}],
            },
            batch_in="BulkEmailEntries",
        ),
        answer=Answer(
            each="BulkEmailEntryResults",
            id="MessageId",
            code="Status",
            detail="Error",
            success=("SUCCESS",),
        ),
        codes=CODES,
        reports=Reports(
            id="mail.messageId",
            ref="mail.tags.dispatcher.0",
            status=(
                "eventType/notificationType/bounce.bounceType/bounce.bounceSubType/family/"
                "complaint.complaintSubType/complaint.complaintFeedbackType/"
                "deliveryDelay.delayType/wish"
            ),
            code="code",
            statuses=STATUSES,
            codes=REPORT_CODES,
        ),
        incoming=True,
        max_batch=50,
    )

    def fits(self, batch: Sequence[Message], message: Message) -> bool:
        """Keep a request to one sender and to what SES takes, or it would refuse everybody's."""
        size = sum(len(each.content) for each in batch) + len(message.content)
        plain = batch[0].address.isascii() and message.address.isascii()
        return size <= _ROOM and plain and _kin(batch[0]) == _kin(message)

    def body(self, messages: Sequence[Message]) -> Any:
        """Add what all mails of a request have in common."""
        words = super().words(messages[0])
        common = {
            "FromEmailAddress": formataddr((words["from_name"], words["from"])),
            "ReplyToAddresses": [words["reply_to"]] if words["reply_to"] else [],
            "ConfigurationSetName": self._settings.configuration_set,
        }
        asked = dict(_SUBJECT)
        for name, part in _PARTS.items():
            if words[name]:  # an empty part would hide the other one
                asked |= part
        template = {"TemplateContent": asked, "TemplateData": _DATA}
        common["DefaultContent"] = {"Template": template}
        return {k: v for k, v in common.items() if v} | super().body(messages)

    def words(self, message: Message) -> dict[str, Any]:
        """Put a mail into the data of a template that is nothing but its three parts."""
        words = super().words(message)
        data = {name: words[name] for name in ("subject", "text", "html")}
        headers = [
            {"Name": name, "Value": value}
            for name, value in words["headers"].items()
            if name.lower() not in _NOT_OURS
        ]
        return {**words, "data": orjson.dumps(data).decode(), "header_list": headers}

    def events(self, item: Any, callback: Callback) -> Iterable[Event]:
        """Tell incoming mail from reports, and put together what a report tells in several ways."""
        if word(item, "notificationType") == "Received":
            coded = word(item, "receipt.action.encoding").upper() == "BASE64"
            said = word(item, "content")
            if raw := unbase64("".join(said.split())) if coded else said.encode():
                return [mail_event(self.name, raw, callback.received_at)]
        if not isinstance(item, dict):
            return super().events(item, callback)
        if word(item, "notificationType") == "AmazonSnsSubscriptionSucceeded":
            return []  # SES greets each new topic
        general = word(item, "bounce.bounceSubType") == "General"
        code = word(item, "bounce.bouncedRecipients.0.status") if general else ""
        wish = "OptOut" if _leaves(item) else ""
        known = {"code": code, "family": code[:3], "wish": wish}
        return super().events({**item, **known}, callback)


def _leaves(item: Any) -> bool:
    wanted = dig(item, "subscription.newTopicPreferences")
    topics = dig(wanted, "topicSubscriptionStatus")
    told = topics if isinstance(topics, list) else []
    left = any(word(each, "subscriptionStatus") == "OptOut" for each in told)
    return left or dig(wanted, "unsubscribeAll") is True


def _kin(message: Message) -> tuple[object, ...]:
    """Give what all mails of a request share: sender, address for answers, kinds of parts."""
    content = message.content
    found = _REPLY_TO.search(content.partition(b"\r\n\r\n")[0])
    answers = found[0] if found else b""
    return message.sender, answers, b"text/plain" in content, b"text/html" in content
