"""Asking to stay, judged a second time: in the last month of a consent, once, and never after."""

from __future__ import annotations

from collections.abc import Iterator

from dispatcher.domain.consent_kinds import ConsentKind as Kind
from dispatcher.proof import grounds
from dispatcher.proof.cases import Case

_MONTH = 30 * 86_400
_NOTICE = 730 * 86_400  # whoever agreed in Korea is told so every two years
_FROM_A_DEAL = (
    *(Kind.CASL_IMPLIED_PURCHASE, Kind.CASL_IMPLIED_INQUIRY, Kind.CASL_IMPLIED_PUBLISHED),
    *(Kind.CASL_REFERRAL, Kind.SOFT_OPT_IN, Kind.ASK_ONCE, Kind.LEGITIMATE_INTEREST_B2B),
    Kind.US_CANSPAM_NOTICE,
)


def unwanted(case: Case) -> Iterator[str]:
    """Name what is wrong with asking this person to stay."""
    if not (_to_be_asked(case) or _to_be_told(case)):
        yield "their consent does not end within a month, or they were asked before"
    if case.decision.send_before > grounds.end(case.person):
        yield "they may be asked after the end"


def premature(case: Case, rounded: float) -> bool:
    """Tell whether nothing ends soon; `rounded`: seconds the record may be off."""
    return not (_to_be_asked(case) or _to_be_told(case, rounded))


def repeated(case: Case, rounded: float) -> bool:
    """Tell whether they were asked before, and do not have to be told again."""
    return (_asked(case) or _told_at(case) > 0) and premature(case, rounded)


def _to_be_asked(case: Case) -> bool:
    return grounds.end(case.person) - _MONTH <= case.now and not _asked(case)


def _to_be_told(case: Case, later: float = 0.0) -> bool:
    """Whoever agreed, in Korea, and heard of it last two years ago, or almost."""
    person = case.person
    korean = any(place.split("-")[0] == "KR" for place in person.jurisdictions)
    due = max(person.consent_since, _told_at(case)) + _NOTICE - _MONTH
    return korean and person.consent_kind not in _FROM_A_DEAL and case.now >= due + later


def _asked(case: Case) -> bool:
    """Tell whether they were asked about this consent's time, or at all in this silence."""
    by_time = grounds.aging(case.person) and _told_at(case) > 0
    silent = grounds.silent_since(case.person)
    return by_time or any(each.reconfirms and each.at > silent for each in case.log)


def _told_at(case: Case) -> float:
    event = case.person.consent_event
    return max((each.at for each in case.log if each.reconfirms == event), default=0.0)
