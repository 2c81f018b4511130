"""Breaker: a campaign that drives people away is paused by itself, with the numbers in its note."""

from __future__ import annotations

from dispatcher.domain.breakers import Bars, tripped
from dispatcher.services.campaigns import pause_by_itself
from dispatcher.storage import setbacks
from dispatcher.storage.database import Database

ACTOR = "breaker"


def trip(database: Database, bars: Bars) -> list[int]:
    """Pause every running campaign of which a wave has reached a bar; give their ids."""
    with database.begin() as conn:
        waves = setbacks.tallies(conn)
    paused = []
    for wave in waves:
        found = tripped(
            bars,
            wave.channel,
            accepted=wave.accepted,
            refused=wave.refused,
            opt_outs=wave.opt_outs,
            complaints=wave.complaints,
            bounces=wave.bounces,
        )
        if found and pause_by_itself(database, wave.campaign_id, ACTOR, wave.channel, found):
            paused.append(wave.campaign_id)
    return paused
