"""What operators deliver over SMPP is obeyed at once: receipts, and a STOP in mid-campaign."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from dispatcher.domain.messages import Channel, Event, EventKind
from dispatcher.services.dispatch import dispatch
from dispatcher.services.hear import hear
from tests.servers.smpp import Operator, receipt, reply
from tests.support.house import KEY, TUESDAY, House, house_on

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 60
BAR = 1.0  # seconds from the acknowledgement to the last hand-over


def failed(**facts: object) -> Event:
    return Event("seen", "sms", EventKind.BOUNCED, 0.0, **facts)  # type: ignore[arg-type]


def test_a_dead_number_is_known_though_its_receipt_came_first(house: House) -> None:
    """The receipt overtakes the settling of its message; it waits for that a moment."""
    [person] = house.people(1)
    house.campaign()
    house.plan()
    naps: list[float] = []

    def settle_meanwhile(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            house.send()

    wave = house.query("SELECT id FROM wave")[0]
    reference = f"sandbox-{wave}-{person}-1"
    event = failed(reference=reference, dead_address=True)
    heard = hear(house.dispatcher.desk, [event], lambda: TUESDAY, settle_meanwhile)
    assert heard.new == 1
    assert len(naps) == 2
    assert house.query("SELECT deliverable FROM address") == [False]


def test_nobody_waits_for_a_message_that_is_not_ours(house: House) -> None:
    """Another system may use the same account: after a moment the receipt is kept as it is."""
    naps: list[float] = []
    event = failed(reference="theirs", contact_stopped=True)
    heard = hear(house.dispatcher.desk, [event], lambda: TUESDAY, naps.append)
    assert (heard.new, heard.opted_out) == (1, 0)
    assert 0 < sum(naps) <= 2


def test_what_has_no_consequence_never_waits(house: House) -> None:
    """Arrived, delayed, said: recorded at once."""
    naps: list[float] = []
    told = [
        failed(reference="early", code="UNDELIV 002"),
        Event("said", "sms", EventKind.REPLIED, 0.0, sender="+447700900001", text="Hm"),
    ]
    assert hear(house.dispatcher.desk, told, lambda: TUESDAY, naps.append).new == 2
    assert not naps


@asynccontextmanager
async def listener(url: str, home: Path, config: Path, operator: Operator) -> AsyncIterator[None]:
    """Run `dispatcher gateway listen` as a process, until it has bound a line."""
    environment = os.environ | {
        "DATABASE_URL": url,
        "BROKER_URL": "memory://",
        "DISPATCHER_HOME": str(home),
        "DISPATCHER_KEYS": f'["{KEY}"]',
        "DISPATCHER_CONFIG": str(config),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "dispatcher", "gateway", "listen"]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            await operator.heard()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert b"sms: listening as receiver" in said


def account(port: int) -> dict[str, Any]:
    return {
        "kind": "smpp",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "system_id": "shop",
        "password": "geheim77",
    }


async def until_idle(house: House) -> None:
    out = house.outbound()
    while await dispatch(out, Channel.SMS, 30):
        pass
    await out.aclose()


def test_a_stop_over_smpp_silences_in_mid_campaign(database_url: str, tmp_path: Path) -> None:
    """Once the operator has its acknowledgement, nothing more is handed over for that person."""

    async def scenario() -> None:
        async with Operator() as operator:
            here = account(operator.port)
            config = tmp_path / "dispatcher.toml"
            lines = [f"{name} = {value!r}" for name, value in here.items()]
            config.write_text("\n".join(["safe_mode = false", "[gateways.sms]", *lines]))
            given: dict[str, Any] = {"safe_mode": False, "gateways": {"sms": here}}
            home = tmp_path / "home"
            with house_on(database_url, home, **given) as house:
                people = house.people(PEOPLE)
                house.campaign(per_minute=1200)  # the last one's turn is seconds away
                house.plan()
                async with listener(database_url, home, config, operator):
                    await _stop_in_between(house, operator, people)

    asyncio.run(asyncio.wait_for(scenario(), 120))


async def _stop_in_between(house: House, operator: Operator, people: list[int]) -> None:
    last = f"4477009{people[-1]:05d}"
    operator.awake.clear()  # the first messages wait for their answers, and so do the others
    work = asyncio.create_task(until_idle(house))
    while not operator.submitted and not work.done():  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.005)
    assert await operator.deliver(reply(last, b"STOP")) == 0
    acknowledged = time.monotonic()
    assert house.query(
        "SELECT state FROM consent WHERE customer_id = :id AND topic = '*'", id=people[-1]
    ) == ["opted_out"]
    operator.awake.set()
    told = receipt("id:1 stat:DELIVRD err:000 text:")
    assert await operator.deliver(told) == 0
    await work
    assert time.monotonic() - acknowledged > BAR  # it went on for long enough to prove something
    reached = {each.destination_addr for each in operator.submitted}
    assert len(reached) == len(operator.submitted) == PEOPLE - 1
    assert last not in reached
    assert house.query("SELECT kind FROM event ORDER BY kind") == ["delivered", "replied"]
