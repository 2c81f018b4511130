"""The made-up programme: people of every kind of place, and campaigns of every kind of terms."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import inf
from typing import Any, NamedTuple

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Agreed, Asks, Contact, Interest, Recipient
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import (
    ALL_DAY,
    ANY_SUBJECT,
    DEFAULT_CAPS,
    Cap,
    CapScope,
    Policy,
    Window,
    Worth,
)
from dispatcher.rules.jurisdictions import Profile
from dispatcher.simulation.places import DAY, PLACES, clock_changes

HOUR = 3600.0
YEAR_STARTS = 1798761600  # 2027-01-01, UTC
YEAR_DAYS = 365
_REMEMBERED = 31 * DAY  # what a cap may look back on

_BRANDS = ("roaster", "theatre", "bikes", "books", "bakery")
_SUBJECTS = ("season", "sale", "news", ANY_SUBJECT)
_WINDOWS = (
    *(ALL_DAY,) * 3,
    *(Window(9 * 60, 20 * 60),) * 3,
    *(Window(8 * 60, 18 * 60 + 13), Window(17 * 60, 1 * 60), Window(0, 12 * 60)),
)
_OWN_HOURS = ((600, 1140), (1020, 1320), (1200, 540), (720, 780), (0, 1440))
_OTHER_HOURS = {
    "KR": ((1260, 480),),
    "ZA": ((0, 1440), (1140, 1320), (1320, 360)),
    "CO": ((1080, 1290), (1200, 60)),
}
_KINDS = tuple(ConsentKind)
_JOINED = YEAR_STARTS - 400 * DAY  # the first of them
_CONSENTS = (*(ConsentState.ACTIVE,) * 24, *ConsentState)
_CAPS = (
    *(DEFAULT_CAPS,) * 4,
    (Cap(1, 72), Cap(3, 7 * 24, CapScope.BRAND)),
    (Cap(2, 24, CapScope.PERSON, Channel.EMAIL), Cap(5, 48)),
    (Cap(4, 24),),
    *((),) * 2,
)
_WORTHS = (*(None,) * 8, Worth(4.0, 0.02, 30.0, 0.001, 0.001, 0.045))
_PRODUCTS = (*("",) * 13, "grinder", "tent", "score")  # most waves remind of nothing
# Those that rules may meet; one more would throw all the dice anew.
_ANSWERS = tuple(MessageClass)[1:8]


Product = tuple[str, str]  # of a brand


class Look(NamedTuple):
    """When somebody last looked at a product, and what ended that."""

    at: float
    ended: str = ""


@dataclass(slots=True)
class Someone:
    """One made-up person. `log`: every offer they were ever sent; `looks`: what they looked at."""

    number: int
    zone: str
    zones: tuple[str, ...]
    codes: tuple[str, ...]
    own_hours: tuple[int, int]
    consent: ConsentState
    suppressed: str
    bucket: int
    reached_by: tuple[Channel, ...]
    promised: int
    promised_in_all: int
    context: str
    context_until: float
    ignored: int
    agreed: tuple[Agreed, ...]
    written: bool
    most_a_month: int
    days: str
    asked_at: float = 0.0
    log: list[Contact] = field(default_factory=list)
    looks: dict[Product, Look] = field(default_factory=dict)


class Wave(NamedTuple):
    """One campaign's turn. `began` and `tries`: by person, when first decided and how often put
    off by the gateway."""

    policy: Policy
    channel: Channel
    profile: Profile
    began: dict[int, float]
    tries: dict[int, int]


def people(dice: random.Random, size: int) -> list[Someone]:
    """Make people, evenly over all places."""
    return [_someone(dice, number) for number in range(size)]


def _someone(dice: random.Random, number: int) -> Someone:
    place = PLACES[number % len(PLACES)]
    codes: tuple[str, ...] = (dice.choice(place.codes),)
    zone, zones = place.zone, tuple[str, ...]()
    kind = dice.random()
    if kind < 0.12:  # a number from elsewhere
        codes = (*codes, dice.choice(dice.choice(PLACES).codes))
    elif kind < 0.24:  # the number allows several clocks
        zone, zones = "", (zone, *(dice.choice(PLACES).zone for _ in range(dice.randint(0, 2))))
    elif kind < 0.32:  # nothing is known but the country, or two
        zone, codes = "", (*codes, *dice.sample(place.codes, dice.randint(0, 1)))
    elif kind < 0.36:
        codes = ()
    elif kind < 0.38:
        zone, codes = "", ()
    elif kind < 0.40:
        zone, zones = "", (zone, "No/Such")
    return Someone(
        number=number,
        zone=zone,
        zones=zones,
        codes=tuple(dict.fromkeys(codes)),
        own_hours=dice.choice(_OWN_HOURS) if dice.random() < 0.3 else (0, 0),
        consent=dice.choice(_CONSENTS),
        suppressed=dice.choice(("opted_out", "complaint")) if dice.random() < 0.03 else "",
        bucket=dice.randrange(10_000),
        reached_by=tuple(Channel) if dice.random() < 0.97 else (dice.choice(tuple(Channel)),),
        promised=dice.choice((2, 4)) if dice.random() < 0.1 else 0,
        promised_in_all=dice.choice((4, 8)) if dice.random() < 0.1 else 0,
        context=dice.choice(("complaint", "quiet")) if dice.random() < 0.05 else "",
        context_until=dice.choice((inf, YEAR_STARTS + dice.uniform(0, YEAR_DAYS) * DAY)),
        ignored=dice.choice((1, 7, 8, 11, 12)) if dice.random() < 0.2 else 0,
        agreed=_agreed(dice, codes),
        written=dice.random() < 0.4,
        most_a_month=dice.choice((1, 4, 12)) if dice.random() < 0.15 else 0,
        days=dice.choice(("12345", "67", "135")) if dice.random() < 0.15 else "",
    )


def _agreed(dice: random.Random, codes: tuple[str, ...]) -> tuple[Agreed, ...]:
    """Let half of them agree to other hours, rarely without proof or for another place."""
    if dice.random() < 0.5:
        return ()
    places = [code for code in codes if code in _OTHER_HOURS]
    if not places or dice.random() < 0.2:
        places = [dice.choice(list(_OTHER_HOURS))]
    return tuple(
        Agreed(code, *dice.choice(_OTHER_HOURS[code]), 0 if dice.random() < 0.1 else 17)
        for code in places
    )


def change_minds(dice: random.Random, crowd: list[Someone]) -> None:
    """Let a few people agree, opt out or come back, and to other hours likewise."""
    for someone in dice.sample(crowd, min(2, len(crowd))):
        someone.consent = dice.choice(_CONSENTS)
        someone.agreed = _agreed(dice, someone.codes)


def look_around(crowd: list[Someone], policy: Policy, at: float) -> None:
    """Let people look at what a wave reminds of, some of them now, and a few be done with it."""
    product = policy.brand, policy.reminds_of
    dice = random.Random(f"{product} {policy.campaign_id} {at}")
    for someone in dice.sample(crowd, len(crowd) // 2):
        before = someone.looks.get(product, Look(0.0))
        look = at - dice.choice((dice.uniform(0, 8) * HOUR, dice.uniform(0, 33) * DAY))
        done = dice.choice(("bought", "returned")) if dice.random() < 0.05 else ""
        someone.looks[product] = Look(max(before.at, look), before.ended or done)


def _interest(someone: Someone, policy: Policy) -> Interest:
    product = policy.brand, policy.reminds_of
    look = someone.looks.get(product, Look(0.0))
    sent = [contact for contact in someone.log if contact.reminds_of]
    of_it = sum((contact.brand, contact.reminds_of) == product for contact in sent)
    return Interest(look.at, look.ended, of_it, tuple(contact.at for contact in sent[-3:]))


def _asks(someone: Someone) -> Asks:
    asks = [contact for contact in someone.log if contact.reconfirms]
    of_this = (each.at for each in asks if each.reconfirms == consent_event(someone.number))
    return Asks(max(of_this, default=0.0), max((each.at for each in asks), default=0.0))


def consent_event(number: int) -> int:
    """Give the event that somebody's consent stands on."""
    return number + 1


