"""Setbacks: what went wrong with a wave's messages, in counts that its breaker is judged by.

Hand-overs are counted where they are settled; whoever leaves or complains is a row here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel


class Setback(StrEnum):
    """What may go wrong with a message after its hand-over."""

    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"


class Departure(NamedTuple):
    """Somebody who leaves a channel, and when we heard of it."""

    customer_id: int
    channel: Channel
    heard_at: datetime


class Tally(NamedTuple):
    """How an open wave fares on a channel, since it was begun or last resumed."""

    wave_id: int
    campaign_id: int
    channel: Channel
    accepted: int
    refused: int
    opt_outs: int
    complaints: int
    bounces: int


def note(conn: Connection, wave_id: int, customer_id: int, what: Setback) -> None:
    """Note what became of one message; twice is once."""
    conn.execute(_NOTE, {"wave": wave_id, "customer": customer_id, "kind": what})


def note_departures(conn: Connection, departures: Sequence[Departure]) -> None:
    """Put down each departure to the newest offer of the last three days on that channel."""
    values = {
        "ids": [each.customer_id for each in departures],
        "channels": [str(each.channel) for each in departures],
        "ats": [each.heard_at for each in departures],
    }
    conn.execute(_NOTE_DEPARTURES, values)


def tallies(conn: Connection) -> list[Tally]:
    """Give how each open wave of a running campaign fares."""
    return [Tally(*row)._replace(channel=Channel(row.channel)) for row in conn.execute(_TALLIES)]


def count_anew(conn: Connection, campaign_id: int, now: float) -> None:
    """Forget what a campaign's waves did so far; messages sent before `now` count no more."""
    for query in _COUNT_ANEW:
        conn.execute(query, {"campaign": campaign_id, "now": now})


# Messages of before the last resume are not what the breaker counts now.
_COUNTS = """
    JOIN wave w ON w.id = n.wave_id
    JOIN campaign g ON g.id = w.campaign_id AND n.at >= g.counted_from
    ON CONFLICT DO NOTHING
"""

_NOTE = text(f"""
    INSERT INTO setback (wave_id, channel, kind, customer_id)
    SELECT n.wave_id, n.channel, :kind, n.customer_id
    FROM (SELECT wave_id, channel, customer_id, decided_at AS at FROM delivery
          WHERE wave_id = :wave AND customer_id = :customer) AS n {_COUNTS}
""")

_NOTE_DEPARTURES = text(f"""
    INSERT INTO setback (wave_id, channel, kind, customer_id)
    SELECT n.wave_id, n.channel, 'opt_out', n.customer_id
    FROM (SELECT newest.* FROM unnest(CAST(:ids AS bigint[]), CAST(:channels AS text[]),
                                      CAST(:ats AS timestamptz[])) AS left_ (id, channel, at)
          CROSS JOIN LATERAL (
              SELECT c.wave_id, c.channel, c.customer_id, c.at FROM contact c
              WHERE c.customer_id = left_.id AND c.channel = left_.channel
                AND c.at > left_.at - interval '3 days'
              ORDER BY c.at DESC LIMIT 1) AS newest) AS n {_COUNTS}
""")

_TALLIES = text("""
    SELECT t.wave_id, w.campaign_id, t.channel, t.accepted, t.refused,
           s.opt_outs, s.complaints, s.bounces
    FROM wave w JOIN campaign c ON c.id = w.campaign_id AND c.state = 'running'
    JOIN wave_tally t ON t.wave_id = w.id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE kind = 'opt_out') AS opt_outs,
               count(*) FILTER (WHERE kind = 'complaint') AS complaints,
               count(*) FILTER (WHERE kind = 'bounce') AS bounces
        FROM setback WHERE (wave_id, channel) = (t.wave_id, t.channel)) AS s
    WHERE w.state IN ('planning', 'running')
    ORDER BY t.wave_id, t.channel
""")

_COUNT_ANEW = (
    text("UPDATE campaign SET counted_from = to_timestamp(:now) WHERE id = :campaign"),
    text("""
        DELETE FROM wave_tally t USING wave w
        WHERE w.id = t.wave_id AND w.campaign_id = :campaign"""),
    text("""
        DELETE FROM setback s USING wave w
        WHERE w.id = s.wave_id AND w.campaign_id = :campaign"""),
)
