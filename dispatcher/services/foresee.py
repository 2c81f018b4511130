"""Foresee: the verdicts an audience would get, asked of the rules themselves, group by group."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch, BatchKey
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Contact, Recipient
from dispatcher.domain.decisions import Verdict
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy
from dispatcher.domain.reports import Reach, ReachRow
from dispatcher.rules.book import ORDER
from dispatcher.rules.jurisdictions import Jurisdictions
from dispatcher.storage import recipients
from dispatcher.storage.reach import Group, groups, members

_CHUNK = 5_000  # people loaded at once
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


def foresee(
    conn: Connection, spec: CampaignSpec, now: float, data: Jurisdictions | None = None
) -> Reach:
    """Count the audience by channel, language and the verdict people would get in the end.

    Who is only put off gets it later, within the offer. Frequency caps and the cool-down are not
    foreseen: they depend on what else goes out. Whom a campaign would ask to stay is decided for
    each by themselves, which takes the rule `data`.
    """
    if spec.policy.reconfirms and data is not None:
        return _one_by_one(conn, spec, max(now, spec.policy.starts_at), data)
    at = max(now, spec.policy.starts_at)
    found: Counter[_Place] = Counter()
    for channel in spec.channels:
        for group in groups(conn, spec, channel, now):
            reason = _reason(group, channel, spec.policy, at)
            found[_Place(channel, group.language, reason)] += group.people
    return Reach(tuple(ReachRow(*place, people) for place, people in found.most_common()))


def _one_by_one(conn: Connection, spec: CampaignSpec, at: float, data: Jurisdictions) -> Reach:
    found: Counter[_Place] = Counter()
    for channel in spec.channels:
        batch = Batch(BatchKey(0, 0, 0), 0, 0, 0, channel, "", 0)
        ids = members(conn, spec, channel)
        for first in range(0, len(ids), _CHUNK):
            chunk = ids[first : first + _CHUNK]
            for person in recipients.load(conn, batch, spec, chunk, at, data):
                found[_Place(channel, person.language, _due(person, spec.policy, at))] += 1
    return Reach(tuple(ReachRow(*place, people) for place, people in found.most_common()))


def _due(person: Recipient, policy: Policy, at: float) -> str:
    for rule in ORDER:
        ruling = None if rule.by_law else rule.judge(person, policy, at)
        if ruling is not None and ruling.verdict is Verdict.SKIP:
            return str(ruling.reason)
        if rule.name == "reconfirm":
            break
    return "ok"


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
