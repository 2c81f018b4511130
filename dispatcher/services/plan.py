"""Plan: who gets a verdict in a wave, written in batches, one transaction a run of shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dispatcher.domain.ports import Bell
from dispatcher.domain.routes import Way
from dispatcher.services.versions import Versions
from dispatcher.storage import waves
from dispatcher.storage.database import Database

_BELLS = 64  # a step: each wakes a process that then works for many batches


def plan(database: Database, versions: Versions, bell: Bell, ways: Sequence[Way]) -> int:
    """Plan whatever waits to be planned; give how many people that were."""
    people = 0
    while (step := plan_step(database, versions, ways)) is not None:
        people += step.people
        _ring(bell, step.channels)
    return people


def _ring(bell: Bell, channels: Sequence[str]) -> None:
    """Ring for each batch, the channels in turn: none has to wait for another to be done."""
    rounds = [min(count, _BELLS) for count in Counter(channels).values()]
    for turn in range(max(rounds, default=0)):
        for channel, count in zip(Counter(channels), rounds, strict=True):
            if turn < count:
                bell.ring(f"dispatch.{channel}")


def plan_step(
    database: Database, versions: Versions, ways: Sequence[Way]
) -> waves.PlannedShards | None:
    """Plan the next run of shards of one wave, in one transaction."""
    with database.begin() as conn:
        wave = waves.take_unplanned(conn)
        if wave is None:
            return None
        spec = versions.get(conn, wave.version_id).spec
        if wave.planned_to == 0:
            wave = waves.choose_width(conn, wave, spec)
        return waves.plan_shards(conn, wave, spec, ways)
