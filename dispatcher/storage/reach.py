"""Reach: whom a campaign would write to, counted in the very terms of plan and load."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, text

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.messages import Channel
from dispatcher.domain.places import Places
from dispatcher.domain.reports import Reach, ReachRow
from dispatcher.rules.quiet_hours import Home
from dispatcher.storage.consents import IN_ALL, PERMISSION_JOIN, PERMISSION_STATE
from dispatcher.storage.recipients import places_of
from dispatcher.storage.segments import channel_joins, channel_parameters, first_channel, membership
from dispatcher.storage.suppressions import SUPPRESSION_JOIN

# In the order of the rules (docs/rules.md), so that each person has one reason.
_REACH = f"""
    SELECT language, reason, count(*) AS people FROM (
        SELECT c.language,
               CASE WHEN a.customer_id IS NULL THEN 'no_address'
                    WHEN NOT a.deliverable THEN 'bad_address'
                    WHEN suppressed.reason IS NOT NULL THEN 'suppressed'
                    WHEN permission.state = 'opted_out' THEN 'topic_opted_out'
                    WHEN permission.state = 'imported_unproven' THEN 'imported_unproven'
                    WHEN permission.state <> 'active' OR :own_consent AND {IN_ALL}
                         THEN 'no_consent'
                    WHEN a.bucket < :holdout THEN 'holdout'
                    WHEN (:hours OR a.channel = 'sms') AND c.zone = '' AND a.zones = '{{{{}}}}'
                         AND c.country = '' AND a.jurisdictions = '{{{{}}}}'
                         THEN 'zone_unknown_closed'
                    ELSE 'ok' END AS reason
        FROM customer c {{joins}}
        LEFT JOIN address a ON a.customer_id = c.id AND a.channel = :channel
        {PERMISSION_JOIN.format(person="c.id")}
        CROSS JOIN LATERAL (SELECT {PERMISSION_STATE} AS state) permission
        {SUPPRESSION_JOIN.format(address="a")}
        WHERE {{condition}} AND {{first}} = :channel
    ) person GROUP BY language, reason ORDER BY people DESC, language, reason
"""

_HOMES = """
    SELECT DISTINCT a.channel, c.country, c.region, a.jurisdictions, c.zone,
           CASE c.zone WHEN '' THEN a.zones ELSE '{{}}' END AS zones
    FROM customer c JOIN address a ON a.customer_id = c.id AND a.channel = ANY(:channels)
    WHERE {condition} LIMIT 500
"""


def reach(conn: Connection, spec: CampaignSpec) -> Reach:
    """Count the audience by channel, language and the verdict people would get."""
    return Reach(tuple(row for channel in spec.channels for row in _on(conn, spec, channel)))


def _on(conn: Connection, spec: CampaignSpec, channel: Channel) -> list[ReachRow]:
    condition, values = membership(spec.audience)
    query = _REACH.format(
        condition=condition,
        first=first_channel(spec),
        joins=channel_joins(spec.channels),
    )
    values |= channel_parameters(spec) | _facts(spec) | {"channel": channel}
    rows = conn.execute(text(query), values)
    return [ReachRow(channel, row.language, row.reason, row.people) for row in rows]


def _facts(spec: CampaignSpec) -> dict[str, Any]:
    policy = spec.policy
    whole_day = policy.window.opens == 0 and policy.window.closes == 24 * 60
    return {
        "topic": spec.audience.topic,
        "brand": spec.brand.id,
        "holdout": policy.holdout,
        "own_consent": policy.own_consent,
        "hours": policy.send_at >= 0 or not whole_day,
    }


def people(conn: Connection, spec: CampaignSpec, most: int) -> int:
    """Count the people of the audience who agreed to its topic on one of its channels.

    Counting ends at `most`: whoever asks wants to know whether there are so many.
    """
    condition, values = membership(spec.audience)
    topics = [spec.audience.topic, *(() if spec.policy.own_consent else (ANY_TOPIC,))]
    values |= {"channels": list(spec.channels), "topics": topics, "most": most}
    query = text(_PEOPLE.format(condition=condition))
    return int(conn.execute(query, values).scalar_one())


_PEOPLE = """
    SELECT count(*) FROM (
        SELECT FROM customer c WHERE {condition} AND EXISTS (
            SELECT FROM consent s WHERE s.customer_id = c.id AND s.channel = ANY(:channels)
              AND s.topic = ANY(:topics) AND s.state = 'active'
        ) LIMIT :most
    ) person
"""


def homes(conn: Connection, spec: CampaignSpec) -> list[Home]:
    """Give the places an audience lives in, as far as hours hang on them."""
    condition, values = membership(spec.audience)
    values |= {"channels": list(spec.channels)}
    rows = conn.execute(text(_HOMES.format(condition=condition)), values)
    return [_home(row) for row in rows]


def _home(row: Row[Any]) -> Home:
    number = Places(tuple(row.jurisdictions), tuple(row.zones))
    places = places_of(row.country, row.region, row.zone, number)
    return Channel(row.channel), places.jurisdictions, row.zone, places.zones
