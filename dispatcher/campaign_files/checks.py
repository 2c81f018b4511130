"""Checks what one key cannot know: dates in order, hours that open, limits, true urgency."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from dispatcher.campaign_files.lines import KeyPath
from dispatcher.campaign_files.prices import TRIAL, duties, untrue_price
from dispatcher.campaign_files.table import Report
from dispatcher.campaign_files.urgency import untrue
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import DEFAULT_CAPS, Cap, Policy, Window

SMS_HOURS = Window(8 * 60, 21 * 60)
MOST_HELD_BACK = 5_000
LEAST_GAP_HOURS = 4.0
LONGEST_HOLD_HOURS = 30 * 24
_WIDEN = "say why in policy.widen_reason, or"


def check(spec: CampaignSpec, report: Report) -> None:
    """Report each contradiction among values that are all right by themselves."""
    wrong = {problem.field for problem in report.problems}
    for look, fields in _CHECKS:
        if not any(_touches(field, bad) for field in fields for bad in wrong):
            look(spec, report)


def _touches(field: str, other: str) -> bool:
    return field == other or field.startswith(f"{other}.") or other.startswith(f"{field}.")


def _dates(spec: CampaignSpec, report: Report) -> None:
    policy = spec.policy
    end = _first(report, ("schedule", "end"), ("offer", "ends"))
    if math.isinf(policy.ends_at):
        where: KeyPath = ("schedule",) if ("schedule",) in report.lines else ("offer",)
        report.add(where, "nothing says when this ends; write: end = 2026-12-07T20:00:00Z")
    elif policy.ends_at <= policy.starts_at:
        told = f"it ends at {_utc(policy.ends_at)}, but only starts at {_utc(policy.starts_at)}"
        report.add(end, told)


def _hours(spec: CampaignSpec, report: Report) -> None:
    policy, hours = spec.policy, ("policy", "hours")
    if policy.window.closes - policy.window.opens <= policy.close_margin_minutes:
        report.add(hours, "these hours never open: they are no longer than close_margin")
    elif not _within(policy):
        report.add(("schedule", "at"), "this lies outside policy.hours, so nothing would be sent")
    outside = policy.window.opens < SMS_HOURS.opens or policy.window.closes > SMS_HOURS.closes
    if Channel.SMS in spec.channels and outside and not _widened(report):
        report.add(hours, f"text messages stay within 08:00-21:00; {_WIDEN} narrow the hours")


def _within(policy: Policy) -> bool:
    latest = policy.window.closes - policy.close_margin_minutes
    return policy.send_at < latest and (policy.send_at < 0 or policy.send_at >= policy.window.opens)


def _limits(spec: CampaignSpec, report: Report) -> None:
    policy = spec.policy
    if policy.holdout > MOST_HELD_BACK:
        report.add(("audience", "holdout"), "more than half would get nothing; at most 50 %")
    if not policy.holdout and not policy.reconfirms:
        told = "nobody is kept back, so silence cannot win: what the offer changes will not show"
        report.notice(("audience", "holdout"), told)
    if policy.max_hold_hours > LONGEST_HOLD_HOURS:
        report.add(("policy", "hold"), "nobody waits longer than 30 days for an offer")
    if _widened(report):
        return
    if policy.min_gap_hours < LEAST_GAP_HOURS:
        told = f"the programme keeps 4 hours between offers; {_WIDEN} write at least that"
        report.add(("policy", "cool_down"), told)
    for cap in policy.caps[len(DEFAULT_CAPS) :]:
        if any(_as_narrow(default, cap) for default in DEFAULT_CAPS):
            told = f"{cap.max} in {cap.hours} hours changes nothing: the programme allows no more"
            report.notice(("policy", "caps"), told)


def _as_narrow(default: Cap, cap: Cap) -> bool:
    same = default.channel is cap.channel and default.scope is cap.scope
    return same and default.max <= cap.max and default.hours >= cap.hours


def _words(spec: CampaignSpec, report: Report) -> None:
    policy = spec.policy
    texts: dict[KeyPath, str] = {
        ("offer", "headline"): spec.offer.headline,
        ("offer", "name"): spec.offer.name,
    }
    texts |= {("offer", "fields", name): text for name, text in spec.offer.fields.items()}
    for where, text in texts.items():
        told = untrue(text, policy.starts_at, policy.ends_at)
        if told:
            report.add(where, told)


def _prices(spec: CampaignSpec, report: Report) -> None:
    offer = spec.offer
    told = untrue_price(offer, spec.policy.starts_at)
    if told:
        report.add(_first(report, ("offer", "was_since"), ("offer", "fields", "was_price")), told)
    for name in duties(offer):
        if name not in offer.fields:
            told = f'this asks for its words; write in [offer.fields]: {name} = "..."'
            report.add(("offer", "trial" if name in TRIAL else "personal_price"), told)


def _channels(spec: CampaignSpec, report: Report) -> None:
    for channel in spec.gateways:
        if channel not in spec.channels:
            told = f"this campaign does not send by {channel}; add it to campaign.channels"
            report.add(("gateways", channel.value), told)


def _widened(report: Report) -> bool:
    return ("policy", "widen_reason") in report.lines


def _first(report: Report, *places: KeyPath) -> KeyPath:
    return next((place for place in places if place in report.lines), places[0])


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC") if at else "once"


_DATES = ("offer.starts", "offer.ends", "schedule.start", "schedule.end")
_CHECKS: tuple[tuple[Callable[[CampaignSpec, Report], None], tuple[str, ...]], ...] = (
    (_dates, _DATES),
    (_hours, ("policy.hours", "policy.close_margin", "schedule.at", "campaign.channels")),
    (_limits, ("audience.holdout", "policy.hold", "policy.cool_down", "policy.caps")),
    (_words, (*_DATES, "offer.headline", "offer.name", "offer.fields")),
    (_prices, (*_DATES, "offer.was_since", "offer.personal_price", "offer.trial", "offer.fields")),
    (_channels, ("campaign.channels", "gateways.email", "gateways.sms")),
)
