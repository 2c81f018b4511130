"""Gateway health: who rests and who is probed, what each one said, and why it all came about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.pulses import Heard, rest
from dispatcher.storage.database import numbers


class GatewayState(StrEnum):
    """Whether a gateway may be used."""

    READY = "ready"
    RESTING = "resting"
    PROBING = "probing"


class Change(StrEnum):
    """What happens to a gateway."""

    TRIPPED = "tripped"
    PROBED = "probed"
    RECOVERED = "recovered"
    TOOK_OVER = "took over"


class Standing(NamedTuple):
    """How a gateway is; `until` is the end of its rest. No row: it was always ready."""

    gateway: str
    state: GatewayState
    since: datetime
    until: datetime
    trips: int
    reason: str


class HistoryLine(NamedTuple):
    """One change of a gateway, with its reason."""

    at: datetime
    gateway: str
    what: Change
    reason: str


def trip(conn: Connection, gateway: str, reason: str, asked: float) -> float:
    """Leave a gateway alone for some seconds: a breaker, not thousands of deferrals. Give them."""
    conn.execute(_MENTION, {"gateway": gateway})
    state, trips = conn.execute(_LOCK, {"gateway": gateway}).one()
    if state == GatewayState.RESTING:  # another process was first
        conn.execute(_REST_LONGER, {"gateway": gateway, "rest": asked})
        return rest(trips - 1, asked)
    seconds = rest(trips, asked)
    conn.execute(_REST, {"gateway": gateway, "reason": reason, "rest": seconds})
    _note(conn, gateway, Change.TRIPPED, f"{reason}; rests for {seconds:.0f} s")
    return seconds


def recover(conn: Connection, gateway: str) -> None:
    """Use a gateway again: the probe went well."""
    if conn.execute(_RECOVER, {"gateway": gateway}).rowcount:
        _note(conn, gateway, Change.RECOVERED, "it answers well again")


def probe_again(conn: Connection, gateway: str) -> None:
    """Let the next batch probe: this one had nobody to try it with."""
    conn.execute(_PROBE_AGAIN, {"gateway": gateway})


def note_probe(conn: Connection, gateway: str) -> None:
    """Note that a gateway is tried again after its rest."""
    _note(conn, gateway, Change.PROBED, "its rest is over; a few messages try it")


def note_stand_in(conn: Connection, gateway: str, first: str) -> None:
    """Note that a gateway takes over from the first of a route; once for each rest."""
    conn.execute(_STAND_IN, {"gateway": gateway, "first": first, "what": Change.TOOK_OVER})


def add(conn: Connection, gateway: str, heard: Heard) -> None:
    """Count what a gateway said, in the present minute."""
    if heard.answers:
        values = {**heard._asdict(), "gateway": gateway, "latency": numbers(heard.latency)}
        conn.execute(_ADD, values)


def sweep(conn: Connection) -> None:
    """Forget the minutes of before yesterday."""
    conn.execute(_SWEEP)


def standings(conn: Connection) -> dict[str, Standing]:
    """Give how each gateway is of which anything is known."""
    rows = [Standing(*row) for row in conn.execute(_STANDINGS)]
    return {row.gateway: row._replace(state=GatewayState(row.state)) for row in rows}


def heard(conn: Connection, minutes: int) -> dict[str, Heard]:
    """Give what each gateway said in the last minutes."""
    found: dict[str, Heard] = {}
    for row in conn.execute(_HEARD, {"minutes": minutes}):
        new, old = Heard(*row[1:]), found.get(row.gateway)
        found[row.gateway] = _sum(old, new) if old else new
    return found


def _sum(one: Heard, other: Heard) -> Heard:
    latency = [sum(pair) for pair in zip(one.latency, other.latency, strict=True)]
    return Heard(
        one.accepted + other.accepted,
        one.refused + other.refused,
        one.deferred + other.deferred,
        one.unsure + other.unsure,
        latency,
    )


def waiting(conn: Connection) -> dict[str, int]:
    """Count the people in ready batches, by the gateway that is first in their route."""
    return {row.gateway: int(row.people) for row in conn.execute(_WAITING)}


def history(conn: Connection, gateway: str = "", most: int = 20) -> Sequence[HistoryLine]:
    """Give the last changes of one gateway or of all, the newest first."""
    rows = conn.execute(_HISTORY, {"gateway": gateway, "most": most})
    return [HistoryLine(*row)._replace(what=Change(row.what)) for row in rows]


def _note(conn: Connection, gateway: str, what: Change, reason: str) -> None:
    conn.execute(_NOTE, {"gateway": gateway, "what": what, "reason": reason})


_MENTION = text("INSERT INTO gateway_health (gateway) VALUES (:gateway) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT state, trips FROM gateway_health WHERE gateway = :gateway FOR UPDATE")
_REST = text("""
    UPDATE gateway_health
    SET state = 'resting', since = clock_timestamp(), reason = :reason, trips = trips + 1,
        stand_ins = '{}', until = clock_timestamp() + make_interval(secs => :rest)
    WHERE gateway = :gateway
