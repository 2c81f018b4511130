"""A campaign at full speed through real gateways, while people leave by every way there is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.embedded.processes import free_port
from dispatcher.rendering.links import Links
from tests.support.house import KEY, House, house_on
from tests.support.patience import eventually
from tests.support.reachable import answers, listens
from tests.support.ways_out import WaysOut, mail_line

ROOT = Path(__file__).resolve().parents[2]
MAILS, TEXTS = 12_000, 8_000
ROUNDS = 12  # in each, somebody leaves by each way, and some more by text
TEXTS_A_ROUND = 4
COMMANDS = 2  # a process for each takes long to start
BAR = 1.0  # seconds from the 2xx to the last hand-over
ANSWER_BAR = 3.0  # seconds to the slowest confirmation; a task works for five
SECRET = "a secret of the provider"

# So many leave of so few that the campaign would be paused: not here.
CONFIG = """\
safe_mode = false
breaker_opt_outs_email = 1.0
breaker_complaints = 1.0

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
        self, house: House, folder: Path, ports: tuple[int, int], environment: dict[str, str]
    ) -> None:
        web_port, self.mail_port = ports
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

    @contextmanager
    def ways_out(self, wave: int) -> Iterator[WaysOut]:
        """Give every way by which people can leave that wave."""
        with httpx.Client(trust_env=False) as client, mail_line(self.mail_port) as mail:
            yield WaysOut(
                self.house, self.links, wave, self.web, client, mail, self.environment, SECRET
            )


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
        port, mail_port = free_port(), free_port()
        with (
            house_on(database_url, tmp_path / "home") as house,
            _process(*web, "--port", str(port), env=environment),
            _process("dispatcher", "mail", "receive", "--port", str(mail_port), env=environment),
            _process("celery", "-A", "workers", "worker", "-c", "2", env=environment),
            _process("celery", "-A", "workers", "beat", env=environment),
        ):
            opened = World(house, tmp_path, (port, mail_port), environment)
            assert eventually(lambda: answers(f"{opened.web}/healthz"), 60)
            assert eventually(lambda: listens(mail_port), 60)
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


def _digest(house: House) -> None:
    """Let people be found again by the number or the address that they write from."""
    digests = house.dispatcher.digests
    rows = house.query("SELECT channel, address FROM address")
    found = {
        "addresses": [address for _, address in rows],
        "digests": [digests.digest(Channel(channel), address) for channel, address in rows],
    }
    update = """
        UPDATE address a SET digest = n.digest, digest_wide = n.digest
        FROM unnest(CAST(:addresses AS text[]), CAST(:digests AS bytea[])) AS n (address, digest)
        WHERE a.address = n.address"""
    with house.dispatcher.database.begin() as conn:
        conn.execute(text(update), found)


class Over(Exception):
    """Everybody has been written to: nobody is left who could leave in time."""


def _about_to_hear(house: House, channel: str) -> int:
    """Find somebody at the end of a batch in flight, who has not left yet; raise Over."""
    found: list[int] = []
    query = """
        SELECT d.customer_id FROM delivery d
        WHERE d.state = 'reserved' AND d.channel = :channel
          AND NOT EXISTS (SELECT FROM withdrawal w WHERE w.person_id = d.customer_id)
        ORDER BY d.ordinal DESC LIMIT 1"""

    def look() -> bool:
        found.extend(house.query(query, channel=channel))
        return bool(found) or house.query("SELECT state FROM wave") == ["finished"]

    assert eventually(look, 60)
    if not found:
        raise Over
    return found[0]


def _leave(world: World, wave: int) -> dict[str, float]:
    """Let people leave by every way, each just before their turn; give when each was heard.

    A slow machine may send to all before the last of them is found.
    """
    left: dict[str, float] = {}
    with suppress(Over):
        _rounds(world, wave, left)
    return left


def _rounds(world: World, wave: int, left: dict[str, float]) -> None:
    house = world.house
    with world.ways_out(wave) as ways:
        for turn in range(ROUNDS):
            for way in ways.by_mail():
                person = _about_to_hear(house, "email")
                left[f"p{person}@example.com"] = way(person)
            for _ in range(TEXTS_A_ROUND):
                person = _about_to_hear(house, "sms")
                left[f"+4474001{person}"] = ways.text(person, f"+4474001{person}")
            if turn < COMMANDS:
                address = f"p{_about_to_hear(house, 'email')}@example.com"
                left[address] = ways.command(address)


def test_nobody_hears_from_us_a_second_after_leaving(world: World) -> None:
    """20,000 people, seven ways out, up to 122 on them: obeyed, none lost, none doubled."""
    house = world.house
    _populate(house)
    _digest(house)
    house.campaign(channels=(Channel.SMS, Channel.EMAIL))
    (wave,) = house.query("SELECT id FROM wave")
    house.dispatcher.bell.ring("plan")  # silent: beat repairs a bell that was lost
    assert eventually(lambda: len(world.offers()) > 500, 60)
    left = _leave(world, wave)
    texts = [who for who in left if who.startswith("+")]
    assert len(left) >= 6 + TEXTS_A_ROUND + 1  # each way once, at the very least
    assert eventually(lambda: house.query("SELECT state FROM wave") == ["finished"], 120)
    offers, verdicts = world.offers(), house.verdicts()
    assert {who for who, at in left.items() if max(offers.get(who, [0])) > at + BAR} == set()
    assert {who for who, times in offers.items() if len(times) > 1} == set()
    # Their message was decided on already; only the gate can have kept it back.
    assert len([who for who in left if who not in offers]) > len(left) / 2
    told = verdicts.pop(("accepted", "ok"))
    assert told == len(offers) < MAILS + TEXTS
    assert told + sum(verdicts.values()) == MAILS + TEXTS
    assert set(verdicts) <= {("skipped", "suppressed"), ("skipped", "topic_opted_out")}
    assert set(house.query(_STILL_IN, people=[*left])) == set()
    assert house.query("SELECT count(*) FROM service_message") == [len(texts)]
    # Every process was busy with the campaign: a confirmation waited for none of them.
    waited = sorted(min(at) - left[who] for who, at in world.answers().items())
    assert len(waited) == len(texts)
    assert waited[len(waited) // 2] < BAR, waited
    assert waited[-1] < ANSWER_BAR, waited


# Whoever left by whatever way has nothing in force any more.
_STILL_IN = """
    SELECT a.address FROM address a JOIN consent c USING (customer_id, channel)
    WHERE a.address = ANY(CAST(:people AS text[])) AND c.topic = 'coffee' AND c.state = 'active'
"""
