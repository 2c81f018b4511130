"""Limits status: how each limit stands, and what a campaign that stands still waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignSpec, CampaignState
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Report
from dispatcher.domain.throttles import MOST_PARTS, Level, Pace, Paces, used_on
from dispatcher.storage import campaigns, clock, gateway_health, rates
from dispatcher.storage.database import Database
from dispatcher.storage.gateway_health import GatewayState

_MOMENT = 1.0  # seconds for which nobody is said to wait
WHAT: Mapping[str, str] = {
    "gateway": "the gateway {}",
    "sender": "the sender {}",
    "brand": "the brand {}",
    "domain": "mail to {}",
    "10dlc": "American numbers, for the brand {}",
}


class LimitRow(NamedTuple):
    """How one limit stands. `budget`: parts of today, None: no limit, and so is `left`.

    `free_at`: Unix seconds before which nothing goes, None: it is free. `why`: what holds it up,
    the day's budget, the rate, or rest: the gateway failed or asked to be left alone.
    """

    key: str
    per_second: float
    budget: int | None
    used: int
    left: int | None
    free_at: float | None
    why: str

    @property
    def name(self) -> str:
        """Say in words what it limits."""
        kind, _, name = self.key.partition(":")
        return WHAT[kind].format(name)


def limits_status(
    conn: Connection, paces: Paces, gateways: Mapping[str, Pace]
) -> tuple[LimitRow, ...]:
    """Give every limit that is set, and gateways that are left alone for now."""
    known = {f"gateway:{name}": pace for name, pace in gateways.items()} | paces.every()
    levels, now = rates.standing(conn, list(known)), clock.server(conn)
    rests = {
        f"gateway:{each.gateway}": each.until.timestamp()
        for each in gateway_health.standings(conn).values()
        if each.state is not GatewayState.READY
    }
    rows = (_row(key, pace, levels, rests.get(key, 0.0), now) for key, pace in known.items())
    return tuple(row for row in rows if known[row.key] or row.free_at)


def _row(
    key: str, pace: Pace, levels: Mapping[str, Level], rests_until: float, now: float
) -> LimitRow:
    level, day = levels.get(key, Level()), pace.on(now)
    used = used_on(level, day)
    left = None if day.budget is None else max(day.budget - used, 0)
    free_at, why = None, ""
    if rests_until > now:
        free_at, why = rests_until, "rest"
    elif left is not None and left < _dearest(key):
        free_at, why = day.ends, "budget"
    elif level.wait > 0:
        free_at, why = now + level.wait, "rate"
    return LimitRow(key, pace.per_second, day.budget, used, left, free_at, why)


def _dearest(key: str) -> int:
    """Give what has to be left for any message to go: a sender with a @ writes mails."""
    kind, _, name = key.partition(":")
    mails = kind == "domain" or (kind == "sender" and "@" in name)
    return MOST_PARTS[Channel.EMAIL if mails else Channel.SMS]


def with_waits(
    database: Database, done: Report, paces: Paces, gateways: Mapping[str, Pace]
) -> Report:
    """Add to a report what the campaign waits for, if it runs and people in it have no verdict."""
    if done.state != CampaignState.RUNNING or not done.missing or done.note:
        return done
    with database.begin() as conn:
        campaign = campaigns.find(conn, str(done.campaign_id))
        spec = campaigns.newest_version(conn, campaign).spec
        rows = limits_status(conn, paces, gateways)
        now = clock.server(conn)
    keys = _keys(spec, paces)
    waits = [_said(row) for row in rows if row.key in keys and (row.free_at or 0.0) > now + _MOMENT]
    return replace(done, note="; ".join(waits))


def _said(row: LimitRow) -> str:
    until = f"{datetime.fromtimestamp(row.free_at or 0.0, UTC):%Y-%m-%d %H:%M} UTC"
    what = {
        "budget": f"waits for the next day's budget of {row.name}, until {until}",
        "rate": f"waits for {row.name} to have room, until {until}",
        "rest": f"leaves {row.name} alone until {until}: it failed, or asked for that",
    }
    return what[row.why]


def _keys(spec: CampaignSpec, paces: Paces) -> set[str]:
    keys = {f"brand:{spec.brand.id}"}
    for channel in spec.channels:
        sender = spec.brand.sms_sender if channel is Channel.SMS else spec.brand.email
        keys.add(f"sender:{sender}")
        keys |= paces.apart(channel, spec.brand.id)[1].keys()
        keys.add(f"gateway:{spec.gateways.get(channel, '')}")
    return keys