def ask(dice: random.Random, crowd: list[Someone], now: float) -> None:
    """Let some people ask for an offer, now or a little before."""
    for someone in dice.sample(crowd, len(crowd) // 20):
        someone.asked_at = now - dice.choice((0.0, 0.4, 60.0, 899.6, 900.0, 3000.0))


def recipient(someone: Someone, wave: Wave, now: float) -> Recipient:
    """Give what the rules are told of a person, as it would be loaded."""
    number, known = someone.number, someone.log
    if known and known[0].at < now - _REMEMBERED:
        known = [contact for contact in known if contact.at >= now - _REMEMBERED]
    return Recipient(
        customer_id=number,
        channel=wave.channel,
        address="(made up)" if wave.channel in someone.reached_by else "",
        deliverable=number % 97 != 0,
        language="",
        country="",
        zone=someone.zone,
        zones=someone.zones,
        hours_from=someone.own_hours[0],
        hours_until=someone.own_hours[1],
        suppressed=someone.suppressed,
        consent=someone.consent,
        consent_event=consent_event(number),
        contacts=tuple(known),
        bucket=someone.bucket,
        in_audience=(number + wave.policy.campaign_id) % 89 != 0,
        attempts=wave.tries.get(number, 0),
        fields={},
        held_since=wave.began.get(number, 0.0),
        jurisdictions=someone.codes,
        promised=someone.promised,
        promised_in_all=someone.promised_in_all,
        context=someone.context if someone.context_until > now else "",
        context_until=someone.context_until,
        ignored=someone.ignored if wave.policy.asks else 0,
        consent_in_all=number % 5 == 0,
        interest=_interest(someone, wave.policy) if wave.policy.reminds_of else None,
        asks=_asks(someone) if wave.policy.reconfirms else None,
        **_ground(someone, now),
        agreed=someone.agreed,
        most_a_month=someone.most_a_month,
        asked_at=someone.asked_at,
        days=someone.days,
    )


def _ground(someone: Someone, now: float) -> dict[str, Any]:
    """Give what a consent stands on: of every seventh person some kind, some age, some silence."""
    number = someone.number
    if someone.written or number % 7:
        return {"consent_kind": ConsentKind.TCPA_PEWC if someone.written else ""}
    today = int(now // DAY) * DAY
    return {
        "consent_kind": _KINDS[number // 7 % len(_KINDS)],
        "consent_since": _JOINED + number % 797 * DAY,
        "consent_used": number % 5 == 1,
        "heard_at": today - number % 811 * DAY,
    }


def wave(dice: random.Random, number: int, at: float) -> Wave:
    """Make one campaign that begins to be sent at `at`, rarely one that only answers people."""
    brand = dice.choice(_BRANDS)
    answers = dice.random() < 0.03
    policy = Policy(
        campaign_id=number,
        brand=brand,
        topic=brand,
        subject=dice.choice(_SUBJECTS),
        message_class=dice.choice(_ANSWERS) if answers else MessageClass.PROMOTIONAL,
        starts_at=dice.choice((0.0, at - DAY, at, at + dice.uniform(0, 30) * HOUR)),
        ends_at=at + dice.choice((inf, inf, 20 * DAY, dice.uniform(1, 80) * HOUR)),
        window=dice.choice(_WINDOWS),
        send_at=dice.choice((-1, -1, -1, 10 * 60, 2 * 60 + 30, 23 * 60)),
        holdout=dice.choice((0, 0, 500)),
        caps=dice.choice(_CAPS),
        min_gap_hours=dice.choice((0.0, 4.0, 4.0, 4.0, 0.7, 20.0)),
        max_hold_hours=dice.choice((72.0, 72.0, 24.0, 200.0)),
        close_margin_minutes=dice.choice((15, 15, 0, 45)),
        offer_code=dice.choice(("", "", "WEEK")),
        asks=dice.random() < 0.2,
        worth=dice.choice(_WORTHS),
        own_consent=number % 11 == 0,
        reminds_of=_PRODUCTS[number % len(_PRODUCTS)],
        reconfirms=number % 13 == 5,
    )
    channel = Channel.SMS if dice.random() < 0.7 else Channel.EMAIL
    return Wave(policy, channel, dice.choice(tuple(Profile)), {}, {})


def instant(dice: random.Random, at: float) -> float:
    """Move an instant: often into the days of a clock change, or onto an edge."""
    if dice.random() < 0.35:
        changes = clock_changes(YEAR_STARTS, YEAR_DAYS)
        nearest = min(changes, key=lambda day: abs(day - at))
        at = nearest + dice.uniform(-DAY / 2, 1.5 * DAY)
    edge = dice.random()
    if edge < 0.2:
        return at - at % 60
    if edge < 0.6:
        return at - at % (HOUR / 4) - dice.choice((0.0, 0.25, 60.0))
    return at
