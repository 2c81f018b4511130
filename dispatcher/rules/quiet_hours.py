"""Quiet hours: offers come only while it is a decent hour on the person's own clock."""

from __future__ import annotations

from functools import lru_cache

from dispatcher.domain.customers import Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy
from dispatcher.rules.holding import hold
from dispatcher.rules.hours import MINUTES, Hours, first_at, opening, readable
from dispatcher.rules.jurisdictions import Law

VERSION = 1

_ALL_DAY = Hours(0, MINUTES)


def quiet_hours(person: Recipient, policy: Policy, now: float, law: Law) -> Ruling | None:
    """Refuse outside the campaign's window and the person's own hours, and before `send_at`.

    All zones the person may live in must be open. Nothing goes out in the last
    `close_margin_minutes` before closing, since gateways queue. Without any zone the hours cannot
    be known, so they count as closed; where no hours are set, no zone is needed.
    """
    if policy.message_class != MessageClass.PROMOTIONAL:
        return None
    limits = limits_on(person, policy)
    if not limits and policy.send_at < 0:
        return None
    zones = (person.zone,) if person.zone else person.zones
    problem = _unusable(zones)
    if problem:
        return Ruling(Verdict.SKIP, Reason.ZONE_UNKNOWN_CLOSED, detail=problem)
    return _in_zones(person, policy, now, zones, limits)


def open_until(person: Recipient, policy: Policy, now: float, law: Law) -> float:
    """Give the instant by which a message that may go now must have gone."""
    limits = limits_on(person, policy)
    if not limits or policy.message_class != MessageClass.PROMOTIONAL:
        return policy.ends_at
    zones = (person.zone,) if person.zone else person.zones
    stretch = opening(zones, limits, policy.close_margin_minutes * 60, now)
    return min(stretch.closes, policy.ends_at) if stretch else now


def limits_on(person: Recipient, policy: Policy) -> tuple[Hours, ...]:
    """Give the hours that bind, all of them at once; those of the whole day bind nobody."""
    return _limits(policy.window.opens, policy.window.closes, person.hours_from, person.hours_until)


@lru_cache(maxsize=1 << 12)
def _limits(opens: int, closes: int, own_from: int, own_until: int) -> tuple[Hours, ...]:
    campaign = Hours(opens, closes)
    own = Hours(own_from, own_until) if own_from != own_until else _ALL_DAY
    return tuple(limit for limit in dict.fromkeys((campaign, own)) if limit != _ALL_DAY)


@lru_cache(maxsize=1 << 12)
def _unusable(zones: tuple[str, ...]) -> str:
    """Say what is wrong with what we know of the zone, or nothing."""
    if not zones:
        return "no time zone known"
    unread = next((zone for zone in zones if not readable(zone)), "")
    return f"no such time zone: {unread[:40]}" if unread or "" in zones else ""


def _in_zones(
    person: Recipient,
    policy: Policy,
    now: float,
    zones: tuple[str, ...],
    limits: tuple[Hours, ...],
) -> Ruling | None:
    release = _release(person, policy, now, zones)
    waiting = now < release
    stretch = opening(zones, limits, policy.close_margin_minutes * 60, max(now, release))
    if stretch is None:
        return _never(person, zones, limits)
    if stretch.opens <= now:
        return None
    reason = Reason.SCHEDULED if waiting else Reason.QUIET_HOURS
    refusal = Ruling(Verdict.DEFER, reason, stretch.opens, _words(zones, limits, policy.send_at))
    ruling = hold(refusal, person, policy, now)
    if ruling.verdict == Verdict.SKIP and not waiting:
        return ruling._replace(reason=Reason.QUIET_HOURS_EXPIRED)
    return ruling


def _release(person: Recipient, policy: Policy, now: float, zones: tuple[str, ...]) -> float:
    """Give the instant of "10:00 recipient-local" on the person's first eligible day."""
    if policy.send_at < 0:
        return 0.0
    first = max(int(person.held_since) or now, policy.starts_at)
    return first_at(zones, policy.send_at, first)


def _never(person: Recipient, zones: tuple[str, ...], limits: tuple[Hours, ...]) -> Ruling:
    reason = Reason.QUIET_HOURS_EXPIRED if person.zone else Reason.ZONE_UNKNOWN_CLOSED
    return Ruling(Verdict.SKIP, reason, detail=_words(zones, limits, -1) + ": never open")


@lru_cache(maxsize=1 << 10)
def _words(zones: tuple[str, ...], limits: tuple[Hours, ...], send_at: int) -> str:
    """Say the hours as people write them."""
    hours = [f"{_clock(limit.opens)}-{_clock(limit.closes)}" for limit in limits]
    hours += [f"at {_clock(send_at)}"] if send_at >= 0 else []
    where = zones[0] if len(zones) == 1 else f"in each of {len(zones)} possible zones"
    return f"{' and '.join(hours)} {where}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
