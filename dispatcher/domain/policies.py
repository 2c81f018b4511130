"""A campaign's policy: the windows, caps and limits that its decisions obey."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.domain.messages import Channel, MessageClass

UNSAID = -1  # a holdout that approval settles, since the file says nothing of it
ANY_SUBJECT = "*"  # of an offer that says nothing of its subject: it may be any


class CapScope(StrEnum):
    """Whose offers a cap counts; CHANNELS counts the channels they came by instead."""

    BRAND = "brand"
    PERSON = "person"
    SUBJECT = "subject"
    CHANNELS = "channels"


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `max` offers in any `hours` hours, rolling; over one channel, or over all."""

    max: int
    hours: int
    scope: CapScope = CapScope.PERSON
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open [opens, closes) on the person's wall clock, in minutes after midnight."""

    opens: int
    closes: int


BURST = 3  # offers planned for one person within a day; of more only the best is sent

ALL_DAY = Window(0, 24 * 60)

DEFAULT_CAPS = (
    Cap(1, 24, CapScope.BRAND, Channel.SMS),
    Cap(2, 24, CapScope.PERSON, Channel.SMS),
    Cap(4, 7 * 24, CapScope.PERSON, Channel.SMS),
    Cap(10, 30 * 24, CapScope.PERSON, Channel.SMS),
    Cap(1, 24, CapScope.BRAND, Channel.EMAIL),
    Cap(2, 24, CapScope.PERSON, Channel.EMAIL),
    Cap(5, 7 * 24, CapScope.PERSON, Channel.EMAIL),
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What a message is expected to bring and to cost, in the programme's currency.

    `gain` comes with each response, `response` is their share; `loss` goes with each person who
    leaves because of it, `leaving` is their share. Prices are those of a whole message.
    """

    gain: float
    response: float
    loss: float = 0.0
    leaving: float = 0.0
    email_price: float = 0.0
    sms_price: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the rules need to know of a campaign version.

    Instants are Unix seconds. `window` is the campaign's hours on the person's clock; `send_at`
    is "10:00 recipient-local" in minutes, or -1. `holdout` is 0..9999 of 10,000 people kept
    back, UNSAID before approval. `min_gap_hours` is the cool-down over all channels.
    `max_hold_hours`: a person held longer is skipped. `close_margin_minutes`: nothing is handed
    over that close to closing. `offer_code` is the offer's, "" if it has none.
    `burst`: of more offers than so many for one person within a day only the best is sent; 0 is
    any number.
    `asks`: it asks for an answer, so that silence is told from interest. `worth` None: nobody
    reckoned it. `own_consent`: the topic is sensitive, so a consent to every topic is none to it.
    `reminds_of`: the product that it reminds those of who looked at it. `reconfirms`: it asks those
    to stay whose consent ends soon, and offers nothing. `barred_countries`: whose numbers its
    sender of texts, a name, may not write to.
    """

    campaign_id: int
    brand: str
    topic: str
    subject: str
    message_class: MessageClass = MessageClass.PROMOTIONAL
    starts_at: float = 0.0
    ends_at: float = float("inf")
    window: Window = ALL_DAY
    send_at: int = -1
    holdout: int = 0
    caps: tuple[Cap, ...] = DEFAULT_CAPS
    min_gap_hours: float = 4.0
    max_hold_hours: float = 72.0
    close_margin_minutes: int = 15
    max_attempts: int = 5
    offer_code: str = ""
    burst: int = 0
    asks: bool = False
    worth: Worth | None = None
    own_consent: bool = False
    reminds_of: str = ""
    reconfirms: bool = False
    barred_countries: tuple[str, ...] = ()
