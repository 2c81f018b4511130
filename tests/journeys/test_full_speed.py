"""A campaign at full speed through real gateways, while a hundred people leave."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.embedded.processes import free_port
from dispatcher.rendering.links import Links
from tests.support.house import KEY, House, house_on
from tests.support.patience import eventually

ROOT = Path(__file__).resolve().parents[2]
MAILS, TEXTS = 12_000, 8_000
LEAVERS = 50  # on each channel
BAR = 1.0  # seconds from the 2xx to the last hand-over
ANSWER_BAR = 3.0  # seconds to the slowest confirmation; a task works for five
SECRET = "a secret of the provider"

CONFIG = """\
safe_mode = false

[gateways.email]
kind = "smtp"
host = "127.0.0.1"
port = {smtp}
security = "none"

[gateways.sms]
kind = "http_sms"
url = "http://127.0.0.1:{sms}/messages"
callback_auth = "hmac"
callback_secret = "{secret}"
"""


class World:
    """Our processes and the far side, with what arrived there."""

    def __init__(
        self, house: House, folder: Path, web_port: int, environment: dict[str, str]
    ) -> None:
        self.house, self.folder, self.environment = house, folder, environment
        self.web = f"http://127.0.0.1:{web_port}"
        self.links = Links(house.dispatcher.tokens, self.web, "dispatcher.localhost")

    def offers(self) -> dict[str, list[float]]:
        """Give when offers arrived, by address; answers to people who left are no offers."""
        return self._arrived("offer")

    def answers(self) -> dict[str, list[float]]:
        """Give when answers to people who left arrived, by address."""
        return self._arrived("answer")

    def _arrived(self, wanted: str) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for line in (self.folder / "arrivals").read_text().splitlines():
            address, at, kind = line.split()
            if kind == wanted:
                found.setdefault(address, []).append(float(at))
        return found

    def click(self, client: httpx.Client, wave: int, customer_id: int) -> float:
        """Unsubscribe with one click (RFC 8058); give when the 2xx came."""
        link, _ = self.links.unsubscribe(DeliveryKey(wave, customer_id, 1), Channel.EMAIL)
        answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        return time.time()

    def reply(self, client: httpx.Client, customer_id: int, number: str) -> float:
        """Answer "Stop" by text, as the provider tells us; give when the 2xx came."""
        said = {"id": f"mo-{customer_id}", "from": number, "to": "Northwind", "text": "Stop"}
        body = json.dumps(said).encode()
        at = str(int(time.time()))
        signed = hmac.digest(SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
        headers = {"X-Timestamp": at, "X-Signature": signed, "Content-Type": "application/json"}
        answer = client.post(f"{self.web}/hooks/sms", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return time.time()


@pytest.fixture
def world(database_url: str, broker_url: str, tmp_path: Path) -> Iterator[World]:
    """Worker, beat and web processes against an SMTP server and an SMS provider."""
    (tmp_path / "arrivals").touch()
    with _process("tests.support.far_side", str(tmp_path / "arrivals")) as far_side:
        assert far_side.stdout is not None
        ports = json.loads(far_side.stdout.readline())
        config = tmp_path / "dispatcher.toml"
        config.write_text(CONFIG.format(**ports, secret=SECRET))
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "BROKER_URL": broker_url,
            "DISPATCHER_HOME": str(tmp_path / "home"),
            "DISPATCHER_KEYS": f'["{KEY}"]',
            "DISPATCHER_CONFIG": str(config),
        }
        web = ("uvicorn", "--factory", "dispatcher.web.serve:from_settings")
        port = free_port()
        with (
            house_on(database_url, tmp_path / "home") as house,
            _process(*web, "--port", str(port), env=environment),
            _process("celery", "-A", "workers", "worker", "-c", "2", env=environment),
            _process("celery", "-A", "workers", "beat", env=environment),
        ):
            opened = World(house, tmp_path, port, environment)
            assert eventually(lambda: _answers(f"{opened.web}/healthz"), 60)
            yield opened


@contextmanager
def _process(
    module: str, *words: str, env: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *words],
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE if env is None else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _populate(house: House) -> None:
    """Put everybody in with a few statements; consent is real, its evidence is not the point."""
    with house.dispatcher.database.begin() as conn:
        for statement in _POPULATION.split(";"):
            conn.execute(text(statement), {"mails": MAILS, "all": MAILS + TEXTS})


_POPULATION = """
    INSERT INTO customer (id, language, zone)
    SELECT i, (ARRAY['en', 'fr', 'de'])[i % 3 + 1], 'Europe/London' FROM generate_series(1, :all) i;
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)
    SELECT i, 'email', 'p' || i || '@example.com', sha256(i::text::bytea), sha256(i::text::bytea),
           9999
    FROM generate_series(1, :mails) i;
    INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)
    SELECT i, 'sms', '+4474001' || i, sha256(i::text::bytea), sha256(i::text::bytea), 9999
    FROM generate_series(:mails + 1, :all) i;
    INSERT INTO person_pressure SELECT i FROM generate_series(1, :all) i;
    INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, since)
    SELECT customer_id, channel, 'coffee', 'active', 0, true, '2026-11-01' FROM address;
    ANALYZE customer, address, consent, person_pressure