""")
_REST_LONGER = text("""
    UPDATE gateway_health
    SET until = greatest(until, clock_timestamp() + make_interval(secs => :rest))
    WHERE gateway = :gateway
""")
_RECOVER = text("""
    UPDATE gateway_health
    SET state = 'ready', since = clock_timestamp(), until = clock_timestamp(), trips = 0,
        reason = '', stand_ins = '{}'
    WHERE gateway = :gateway AND state <> 'ready'
""")
_PROBE_AGAIN = text("""
    UPDATE gateway_health SET state = 'resting', until = clock_timestamp()
    WHERE gateway = :gateway AND state = 'probing'
""")
_STAND_IN = text("""
    WITH told AS (
        UPDATE gateway_health SET stand_ins = stand_ins || CAST(:gateway AS text)
        WHERE gateway = :first AND state <> 'ready' AND :gateway <> ALL(stand_ins)
        RETURNING gateway, reason)
    INSERT INTO gateway_history (gateway, what, reason)
    SELECT :gateway, :what, 'from ' || gateway || ': ' || reason FROM told
""")
_ADD = text("""
    INSERT INTO gateway_minute AS m
        (gateway, minute, accepted, refused, deferred, unsure, latency)
    VALUES (:gateway, date_trunc('minute', clock_timestamp()), :accepted, :refused, :deferred,
            :unsure, CAST(:latency AS int[]))
    ON CONFLICT (gateway, minute) DO UPDATE
    SET accepted = m.accepted + excluded.accepted, refused = m.refused + excluded.refused,
        deferred = m.deferred + excluded.deferred, unsure = m.unsure + excluded.unsure,
        latency = ARRAY(SELECT a + b FROM unnest(m.latency, excluded.latency) AS t (a, b))
""")
_SWEEP = text("DELETE FROM gateway_minute WHERE minute < clock_timestamp() - interval '1 day'")
_STANDINGS = text("""
    SELECT gateway, state, since, until, trips, reason FROM gateway_health ORDER BY gateway
""")
_HEARD = text("""
    SELECT gateway, accepted, refused, deferred, unsure, latency FROM gateway_minute
    WHERE minute > clock_timestamp() - make_interval(mins => :minutes)
""")
_WAITING = text("""
    SELECT coalesce(b.route[1], '') AS gateway, sum(b.size) AS people
    FROM batch b JOIN wave w ON w.id = b.wave_id JOIN campaign c ON c.id = w.campaign_id
    WHERE b.state = 'ready' AND w.state IN ('planning', 'running') AND c.state = 'running'
    GROUP BY b.route[1]
""")
_HISTORY = text("""
    SELECT at, gateway, what, reason FROM gateway_history
    WHERE :gateway IN ('', gateway) ORDER BY id DESC LIMIT :most
""")
_NOTE = text("""
    INSERT INTO gateway_history (gateway, what, reason) VALUES (:gateway, :what, :reason)
""")
