"""Verdicts judged: whether each SEND was allowed, each DEFER exact, each SKIP with cause."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from math import inf

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel
from dispatcher.proof import grounds, reminders, renewals
from dispatcher.proof.cases import (
    FEW,
    NONE_FROM,
    TIRED,
    Case,
    answers,
    echoes_until,
    held,
    offer,
    rested,
    tired,
    unasked,
    waived,
    worthless,
)
from dispatcher.proof.clocks import Clock, clock_of
from dispatcher.proof.hours import clock_in, first_open, open_end
from dispatcher.proof.pressure import HOUR, asked_for, full_caps, newest
from dispatcher.proof.table import Table

_REMINDERS = (Reason.REMINDER_WAIT, Reason.REMINDER_GAP, Reason.REMINDER_REST)
_BY_HOURS = (Reason.QUIET_HOURS, Reason.QUIET_HOURS_EXPIRED, Reason.SCHEDULED)
_CAPS = (
    *(Reason.CAP_BRAND, Reason.CAP_PERSON, Reason.CAP_SUBJECT, Reason.CAP_CHANNELS),
    *(Reason.CAP_DISCLOSED_FREQUENCY, Reason.CAP_OWN_MOST),
)
# A record keeps contacts in whole seconds, and the later one counts.
_ROUNDED = 1.0


def faults(table: Table, case: Case) -> Iterator[str]:
    """Say everything that is wrong with a decision."""
    decision = case.decision
    if decision.customer_id != case.person.customer_id:
        yield f"a verdict on {decision.customer_id} in the place of {case.person.customer_id}'s"
    if decision.verdict == Verdict.SEND:
        yield from _send(table, case)
    elif decision.verdict == Verdict.DEFER:
        yield from _defer(table, case)
    else:
        yield from _skip(table, case)


def judged(decision: Decision) -> bool:
    """Whether the cause of this verdict is one that can be checked here."""
    known: Mapping[Reason, _Judge] = {
        Verdict.SEND: {Reason.OK: _agreed},
        Verdict.DEFER: _DEFERS,
        Verdict.SKIP: _SKIPS,
    }[decision.verdict]
    return decision.reason in known


def _send(table: Table, case: Case) -> Iterator[str]:
    person, policy, now, _, decision, log = case
    if not (person.address and person.deliverable and person.in_audience):
        yield "sent to nobody who can be reached or is meant"
    if not policy.starts_at <= now < policy.ends_at:
        yield "sent outside the offer's time"
    if person.attempts >= policy.max_attempts:
        yield "sent once more than may be tried"
    if not now < decision.send_before <= policy.ends_at:
        yield f"send_before {_utc(decision.send_before)} is not between now and the offer's end"
    if _suppressed(case):
        yield f"sent to somebody suppressed: {person.suppressed}"
    if not offer(case):
        return
    if not _consented(case):
        yield f"sent without consent: {person.consent} {person.consent_kind}".rstrip()
    elif grounds.over(person, now) or grounds.asleep(person, now):
        yield f"sent on a consent that has ended or rests: {person.consent_kind}"
    if person.bucket < policy.holdout:
        yield "sent to somebody who is held back"
    yield from (f"sent though {why}" for why in _restraints(case))
    yield from in_hours(table, case)
    yield from (f"over a cap: {full}" for full in full_caps(table, person, policy, log, now))


def _restraints(case: Case) -> Iterator[str]:
    """Name what holds an offer back besides consent, hours and caps."""
    if held(case):
        yield f"offers wait: {case.person.context}"
    if case.now < echoes_until(case):
        yield "the same offer came on another channel"
    if worthless(case):
        yield "it costs more than it brings"
    if tired(case):
        yield f"{case.person.ignored} offers were ignored"
    if case.policy.reminds_of:
        yield from reminders.unwanted(case, _ROUNDED)
    if case.policy.reconfirms:
        yield from renewals.unwanted(case)
    if not (answers(case) or rested(case)):
        yield f"it came less than {case.policy.min_gap_hours:g} h after the last offer"
    if case.decision.asked != answers(case):
        yield "it was taken for the answer to a request, or not, wrongly"
    elif answers(case) and not asked_for(case.person, case.log, case.decision.send_before - 0.01):
        yield "it may go out after the request is over"


def in_hours(table: Table, case: Case) -> Iterator[str]:
    """Say what is wrong with a SEND of an offer, as far as hours are concerned."""
    clock = clock_of(table, case)
    if _unknown(clock, waived(case)):
        yield "sent though nobody knows what time it is there"
        return
    if case.now < _release(clock, waived(case)):
        yield "sent before the time of day that the campaign names"
    ends = open_end(clock.hours, case.now)
    if ends == case.now:
        yield f"sent while closed in {_places(case, clock)}"
    elif case.now + clock.margin >= ends:
        yield f"sent in the last {clock.margin / 60:g} minutes before {_utc(ends)}"
    elif case.decision.send_before + clock.margin > ends:
        yield f"send_before {_utc(case.decision.send_before)} is too late: it closes {_utc(ends)}"


def _defer(table: Table, case: Case) -> Iterator[str]:
    policy, now, decision = case.policy, case.now, case.decision
    began = max(int(case.person.held_since) or now, policy.starts_at)
    if not now < decision.until < policy.ends_at:
        yield f"put off to {_utc(decision.until)}, which is not between now and the offer's end"
    elif decision.until > began + _longest(table, case):
        yield f"put off to {_utc(decision.until)}, beyond {_longest(table, case) / HOUR:g} h"
    if decision.reason in _DEFERS and not _DEFERS[decision.reason](table, case):
        yield f"put off without cause, or not until the first instant: {decision.reason}"


def _skip(table: Table, case: Case) -> Iterator[str]:
    reason = case.decision.reason
    if reason in _SKIPS and not _SKIPS[reason](table, case):
        yield f"skipped without cause: {reason}"


_Judge = Callable[[Table, Case], bool]


def _agreed(_table: Table, _case: Case) -> bool:
    return True


def _until_open(table: Table, case: Case) -> bool:
    """It is closed now, and `until` is the first instant at which a text may begin its way."""
    return case.now < case.decision.until == _opens(table, case)


def _opens(table: Table, case: Case) -> float | None:
    """Give the first opening: that for an answer while it may be one, else the ordinary one."""
    if answers(case):
        soon = _first_opening(table, waived(case))
        if soon is not None and asked_for(case.person, case.log, soon):
            return soon
    return _first_opening(table, unasked(case))


def _first_opening(table: Table, case: Case) -> float | None:
    clock = clock_of(table, case)
    if _unknown(clock, case):
        return None
    return first_open(clock.hours, max(case.now, _release(clock, case)), clock.margin)


def _until_release(table: Table, case: Case) -> bool:
    return _before_release(table, case) and _until_open(table, case)


def _before_release(table: Table, case: Case) -> bool:
    case = unasked(case)
    return case.now < _release(clock_of(table, case), case)


def _until_room(table: Table, case: Case) -> bool:
    """A cap is full until `until` and from then on none is."""
    person, policy, until = case.person, case.policy, case.decision.until
    before = max(case.now, until - _ROUNDED)
    return any(full_caps(table, person, policy, case.log, before)) and not any(
        full_caps(table, person, policy, case.log, until)
    )


def _until_rested(_table: Table, case: Case) -> bool:
    return not answers(case) and _exactly(
        newest(case.log, case.now) + case.policy.min_gap_hours * HOUR, case
    )


def _exactly(due: float, case: Case) -> bool:
    """It is put off until an instant that is due, or up to a second later, which is still to come.

    Records are of whole seconds, rounded to the side on which people have their peace longer.
    """
    return case.now < case.decision.until and due <= case.decision.until < due + _ROUNDED


def _until_released(_table: Table, case: Case) -> bool:
    return held(case) and _exactly(case.person.context_until, case)


def _until_awake(_table: Table, case: Case) -> bool:
    ignores = FEW <= case.person.ignored < NONE_FROM
    return case.policy.asks and ignores and _exactly(newest(case.log, case.now) + TIRED, case)


_DEFERS: Mapping[Reason, _Judge] = {
    Reason.OFFER_NOT_STARTED: lambda _, case: case.decision.until == case.policy.starts_at,
    Reason.QUIET_HOURS: _until_open,
    Reason.SCHEDULED: _until_release,
    **dict.fromkeys(_CAPS, _until_room),
    Reason.MIN_GAP: _until_rested,
    Reason.ECHO: lambda _, case: _exactly(echoes_until(case), case),
    Reason.CONTEXT_HOLD: _until_released,
    Reason.QUIET_UNTIL: _until_released,
    Reason.FATIGUE: _until_awake,
    **dict.fromkeys(_REMINDERS, lambda _, case: _exactly(reminders.right_moment(case), case)),
}


def _closed_too_long(table: Table, case: Case) -> bool:
    opens = _opens(table, case)
    return opens is None or (opens > case.now and _too_late(table, opens, case))


def _too_late(table: Table, until: float, case: Case) -> bool:
    began = max(int(case.person.held_since) or case.now, case.policy.starts_at)
    return until >= case.policy.ends_at or until > began + _longest(table, case)


def _longest(table: Table, case: Case) -> float:
    """Give how long one may be held, in seconds: for hours no longer than the table says."""
    longest = case.policy.max_hold_hours
    if case.decision.reason in _BY_HOURS:
        longest = min(longest, table.max_hold_hours)
    return longest * HOUR


def _no_zone(table: Table, case: Case) -> bool:
    clock = clock_of(table, unasked(case))
    return _unknown(clock, case) or (not case.person.zone and _opens(table, case) is None)


def _scheduled_too_late(table: Table, case: Case) -> bool:
    return _before_release(table, case) and _closed_too_long(table, case)


def _full_too_long(table: Table, case: Case) -> bool:
    return any(full_caps(table, case.person, case.policy, case.log, case.now))


def _rests_too_long(table: Table, case: Case) -> bool:
    due = newest(case.log, case.now) + case.policy.min_gap_hours * HOUR
    return not answers(case) and case.now < due and _too_late(table, due + _ROUNDED, case)


def _held_too_long(table: Table, case: Case) -> bool:
    return held(case) and _too_late(table, case.person.context_until + _ROUNDED, case)


def _tired_too_long(table: Table, case: Case) -> bool:
    awake = newest(case.log, case.now) + TIRED
    few = case.policy.asks and FEW <= case.person.ignored < NONE_FROM
    return few and case.now < awake and _too_late(table, awake + _ROUNDED, case)


def _reminded_too_late(table: Table, case: Case) -> bool:
    moment = reminders.right_moment(case)
    return case.now < moment and _too_late(table, moment + _ROUNDED, case)


def _suppressed(case: Case) -> bool:
    """Only the answer to their own opt-out reaches the suppressed."""
    own = case.person.suppressed == ConsentState.OPTED_OUT and not offer(case)
    return bool(case.person.suppressed) and not own


def _without_consent(_table: Table, case: Case) -> bool:
    return offer(case) and not _consented(case)


def _consented(case: Case) -> bool:
    """There is an active consent of a kind that is good there; to a sensitive topic, its own."""
    to_this = not case.person.consent_in_all or not case.policy.own_consent
    return case.person.consent == ConsentState.ACTIVE and to_this and grounds.good(case.person)


def _named_to(case: Case) -> str:
    """Give the country of a number that gets a text; what the number says stands last."""
    number = case.person.jurisdictions[-1:] if case.person.channel == Channel.SMS else ()
    return "".join(number)[:2]


_SKIPS: Mapping[Reason, _Judge] = {
    Reason.NO_ADDRESS: lambda _, case: not case.person.address,
    Reason.BAD_ADDRESS: lambda _, case: not case.person.deliverable,
    Reason.LEFT_AUDIENCE: lambda _, case: not case.person.in_audience,
    Reason.OFFER_EXPIRED: lambda _, case: (
        max(case.now, case.policy.starts_at) >= case.policy.ends_at
    ),
    Reason.SUPPRESSED: lambda _, case: _suppressed(case),
    Reason.NO_CONSENT: _without_consent,
    Reason.IMPORTED_UNPROVEN: _without_consent,
    Reason.TOPIC_OPTED_OUT: _without_consent,
    Reason.CONSENT_EXPIRED: lambda _, case: offer(case) and grounds.over(case.person, case.now),
    Reason.CONSENT_DORMANT: lambda _, case: offer(case) and grounds.asleep(case.person, case.now),
    Reason.SENDER_FORBIDDEN: lambda _, case: _named_to(case) in case.policy.barred_countries,
    Reason.HOLDOUT: lambda _, case: offer(case) and case.person.bucket < case.policy.holdout,
    Reason.TOO_MANY_ATTEMPTS: lambda _, case: case.person.attempts >= case.policy.max_attempts,
    Reason.ZONE_UNKNOWN_CLOSED: _no_zone,
    Reason.QUIET_HOURS_EXPIRED: _closed_too_long,
    Reason.SCHEDULED: _scheduled_too_late,
    **dict.fromkeys(_CAPS, _full_too_long),
    Reason.MIN_GAP: _rests_too_long,
    Reason.ECHO: lambda table, case: (
        case.now < echoes_until(case) and _too_late(table, echoes_until(case) + _ROUNDED, case)
    ),
    Reason.CONTEXT_HOLD: _held_too_long,
    Reason.QUIET_UNTIL: _held_too_long,
    Reason.FATIGUE: _tired_too_long,
    Reason.DORMANT: lambda _, case: case.policy.asks and case.person.ignored >= NONE_FROM,
    Reason.NOT_WORTH_IT: lambda _, case: worthless(case),
    Reason.INTEREST_OVER: lambda _, case: reminders.done_with(case),
    Reason.REMINDED: lambda _, case: reminders.reminded(case),
    Reason.RECONFIRM_NOT_DUE: lambda _, case: renewals.premature(case, _ROUNDED),
    Reason.RECONFIRM_ASKED: lambda _, case: renewals.repeated(case, _ROUNDED),
    **dict.fromkeys(_REMINDERS, _reminded_too_late),
}


def _unknown(clock: Clock, case: Case) -> bool:
    return (clock.hours.bind or case.policy.send_at >= 0) and clock.hours.unknown


def _release(clock: Clock, case: Case) -> float:
    """Give when the campaign's time of day has come in every zone, on the first eligible day."""
    policy = case.policy
    if policy.send_at < 0:
        return 0.0
    if clock.hours.unknown:
        return inf
    first = max(int(case.person.held_since) or case.now, policy.starts_at)
    hour, minute = divmod(policy.send_at, 60)
    walls = [datetime.fromtimestamp(first, clock_in(zone)) for zone in clock.hours.zones]
    return max(
        wall.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0).timestamp()
        for wall in walls
    )


def _places(case: Case, clock: Clock) -> str:
    rows = ", ".join(dict.fromkeys(sheet.code for sheet in clock.hours.sheets)) or "no country"
    clocks = ", ".join(
        f"{zone} {datetime.fromtimestamp(case.now, clock_in(zone)):%a %H:%M:%S}"
        for zone in clock.hours.zones
    )
    return f"{rows} ({clocks})"


def _utc(at: float) -> str:
    """Write an instant in words."""
    if not 0 <= at < 1e11:
        return str(at)
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
