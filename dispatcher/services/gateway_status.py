"""Gateway status: how each gateway is, what it said lately, who stands behind it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from dispatcher.domain.messages import Channel
from dispatcher.domain.pulses import Heard, quantile
from dispatcher.domain.routes import Way, draws, route, serving
from dispatcher.storage import gateway_health, halts
from dispatcher.storage.gateway_health import GatewayState, HistoryLine

MINUTES = 10
_SILENT = Heard(0, 0, 0, 0, [])


@dataclass(frozen=True, slots=True)
class GatewayLine:
    """One gateway. `heard` is of the last minutes; `p50` and `p95` are seconds, None: no answer.

    `until`: the end of its rest. `waiting`: people whose first gateway it is. `state` is
    "halted" where an operator stopped it.
    """

    name: str
    channel: Channel
    state: str
    since: datetime | None
    until: datetime | None
    reason: str
    heard: Heard
    p50: float | None
    p95: float | None
    waiting: int

    @property
    def error_share(self) -> float | None:
        """The share of its answers that were errors: put off, or nobody knows."""
        answers = self.heard.answers
        return (self.heard.deferred + self.heard.unsure) / answers if answers else None


def status(conn: Connection, ways: Sequence[Way]) -> list[GatewayLine]:
    """Give how each gateway is, in the order of the settings."""
    halted = {halt.scope: halt for halt in halts.standing(conn)}
    standings, waiting = gateway_health.standings(conn), gateway_health.waiting(conn)
    heard = gateway_health.heard(conn, MINUTES)
    lines = []
    for way in ways:
        known, said = standings.get(way.name), heard.get(way.name, _SILENT)
        state = str(known.state if known else GatewayState.READY)
        halt = halted.get(f"gateway:{way.name}")
        resting = known is not None and known.state is not GatewayState.READY
        lines.append(
            GatewayLine(
                name=way.name,
                channel=way.channel,
                state="halted" if halt else state,
                since=known.since if known else None,
                until=known.until if known and resting else None,
                reason=f"by {halt.actor}" if halt else known.reason if known else "",
                heard=said,
                p50=quantile(said.latency, 0.5) if said.latency else None,
                p95=quantile(said.latency, 0.95) if said.latency else None,
                waiting=waiting.get(way.name, 0),
            )
        )
    return lines


def unserved(conn: Connection) -> int:
    """Count people who wait for a gateway that serves their brand: there is none."""
    return gateway_health.waiting(conn).get("", 0)


def routes(ways: Sequence[Way]) -> dict[str, list[str]]:
    """Give the order of gateways by channel and brand, "*" for all brands that none names."""
    found: dict[str, list[str]] = {}
    brands = ("*", *sorted({brand for way in ways for brand in way.brands}))
    for channel in dict.fromkeys(way.channel for way in ways):
        for brand in brands:
            serve = serving(ways, channel, brand)
            order = [_told(ways, name) for name in route(serve, lambda _: True, draws(0))]
            if brand == "*" or order != found[f"{channel} *"]:
                found[f"{channel} {brand}"] = order
    return found


def _told(ways: Sequence[Way], name: str) -> str:
    """Name a gateway with what it is meant for and its share."""
    (way,) = (way for way in ways if way.name == name)
    meant = [*way.countries, *way.prefixes]
    return (
        name
        + (f" (for {', '.join(meant)})" if meant else "")
        + (f" (weight {way.weight:g})" if way.weight else "")
    )


def history(conn: Connection, gateway: str = "", most: int = 20) -> Sequence[HistoryLine]:
    """Give what happened to one gateway or all, the newest first."""
    return gateway_health.history(conn, gateway, most)
