"""Reconfirmations: who is to be asked to stay, when people were asked, and which consent about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.consent_terms import ASK_BEFORE, ENDING, SIX_MONTHS, TWO_YEARS, YEAR
from dispatcher.domain.customers import Asks, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.storage.database import numbers, rows_of

# On `customer c`, wider than the rule: for what the rule refuses nobody needs a verdict a day.
ENDING_SOON = f"""
    EXISTS (
        SELECT FROM consent s CROSS JOIN clock LEFT JOIN sign_of_life l ON l.customer_id = c.id
        WHERE s.customer_id = c.id AND s.topic IN (:ending_topic, '*') AND s.state = 'active'
          AND (s.kind = ANY(:ending_kinds) AND s.since <= clock_timestamp() + clock.ahead
                   - interval '{SIX_MONTHS - ASK_BEFORE:.0f} seconds'
            OR greatest(s.since, l.at) <= clock_timestamp() + clock.ahead
                   - interval '{YEAR - ASK_BEFORE:.0f} seconds'
            OR s.since <= clock_timestamp() + clock.ahead
                   - interval '{TWO_YEARS - ASK_BEFORE:.0f} seconds'
               AND (c.country = 'KR' OR EXISTS (SELECT FROM address k
                    WHERE k.customer_id = c.id AND 'KR' = ANY(k.jurisdictions)))))
"""


def ending_values(topic: str) -> dict[str, Any]:
    """Give the parameters of `ENDING_SOON`."""
    return {"ending_topic": topic, "ending_kinds": sorted(ENDING)}


def with_asks(conn: Connection, people: list[Recipient], wave: int) -> list[Recipient]:
    """Say of each when they were asked to stay, but for this very wave."""
    values = {
        "ids": numbers([each.customer_id for each in people]),
        "events": numbers([each.consent_event for each in people]),
        "wave": wave,
    }
    found = {row[0]: Asks(row[1], row[2]) for row in rows_of(conn, _ASKS, values)}
    return [each._replace(asks=found.get(each.customer_id, Asks())) for each in people]


_ASKS = text("""
    SELECT customer_id,
           coalesce(max(extract(epoch FROM at)) FILTER (WHERE reconfirms = event), 0)::float8,
           max(extract(epoch FROM at))::float8
    FROM unnest(CAST(:ids AS bigint[]), CAST(:events AS bigint[])) AS p (id, event)
    JOIN contact ON customer_id = p.id AND reconfirms <> 0 AND wave_id <> :wave
    GROUP BY customer_id
""")


class Ask(NamedTuple):
    """What somebody was asked to renew: the consent event, its topic, and by which message.

    `brand` is the name of who asked; `newest`: nothing has been sent to them on the channel since.
    """

    wave_id: int
    event: int
    channel: Channel
    topic: str
    kind: str
    given_at: datetime
    at: datetime
    brand: str
    newest: bool


def ask_of(
    conn: Connection, customer_id: int, channel: Channel, now: datetime, wave_id: int = 0
) -> Ask | None:
    """Give what a message of this wave asked somebody, or (0) the last one on this channel."""
    values = {"person": customer_id, "channel": channel, "now": now, "wave": wave_id}
    row = conn.execute(_ASK, values).one_or_none()
    return Ask(*row)._replace(channel=channel) if row else None


_ASK = text("""
    SELECT c.wave_id, c.reconfirms, c.channel, e.topic, e.kind,
           least(e.occurred_at, e.received_at), c.at, b.name,
           NOT EXISTS (SELECT FROM contact n WHERE n.customer_id = c.customer_id
                       AND n.channel = c.channel AND n.at > c.at)
    FROM contact c JOIN consent_event e ON e.id = c.reconfirms JOIN brand b ON b.id = c.brand
    WHERE c.customer_id = :person AND c.channel = :channel AND c.reconfirms <> 0
      AND c.at <= :now AND (:wave = 0 OR c.wave_id = :wave)
    ORDER BY c.at DESC LIMIT 1
""")


def words_of(conn: Connection, wave_id: int) -> tuple[dict[str, str], str]:
    """Give the texts that a wave sends, by path, and the language for whom none of them fits."""
    row = conn.execute(_WORDS, {"wave": wave_id}).one_or_none()
    return (dict(row[0]), str(row[1])) if row else ({}, "")


_WORDS = text("""
    SELECT v.template -> 'texts', v.template ->> 'default_language'
    FROM wave w JOIN campaign_version v ON v.id = w.version_id WHERE w.id = :wave
""")
