"""Planned batches: people of one place each, written with the route that their messages take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.messages import Channel
from dispatcher.domain.routes import Way, draws, route, serving
from dispatcher.storage.database import numbers, words


class Planned(NamedTuple):
    """A batch to be: `lane` has a bit for each local gateway that is meant for its people."""

    shard: int
    batch_no: int
    channel: str
    lane: int
    size: int


def lane_of(ways: Sequence[Way], channel: str) -> tuple[str, dict[str, Any]]:
    """Give an expression on `customer c` for the lane of somebody on a channel, and its values.

    Of a text the number tells the country; of a mail, or where it does not, what the person said.
    """
    bits: list[str] = []
    values: dict[str, Any] = {}
    for place, way in enumerate(ways):
        if way.local:
            meant, more = _meant(way, place)
            bits.append(f"(w.channel = '{way.channel}' AND ({meant}))::int << {place}")
            values |= more
    if not bits:
        return "0", {}
    found = f"""coalesce((SELECT {" | ".join(f"({bit})" for bit in bits)} FROM address w
        WHERE w.customer_id = c.id AND w.channel = {channel}), 0)"""
    return found, values


def _meant(way: Way, place: int) -> tuple[str, dict[str, Any]]:
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if way.countries:
        conditions.append(f"""CASE WHEN w.channel = 'sms' AND w.jurisdictions <> '{{}}'
            THEN EXISTS (SELECT FROM unnest(w.jurisdictions) AS j
                         WHERE left(j, 2) = ANY(:countries_{place}))
            ELSE upper(c.country) = ANY(:countries_{place}) END""")
        values[f"countries_{place}"] = list(way.countries)
    if way.prefixes:
        conditions.append(f"w.address LIKE ANY(:prefixes_{place})")
        values[f"prefixes_{place}"] = [f"{prefix}%" for prefix in way.prefixes]
    return " OR ".join(conditions), values


def write(
    conn: Connection,
    wave: int,
    spec: CampaignSpec,
    ways: Sequence[Way],
    batches: Sequence[Planned],
) -> None:
    """Write batches, ready to be claimed."""
    if not batches:
        return
    values = {
        "wave": wave,
        "shards": numbers([batch.shard for batch in batches]),
        "numbers": numbers([batch.batch_no for batch in batches]),
        "channels": words([batch.channel for batch in batches]),
        "sizes": numbers([batch.size for batch in batches]),
        "routes": words(["\n".join(_route(wave, spec, ways, batch)) for batch in batches]),
    }
    conn.execute(_WRITE, values)


def _route(wave: int, spec: CampaignSpec, ways: Sequence[Way], batch: Planned) -> tuple[str, ...]:
    channel = Channel(batch.channel)
    wanted = spec.gateways.get(channel, "")
    serve = serving(ways, channel, spec.brand.id)
    if not serve:
        return (wanted,) if wanted else ()
    places = {way.name: place for place, way in enumerate(ways)}
    draw = draws(wave, batch.shard, batch.batch_no)
    return route(serve, lambda way: bool(batch.lane >> places[way.name] & 1), draw, wanted)


_WRITE = text("""
    INSERT INTO batch (wave_id, shard, batch_no, channel, size, route, gateway)
    SELECT :wave, shard, batch_no, channel, size, string_to_array(route, E'\\n'),
           split_part(route, E'\\n', 1)
    FROM unnest(CAST(:shards AS smallint[]), CAST(:numbers AS int[]), CAST(:channels AS text[]),
                CAST(:sizes AS int[]), CAST(:routes AS text[]))
         AS n (shard, batch_no, channel, size, route)
""")
