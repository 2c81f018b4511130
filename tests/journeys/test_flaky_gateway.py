"""A campaign over a gateway that is ill in every way at once, with a well one behind it."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from bench import flaky_sink
from bench.flaky import CONFIG, Sink, account, is_over, overshoot, sink
from bench.flaky_sink import Fault
from bench.world import populate, running, start_wave
from dispatcher.domain.messages import Channel
from tests.support.house import KEY, House, house_on
from tests.support.patience import eventually

PEOPLE = 1_500
PER_SECOND = 100
GOOD = 150  # messages that go well before the first gateway falls ill
TAKEOVER = 5.0  # seconds, as promised
WINDOW, A_ROUND = 10.0, 0.4  # seconds; a round's slots and the next one's may go at once


@pytest.mark.timeout(180)
def test_nobody_notices_a_flaky_gateway(database_url: str, broker_url: str, tmp_path: Path) -> None:
    """1,500 people: no double, none lost, no limit exceeded; the well one takes over in time."""
    with sink(tmp_path, GOOD, 4.0, [Fault.MIXED]) as far:
        environment = _environment(database_url, broker_url, tmp_path, far)
        with (
            house_on(database_url, tmp_path / "home") as house,
            running(("celery", "-A", "workers", "worker", "-c", "2"), environment, tmp_path / "w"),
            running(("celery", "-A", "workers", "beat"), environment, tmp_path / "b"),
        ):
            populate(house.dispatcher, PEOPLE, Channel.SMS)
            start_wave(house.dispatcher, "Flaky", Channel.SMS)
            assert eventually(lambda: is_over(house.dispatcher), 120), house.verdicts()
            arrivals = flaky_sink.read(far.arrivals)
            found = account(house.dispatcher, arrivals)
            _check_history(house)
    assert found["people"] == PEOPLE
    assert (found["doubles"], found["lost"]) == (0, 0)
    assert Counter(each.gateway for each in arrivals)["spare"] > PEOPLE / 3
    assert float(str(found["takeover_seconds"])) < TAKEOVER
    for gateway in ("sms", "spare"):
        allowed = 1 + 100 * A_ROUND / WINDOW
        assert overshoot(arrivals, gateway, PER_SECOND, WINDOW) <= allowed


def _environment(database_url: str, broker_url: str, folder: Path, far: Sink) -> dict[str, str]:
    config = folder / "dispatcher.toml"
    told = CONFIG.format(ill=far.ill, well=far.well, per_second=PER_SECOND, slow_seconds=1.5)
    config.write_text(told)
    return os.environ | {
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "DISPATCHER_HOME": str(folder / "home"),
        "DISPATCHER_KEYS": f'["{KEY}"]',
        "DISPATCHER_CONFIG": str(config),
    }


def _check_history(house: House) -> None:
    """Whoever looks afterwards sees what happened, in order."""
    told = house.query("SELECT gateway, what FROM gateway_history ORDER BY id")
    assert told[:2] == [("sms", "tripped"), ("spare", "took over")]
