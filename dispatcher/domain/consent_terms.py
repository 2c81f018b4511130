"""Consent terms: what a consent of each kind is good for, in which places, and when it ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from math import inf
from typing import NamedTuple

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.messages import Channel

VERSION = 2

DAY = 86400.0
# Never longer than the law's calendar: two years have 730 days or one more, six months 181 to 184.
TWO_YEARS, YEAR, SIX_MONTHS = 730 * DAY, 365 * DAY, 181 * DAY
ANSWER_WITHIN = 60 * DAY  # whom silence has put to sleep may still wake for so long
ASK_BEFORE = 30 * DAY  # so long before its end somebody may be asked to stay


class Terms(NamedTuple):
    """What a kind of consent amounts to; times in seconds.

    `lasts`: how long after it was given. `once`: one message uses it up. `silence`: after how long
    a silence of the person it rests, `answer`: and for how long they may then still wake it.
    `implied`: it follows from a deal, not from a yes. `wrong`: where it is no ground for an offer,
    in words; "" if it is one. `plain`: nothing but silence can end it here. `notice`: after how
    long the person is to be told again that they agreed.
    """

    lasts: float = inf
    once: bool = False
    silence: float = TWO_YEARS
    answer: float = ANSWER_WITHIN
    implied: bool = False
    wrong: str = ""
    plain: bool = False
    notice: float = inf


class Ending(NamedTuple):
    """How a consent has ended, in a few words; `for_good`: no sign of the person wakes it."""

    for_good: bool
    why: str


class _Reach(NamedTuple):
    """Where a kind may be relied on; no places are all. `mail_only`: by e-mail there, not text."""

    channel: Channel | None = None
    places: frozenset[str] = frozenset()
    mail_only: frozenset[str] = frozenset()


_CANADA = frozenset({"CA"})
_STATES = frozenset({"US", "PR", "GU", "VI", "AS", "MP"})
# Directive 2002/58/EC art. 13(2) as transposed: not in Poland and Hungary.
_SOFT = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT"),
        *("LT", "LU", "LV", "MT", "NL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO"),
        *("GP", "GF", "MQ", "RE", "YT", "GB", "CH", "IL"),
    )
)
_IMPLIED = Terms(implied=True)

# What silence, time and use do to each kind. What is not here is a word of the person's own, such
# as a reply: no import and no operator can name such a kind.
_TERMS: Mapping[str, Terms] = {
    **dict.fromkeys(ConsentKind, Terms()),
    # Canada's Anti-Spam Legislation, S.C. 2010, c. 23, s. 10(10): each newer deal begins it anew.
    ConsentKind.CASL_IMPLIED_PURCHASE: Terms(lasts=TWO_YEARS, implied=True),
    ConsentKind.CASL_IMPLIED_INQUIRY: Terms(lasts=SIX_MONTHS, implied=True),
    ConsentKind.CASL_IMPLIED_PUBLISHED: _IMPLIED,
    # SOR/2013-221, s. 4: the first message only, and no half year after the referral either.
    ConsentKind.CASL_REFERRAL: Terms(lasts=SIX_MONTHS, once=True, implied=True),
    ConsentKind.SOFT_OPT_IN: _IMPLIED,
    # Network Act, art. 50(8): a notice every two years; whoever does not answer keeps it.
    ConsentKind.KR_AD_CONSENT: Terms(silence=inf),
    # POPIA, s. 69(2): one approach to ask.
    ConsentKind.ASK_ONCE: Terms(once=True, implied=True),
    ConsentKind.LEGITIMATE_INTEREST_B2B: _IMPLIED,
    ConsentKind.US_CANSPAM_NOTICE: _IMPLIED,
}
ENDING = frozenset(kind for kind, terms in _TERMS.items() if terms.lasts < inf)
LASTING = frozenset(kind for kind, terms in _TERMS.items() if terms.silence == inf)
ONCE = frozenset(kind for kind, terms in _TERMS.items() if terms.once)
_REACH: Mapping[str, _Reach] = {
    ConsentKind.CASL_IMPLIED_PURCHASE: _Reach(places=_CANADA),
    ConsentKind.CASL_IMPLIED_INQUIRY: _Reach(places=_CANADA),
    ConsentKind.CASL_IMPLIED_PUBLISHED: _Reach(places=_CANADA),
    ConsentKind.CASL_REFERRAL: _Reach(places=_CANADA),
    ConsentKind.SOFT_OPT_IN: _Reach(places=_SOFT, mail_only=frozenset({"IT", "DK"})),
    ConsentKind.ASK_ONCE: _Reach(places=frozenset({"ZA", "VN"})),
    ConsentKind.LEGITIMATE_INTEREST_B2B: _Reach(channel=Channel.EMAIL),
    ConsentKind.US_CANSPAM_NOTICE: _Reach(channel=Channel.EMAIL, places=_STATES),
}
# S.I. 336/2011, reg. 13(11): in Ireland it lapses when not used for twelve months.
_IRISH = Terms(silence=YEAR, answer=0.0, implied=True)
_OWN_WORD = Terms()


@lru_cache(maxsize=1 << 12)
def terms_at(kind: str, channel: Channel, places: tuple[str, ...]) -> Terms:
    """Give the terms of a consent to a channel, for somebody who may be in any of these places."""
    terms = _TERMS.get(kind, _OWN_WORD)
    countries = tuple(code.partition("-")[0] for code in places)
    if kind == ConsentKind.SOFT_OPT_IN and "IE" in countries:
        terms = _IRISH
    wrong = _wrong(kind, channel, countries)
    # Network Act, art. 50(8), of whoever agreed: an offer to a customer needs no such notice.
    notice = TWO_YEARS if "KR" in countries and not terms.implied else inf
    plain = not (wrong or terms.once or terms.lasts < inf)
    return terms._replace(wrong=wrong, plain=plain, notice=notice)


def _wrong(kind: str, channel: Channel, countries: tuple[str, ...]) -> str:
    if kind == ConsentKind.TCPA_PEC:
        return "it is for messages that sell nothing"
    reach = _REACH.get(kind, _Reach())
    if reach.channel not in (None, channel):
        return f"it is good by {reach.channel} only"
    if reach.places and not countries:
        return "nobody knows the country, and it is not good in all"
    text = channel is Channel.SMS
    for country in countries:
        if reach.places and country not in reach.places:
            return f"it is not good in {country}"
        if text and country in reach.mail_only:
            return f"it is good by email only in {country}"
        if text and country in _STATES and kind in _TERMS and kind != ConsentKind.TCPA_PEWC:
            return f"a text in {country} wants express consent in writing"  # 47 CFR 64.1200(a)(2)
    return ""


def ending(terms: Terms, given: float, heard_at: float, used: bool, now: float) -> Ending | None:
    """Say how a consent given then has ended, None if it stands. Instants are Unix seconds.

    `heard_at`: the last sign of the person, or when it was given; `used`: a message went out on it.
    """
    if now >= given + terms.lasts:
        return Ending(True, f"it lasts {terms.lasts / DAY:.0f} days")
    if terms.once and used:
        return Ending(True, "it is good for one message")
    silent = now - heard_at
    if silent < terms.silence:
        return None
    return Ending(silent >= terms.silence + terms.answer, f"{silent / DAY:.0f} days of silence")


def ends_at(terms: Terms, given: float, heard_at: float) -> float:
    """Give when a consent ends or falls asleep, should nothing happen; infinite if never."""
    return min(given + terms.lasts, heard_at + terms.silence)


def outlives(kind: str, given: datetime, other: str, other_given: datetime) -> bool:
    """Whether a consent stands against another, newer one: it is express and that is not, or both
    follow from a deal and it ends later.
    """
    mine, others = _TERMS.get(kind, _OWN_WORD), _TERMS.get(other, _OWN_WORD)
    if not others.implied:
        return False
    if not mine.implied:
        return True
    return given.timestamp() + mine.lasts > other_given.timestamp() + others.lasts


def implied_kinds() -> tuple[str, ...]:
    """Name the kinds that follow from a deal."""
    return tuple(kind for kind, terms in _TERMS.items() if terms.implied)
