"""Messages on their way out, the receipts gateways give for them, and the events that follow."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple


class Channel(StrEnum):
    """The ways to reach a person."""

    EMAIL = "email"
    SMS = "sms"


class MessageClass(StrEnum):
    """What a message is for; everything but PROMOTIONAL answers the person's own act."""

    PROMOTIONAL = "promotional"
    OPTOUT_CONFIRMATION = "optout_confirmation"
    HELP_REPLY = "help_reply"
    WELCOME = "welcome"
    DOI_REQUEST = "doi_request"
    QUIET_CONFIRMATION = "quiet_confirmation"
    NOTHING_NEW = "nothing_new"
    WRONG_NUMBER = "wrong_number"
    CONVERSATION = "conversation"
    IDENTITY_CHECK = "identity_check"
    STAYED = "stayed"


class DeliveryKey(NamedTuple):
    """Names one attempt to deliver: primary key of `attempt`, and of every receipt."""

    wave_id: int
    customer_id: int
    attempt: int


class Message(NamedTuple):
    """One rendered message, ready for a gateway.

    `content` is a whole RFC 5322 message with CRLF line ends (e-mail, not dot-stuffed) or the text
    (SMS, UTF-8). `send_before` is Unix seconds: when the person's window closes. `ordinal` is its
    place in the batch, the unit of permits. `digest` is the SHA-256 of the text (of a mail: of its
    plain part, UTF-8, CRLF), by which a copy of the message can be told to be what was sent.
    """

    key: DeliveryKey
    channel: Channel
    address: str
    sender: str
    content: bytes
    ordinal: int = 0
    send_before: float = float("inf")
    eight_bit: bool = False
    parts: int = 1
    envelope_from: str = ""
    message_id: str = ""
    digest: bytes = b""


class Outcome(StrEnum):
    """What a gateway said, or did not say, at hand-over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNSURE = "unsure"
    WITHHELD = "withheld"  # the gate stayed shut: no last byte was written, decide again


class Receipt(NamedTuple):
    """A gateway's answer for one attempt.

    `reference` is the gateway's own id, under which it reports later; `code` and `detail` are its
    words; `retry_after` is in seconds, for DEFERRED. `contact_stopped`: the gateway says this
    person has opted out.
    `dead_address`: the address does not exist (RFC 3463 5.1.1 and kin), never a policy refusal.
    """

    key: DeliveryKey
    outcome: Outcome
    reference: str = ""
    code: str = ""
    detail: str = ""
    retry_after: float = 0.0
    contact_stopped: bool = False
    dead_address: bool = False


class EventKind(StrEnum):
    """What may happen to a message after its hand-over, and what a person may say."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DELAYED = "delayed"
    COMPLAINED = "complained"
    CLICKED = "clicked"
    REPLIED = "replied"
    UNSUBSCRIBED = "unsubscribed"
    MAIL = "mail"
    UNKNOWN = "unknown"


class Event(NamedTuple):
    """Something a gateway reports. Equal `dedup_key`s are the same event told twice.

    `reference` is the gateway's message id as in Receipt; `key` is set when our own id came back.
    `at` is Unix seconds. `sender`, `recipient` and `text` belong to REPLIED. Of a bounce, `blocked`
    says that the mail or its sender was refused, which is not the person's fault, and `soft` that
    the mailbox takes nothing for now. `answered`: the gateway has answered this text itself.
    """

    dedup_key: str
    gateway: str
    kind: EventKind
    at: float
    reference: str = ""
    key: DeliveryKey | None = None
    sender: str = ""
    recipient: str = ""
    text: str = ""
    code: str = ""
    detail: str = ""
    contact_stopped: bool = False
    dead_address: bool = False
    blocked: bool = False
    soft: bool = False
    answered: bool = False
    mail: bytes = b""


class Callback(NamedTuple):
    """One HTTP request a gateway made to us, as raw as it came. Header names are lower case.

    `url` is the whole of it as the world sees it: some gateways sign that.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    received_at: float
    url: str = ""

    def header(self, name: str) -> str:
        """Give a header's value, or nothing."""
        return self.headers.get(name.lower(), "")


JSON = dict[str, Any]
