"""Customers as a campaign meets them: the facts about one person on one channel."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import NamedTuple

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel


class Contact(NamedTuple):
    """One offer sent or in flight to a person: what frequency caps count. `at`: Unix seconds.

    `offer_code` is what the customer would show at the till, "" for offers without one.
    `asked`: it answered the person's own request. `reminds_of`: the product of a reminder; the
    rules are told of those that went out by `Interest`. `reconfirms`: the consent that it asked the
    person to renew, by its event in the ledger, 0 if it was an offer; of those tell `Asks`.
    """

    at: float
    channel: Channel
    brand: str
    subject: str
    campaign_id: int = 0
    offer_code: str = ""
    asked: bool = False
    reminds_of: str = ""
    reconfirms: int = 0


class Agreed(NamedTuple):
    """Hours that a person agreed to by their own hand, beyond those of one jurisdiction.

    Minutes after local midnight, `[opens, closes)`; `event` is that of the consent ledger.
    """

    jurisdiction: str
    opens: int
    closes: int
    event: int


class Interest(NamedTuple):
    """What a person did about the product that a reminder is of. Instants are Unix seconds.

    `seen_at`: the newest view, 0 if there was none. `ended`: why interest is over ("bought"), ""
    if it is not. `reminded_of_it`: reminders of this product; `reminders`: when the newest three
    of anything went out, oldest first.
    """

    seen_at: float = 0.0
    ended: str = ""
    reminded_of_it: int = 0
    reminders: tuple[float, ...] = ()


class Asks(NamedTuple):
    """When a person was last asked to stay (Unix seconds), 0 if never.

    `for_this`: about the very consent that is in force; `for_any`: about any, on any channel.
    """

    for_this: float = 0.0
    for_any: float = 0.0


class Recipient(NamedTuple):
    """Everything the rules may know about one person on one channel, read under the lock.

    `zone` is an IANA name or "" when unknown; `zones` all zones still possible then.
    `hours_from`, `hours_until`: the person's own hours in minutes after local midnight, equal
    when none are set. `days`: their own weekdays, `12345` is Monday to Friday; "" any.
    `suppressed` is the reason of a suppression or "": "opted_out" is the person's own opt-out and
    nothing else; "erased", where there is no address, is what it says. `bucket` is 0..9999, a keyed
    hash of the address, for holdouts. `in_audience`: the segment still holds.
    `consent_since` and `heard_at` are whole Unix seconds. `held_since` is when this wave first had
    a verdict on the person (Unix seconds), 0 if it has none yet. `jurisdictions` are those of the
    number and of the residence, such as US-OR. `promised`: offers a month on this channel, as the
    wording of the consent to the topic says, 0 if it says nothing; `promised_in_all`: as that of a
    consent to every topic says. `consent_in_all`: it is such a one alone that allows the offer.
    `context`: what is going on with the person that offers wait for, until `context_until` (Unix
    seconds). `ignored`: offers in a row they took no notice of.
    `consent_kind`: on which ground that consent stands, "" or a word that is none of ConsentKind if
    it is the person's own word. `consent_used`: of a kind good for one message, that one was sent.
    `heard_at`: the last sign of life that counts for it, or when it was given; infinite where
    nobody asks. `agreed`: hours by own hand.
    `most_a_month`: offers of all brands on all channels that the person wants at most, 0 if they
    set none. `asked_at`: when they asked for an offer themselves (Unix seconds), 0 if they did
    not. `interest` is only read for reminders, `asks` only to ask people to stay.
    `address` and `fields` are personal and never part of a recorded decision.
    """

    customer_id: int
    channel: Channel
    address: str
    deliverable: bool
    language: str
    country: str
    zone: str
    zones: tuple[str, ...]
    hours_from: int
    hours_until: int
    suppressed: str
    consent: ConsentState
    consent_event: int
    contacts: tuple[Contact, ...]
    bucket: int
    in_audience: bool
    attempts: int
    fields: Mapping[str, str]
    consent_since: float = 0.0
    held_since: float = 0.0
    jurisdictions: tuple[str, ...] = ()
    promised: int = 0
    promised_in_all: int = 0
    consent_in_all: bool = False
    consent_kind: str = ""
    heard_at: float = inf
    context: str = ""
    context_until: float = 0.0
    ignored: int = 0
    agreed: tuple[Agreed, ...] = ()
    most_a_month: int = 0
    asked_at: float = 0.0
    interest: Interest | None = None
    days: str = ""
    consent_used: bool = False
    asks: Asks | None = None

    @property
    def written(self) -> bool:
        """Whether the consent in force is an express written one."""
        return self.consent_kind == ConsentKind.TCPA_PEWC
