"""Ten thousand one-click requests at the real web process: who wanted to leave has left."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from bench.flood import flood, requests, slow_visitors
from bench.silence import answers_at
from bench.world import running
from dispatcher.domain.messages import Channel
from dispatcher.embedded.processes import free_port
from dispatcher.rendering.links import Links
from tests.support.house import KEY, House
from tests.support.patience import eventually

REQUESTS = 10_000
PEOPLE, LEAVERS = 600, 500


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_flood_is_answered_and_obeyed(house: House, database_url: str, tmp_path: Path) -> None:
    """Forged, cut, unknown and repeated among them: all 2xx, none told apart, nobody else left."""
    people = house.people(PEOPLE, channel=Channel.EMAIL)
    house.campaign(channels=(Channel.EMAIL,))
    (wave,) = house.query("SELECT id FROM wave")
    port = free_port()
    words = ("uvicorn", "--factory", "dispatcher.web.serve:from_settings", "--port", str(port))
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "BROKER_URL": "memory://",
        "DISPATCHER_HOME": str(tmp_path / "home"),
        "DISPATCHER_KEYS": f'["{KEY}"]',
    }
    web = f"http://127.0.0.1:{port}"
    urls = requests(
        Links(house.dispatcher.tokens, web, "x.example"), wave, people[:LEAVERS], REQUESTS
    )
    with running(words, environment, tmp_path / "web.log"), httpx.Client(trust_env=False) as client:
        assert eventually(lambda: answers_at(client, web), 60)
        with slow_visitors(web):
            answers = flood(urls)
        assert answers_at(client, web)
    assert len(answers) == REQUESTS
    assert {(answer.status, answer.plain) for answer in answers} == {(200, True)}
    left = "SELECT customer_id FROM consent WHERE state = 'opted_out' ORDER BY 1"
    assert house.query(left) == people[:LEAVERS]
