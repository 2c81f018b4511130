"""Two worker processes together are no faster than the limit: seen from the far side, in parts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.throttles import AT_ONCE
from tests.support.house import KEY, OFFER, house_on

ROOT = Path(__file__).resolve().parents[2]
PEOPLE, RATE = 400, 80  # parts a second
BURST = RATE * 2 * AT_ONCE  # what a moment has room for, and what one moment saves
STALL = 0.7  # seconds for which this machine may keep the far side from noting what came
# Two parts in French, one in English.
LONG = replace(OFFER, fields={**OFFER.fields, "ends_on_fr": "dimanche " * 12})
WORKER = "tests.support.steady_worker"
_PARTS = "SELECT address, d.parts FROM delivery d JOIN address USING (customer_id)"
_USED = "SELECT used::int FROM rate WHERE key = 'gateway:sms'"


@contextmanager
def _process(module: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def far_side(tmp_path: Path) -> Iterator[int]:
    """An SMS provider that notes when each text came; its port."""
    with _process("tests.support.far_side", str(tmp_path / "arrivals")) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["sms"]


def test_two_processes_share_the_limits_in_parts(
    database_url: str, tmp_path: Path, far_side: int
) -> None:
    """In no stretch comes more than the rate and one burst; the budget has counted each part."""
    gateway = {
        "kind": "http_sms",
        "url": f"http://127.0.0.1:{far_side}/messages",
        "per_second": RATE,
        "per_day": 10 * PEOPLE,
    }
    settings: dict[str, Any] = {"safe_mode": False, "gateways": {"sms": gateway}}
    with house_on(database_url, tmp_path / "home", **settings) as house:
        house.people(PEOPLE // 2, spread=True)
        house.people(PEOPLE // 2, first=PEOPLE, spread=True, language="fr")
        house.campaign(offer=LONG)
        house.plan()
        home = str(tmp_path / "home")
        told = json.dumps(
            settings | {"database_url": database_url, "home": home, "keys": [KEY]}, default=str
        )
        with _process(WORKER, told) as one, _process(WORKER, told) as other:
            assert [one.wait(120), other.wait(120)] == [0, 0]
        parts = dict(house.query(_PARTS))
        assert set(parts.values()) == {1, 2}
        assert house.query(_USED) == [sum(parts.values())]
        assert house.query("SELECT count(*) FROM worker") == [2]
    came = sorted(_arrivals(tmp_path / "arrivals"))
    assert len(came) == len({address for _, address in came}) == PEOPLE
    sums = list(accumulate((parts[address] for _, address in came), initial=0))
    for first in range(PEOPLE):
        for last in range(first, PEOPLE):
            seconds = came[last][0] - came[first][0]
            assert sums[last + 1] - sums[first] <= RATE * 1.01 * (seconds + STALL) + BURST + 4


def _arrivals(file: Path) -> Iterator[tuple[float, str]]:
    for line in file.read_text().splitlines():
        address, at, _ = line.split()
        yield float(at), address
