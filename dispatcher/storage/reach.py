"""Reach: whom a campaign would write to, counted in the very terms of plan and load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from dispatcher.domain.campaigns import Audience, CampaignSpec
from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.gsm7 import ALPHABET
from dispatcher.domain.messages import Channel
from dispatcher.domain.places import Places
from dispatcher.rules.fatigue import MONTHLY_FROM
from dispatcher.rules.quiet_hours import Home
from dispatcher.storage import context_flags, signs_of_life
from dispatcher.storage.consents import IN_ALL, PERMISSION_JOIN, PERMISSION_STATE
from dispatcher.storage.recipients import places_of
from dispatcher.storage.segments import (
    channel_joins,
    channel_parameters,
    first_channel,
    membership,
    named_well,
)
from dispatcher.storage.suppressions import SUPPRESSION_JOIN

# In the order of the rules (docs/rules.md), so that each person has one reason.
_REACH = f"""
    SELECT language, reason, context, context_until, ignored, newest, count(*) AS people FROM (
        SELECT c.language, coalesce(held.flag, '') AS context,
               coalesce(extract(epoch FROM held.until)::float8, 0) AS context_until,
               {{ignored}} AS ignored, {{newest}} AS newest,
               CASE WHEN a.customer_id IS NULL THEN 'no_address'
                    WHEN NOT a.deliverable THEN 'bad_address'
                    WHEN suppressed.reason IS NOT NULL THEN 'suppressed'
                    WHEN permission.state = 'opted_out' THEN 'topic_opted_out'
                    WHEN permission.state = 'imported_unproven' THEN 'imported_unproven'
                    WHEN permission.state <> 'active' OR :own_consent AND {IN_ALL}
                         THEN 'no_consent'
                    WHEN a.channel = 'sms' AND NOT (true{{named_well}}) THEN 'sender_forbidden'
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
        LEFT JOIN ({context_flags.STANDING}) AS held ON held.customer_id = c.id
        {{silence}}
        WHERE {{condition}} AND {{first}} = :channel
    ) person GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY people DESC, language, reason
"""

# As decisions go by it: only where the campaign asks for answers. Minutes keep the groups few.
_SILENCE = f"""
    LEFT JOIN ({signs_of_life.IGNORED.format(whose="true")}) AS ignored
        ON ignored.customer_id = c.id
    LEFT JOIN LATERAL (
        SELECT extract(epoch FROM date_trunc('minute', max(at)))::float8 AS at FROM contact
        WHERE customer_id = c.id AND at > to_timestamp(:now) - interval '31 days'
    ) AS newest ON ignored.offers >= {MONTHLY_FROM}
"""
_SILENCES = {
    True: {
        "ignored": "coalesce(ignored.offers, 0)",
        "newest": "coalesce(newest.at, 0)",
        "silence": _SILENCE,
    },
    False: {"ignored": "0", "newest": "0", "silence": ""},
}

_HOMES = """
    SELECT DISTINCT a.channel, c.country, c.region, a.jurisdictions, c.zone,
           CASE c.zone WHEN '' THEN a.zones ELSE '{{}}' END AS zones
    FROM customer c JOIN address a ON a.customer_id = c.id AND a.channel = ANY(:channels)
    WHERE {condition} LIMIT 500
"""


class Group(NamedTuple):
    """So many people for one channel whose facts are alike, as far as they can be foreseen.

    `reason`: "ok", or the first that consent, suppression, holdout or an unknown place gives.
    `context`, `context_until`, `ignored` are as in Recipient; `newest`: the last offer they had, in
    Unix seconds to the minute, 0 unless it matters.
    """

    language: str
    reason: str
    context: str
    context_until: float
    ignored: int
    newest: float
    people: int


def groups(conn: Connection, spec: CampaignSpec, channel: Channel, now: float) -> list[Group]:
    """Count the audience of a channel; what is going on with people as it is at the beginning."""
    condition, values = membership(spec.audience)
    query = _REACH.format(
        condition=condition,
        first=first_channel(spec),
        joins=channel_joins(spec.channels),
        named_well=named_well(spec, "a"),
        **_SILENCES[spec.policy.asks],
    )
    values |= channel_parameters(spec) | _facts(spec) | {"channel": channel}
    values |= {"now": now, "at": max(now, spec.policy.starts_at)}
    return [Group(*row) for row in conn.execute(text(query), values)]


def members(conn: Connection, spec: CampaignSpec, channel: Channel) -> list[int]:
    """Name the people of an audience who would be planned for a channel."""
    condition, values = membership(spec.audience)
    joins, first = channel_joins(spec.channels), first_channel(spec)
    query = text(_MEMBERS.format(joins=joins, condition=condition, first=first))
    values |= channel_parameters(spec) | {"channel": channel}
    return list(conn.execute(query, values).scalars())


_MEMBERS = """
    SELECT c.id FROM customer c {joins} WHERE {condition} AND {first} = :channel ORDER BY c.id
"""


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


def longest(
    conn: Connection, audience: Audience, names: Sequence[str]
) -> Mapping[str, tuple[str, str]]:
    """Give the longest value that the audience has of each field, and the longest that is foreign.

    Foreign is what GSM-7 cannot say; "" where there is none. Values are personal: count with them.
    """
    condition, values = membership(audience)
    value = "left(c.attributes ->> :field_{at}, 1000)"
    keyed = f"lpad(char_length({value})::text, 4, '0') || {value}"
    foreign = f"FILTER (WHERE translate({value}, :alphabet, '') <> '')"
    columns = ", ".join(
        f"max({keyed}), max({keyed}) {foreign}".format(at=at) for at in range(len(names))
    )
    values |= {f"field_{at}": name for at, name in enumerate(names)} | {"alphabet": ALPHABET}
    query = text(f"SELECT {columns} FROM customer c WHERE {condition}")
    row = [(found or "")[4:] for found in conn.execute(query, values).one()]
    return dict(zip(names, zip(row[::2], row[1::2], strict=True), strict=True))


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
