"""Foresee: the verdicts an audience would get, asked of the rules themselves, group by group."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Verdict
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy
from dispatcher.domain.reports import Reach, ReachRow
from dispatcher.rules.book import ORDER
from dispatcher.storage.reach import Group, groups

_ASKED = ("context_hold", "worth_it", "fatigue")
_CLOSED = "quiet_hours"  # the rule whose refusal the groups tell already: nobody knows the zone
_NOBODY = Recipient(
    customer_id=0,
    channel=Channel.EMAIL,
    address="",
    deliverable=True,
    language="",
    country="",
    zone="",
    zones=(),
    hours_from=0,
    hours_until=0,
    suppressed="",
    consent=ConsentState.ACTIVE,
    consent_event=0,
    contacts=(),
    bucket=0,
    in_audience=True,
    attempts=0,
    fields={},
)


class _Place(NamedTuple):
    channel: Channel
    language: str
    reason: str


def foresee(conn: Connection, spec: CampaignSpec, now: float) -> Reach:
    """Count the audience by channel, language and the verdict people would get in the end.

    Who is only put off gets it later, within the offer. Frequency caps and the cool-down are not
    foreseen: they depend on what else goes out.
    """
    at = max(now, spec.policy.starts_at)
    found: Counter[_Place] = Counter()
    for channel in spec.channels:
        for group in groups(conn, spec, channel, now):
            reason = _reason(group, channel, spec.policy, at)
            found[_Place(channel, group.language, reason)] += group.people
    return Reach(tuple(ReachRow(*place, people) for place, people in found.most_common()))


def _reason(group: Group, channel: Channel, policy: Policy, at: float) -> str:
    """Ask the rules in their order, for one who stands for all of a group."""
    if group.reason not in ("ok", "zone_unknown_closed"):
        return group.reason
    someone = _NOBODY._replace(
        channel=channel,
        contacts=(Contact(group.newest, channel, "", ""),) if group.newest else (),
        context=group.context,
        context_until=group.context_until,
        ignored=group.ignored,
    )
    for rule in ORDER:
        if rule.name == _CLOSED and group.reason != "ok":
            return group.reason
        ruling = rule.judge(someone, policy, at) if rule.name in _ASKED else None
        if ruling is not None and ruling.verdict is Verdict.SKIP:
            return str(ruling.reason)
    return "ok"