"""


def _digest_texts(house: House) -> None:
    """Let the numbers be found again when their people reply."""
    digests = house.dispatcher.digests
    numbers = house.query("SELECT address FROM address WHERE channel = 'sms'")
    rows = [{"number": n, "digest": digests.digest(Channel.SMS, n)} for n in numbers]
    update = "UPDATE address SET digest = :digest, digest_wide = :digest WHERE address = :number"
    with house.dispatcher.database.begin() as conn:
        conn.execute(text(update), rows)


def _about_to_hear(house: House, channel: str) -> int:
    """Find somebody at the end of a batch in flight, who has not left yet."""
    found: list[int] = []
    query = """
        SELECT d.customer_id FROM delivery d
        WHERE d.state = 'reserved' AND d.channel = :channel
          AND NOT EXISTS (SELECT FROM withdrawal w WHERE w.person_id = d.customer_id)
        ORDER BY d.ordinal DESC LIMIT 1"""

    def look() -> bool:
        found.extend(house.query(query, channel=channel))
        return bool(found)

    assert eventually(look, 30)
    return found[0]


def test_nobody_hears_from_us_a_second_after_leaving(world: World) -> None:
    """20,000 people, 50 texts "Stop" and 50 one-click POSTs: obeyed, none lost, none doubled."""
    house = world.house
    _populate(house)
    _digest_texts(house)
    house.campaign(channels=(Channel.SMS, Channel.EMAIL))
    (wave,) = house.query("SELECT id FROM wave")
    house.dispatcher.bell.ring("plan")  # silent: beat repairs a bell that was lost
    assert eventually(lambda: len(world.offers()) > 500, 60)
    left: dict[str, float] = {}
    with httpx.Client(trust_env=False) as client:
        for _ in range(LEAVERS):
            mail, number = _about_to_hear(house, "email"), _about_to_hear(house, "sms")
            left[f"p{mail}@example.com"] = world.click(client, wave, mail)
            left[f"+4474001{number}"] = world.reply(client, number, f"+4474001{number}")
    assert eventually(lambda: house.query("SELECT state FROM wave") == ["finished"], 120)
    offers, verdicts = world.offers(), house.verdicts()
    assert {who for who, at in left.items() if max(offers.get(who, [0])) > at + BAR} == set()
    assert {who for who, times in offers.items() if len(times) > 1} == set()
    # Their message was decided on already; only the gate can have kept it back.
    assert len([who for who in left if who not in offers]) > LEAVERS
    told = verdicts.pop(("accepted", "ok"))
    assert told == len(offers) < MAILS + TEXTS
    assert told + sum(verdicts.values()) == MAILS + TEXTS
    assert set(verdicts) <= {("skipped", "suppressed"), ("skipped", "topic_opted_out")}
    assert house.query("SELECT count(*) FROM service_message") == [LEAVERS]
    # Every process was busy with the campaign: a confirmation waited for none of them.
    waited = sorted(min(at) - left[who] for who, at in world.answers().items())
    assert len(waited) == LEAVERS
    assert waited[LEAVERS // 2] < BAR, waited
    assert waited[-1] < ANSWER_BAR, waited
