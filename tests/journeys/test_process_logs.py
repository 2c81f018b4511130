"""Nothing that a running process writes down names a person: workers, beat, web pages, mail."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from dispatcher.domain.messages import Channel
from dispatcher.embedded.processes import free_port
from dispatcher.embedded.product import beat_command, web_command, worker_commands
from dispatcher.rendering.links import Links
from tests.journeys.test_full_speed import CONFIG, ROOT, SECRET
from tests.support.house import KEY, House, house_on
from tests.support.patience import eventually
from tests.support.reachable import answers, listens
from tests.support.ways_out import WaysOut, mail_line

PEOPLE = range(1, 9)
PLANTED = [
    "Zebedee",
    "Quagmire Lane",
    *(f"p{number}@example.com" for number in PEOPLE),
    *(f"p{number}%40example.com" for number in PEOPLE),
    *(f"447700900{number:02}" for number in range(100)),
]


def test_no_log_line_of_any_process_names_a_person(
    database_url: str, broker_url: str, tmp_path: Path
) -> None:
    """They are written to, leave by every way, join, and write what nobody expects."""
    with ExitStack() as running, house_on(database_url, tmp_path / "home") as house:
        ports = running.enter_context(_far_side(tmp_path))
        config = tmp_path / "dispatcher.toml"
        config.write_text(CONFIG.format(**ports, secret=SECRET))
        environment = os.environ | {
            "DATABASE_URL": database_url,
            "BROKER_URL": broker_url,
            "DISPATCHER_HOME": str(tmp_path / "home"),
            "DISPATCHER_KEYS": f'["{KEY}"]',
            "DISPATCHER_CONFIG": str(config),
            "PYTHONPATH": str(ROOT),
        }
        web_port, mail_port = free_port(), free_port()
        mail = [sys.executable, "-m", "dispatcher", "mail", "receive", "--port", str(mail_port)]
        commands = {"beat": beat_command(ROOT), "web": web_command(web_port), "mail": mail}
        commands |= worker_commands(2, ROOT)
        for name, command in commands.items():
            more = ["--loglevel", "debug"] if "celery" in command else []
            running.enter_context(
                _logged([*command, *more], tmp_path / f"{name}.log", environment, tmp_path)
            )
        web = f"http://127.0.0.1:{web_port}"
        assert eventually(lambda: answers(f"{web}/healthz"), 60)
        assert eventually(lambda: listens(mail_port), 60)
        _live(house, web, mail_port, environment)
    logs = {each.name: each.read_text("utf-8") for each in tmp_path.glob("*.log")}
    assert set(logs) == {f"{name}.log" for name in commands}
    assert "POST /u/" in logs["web.log"]  # the access log is on
    assert "dispatch.sms" in logs["outbound.log"]
    found = {(name, each) for name, said in logs.items() for each in PLANTED if each in said}
    assert found == set()


def _live(house: House, web: str, mail_port: int, environment: dict[str, str]) -> None:
    house.people(len(PEOPLE), attributes={"first_name": "Zebedee", "street": "1 Quagmire Lane"})
    house.also_by(Channel.EMAIL, PEOPLE)
    house.campaign(channels=(Channel.EMAIL, Channel.SMS), policy={"starts_at": 0.0})
    (wave,) = house.query("SELECT id FROM wave")
    assert eventually(lambda: house.query("SELECT state FROM wave") == ["finished"], 120)
    links = Links(house.dispatcher.tokens, web, "dispatcher.localhost")
    with httpx.Client(trust_env=False) as client, mail_line(mail_port) as mail:
        ways = WaysOut(house, links, wave, web, client, mail, environment, SECRET)
        for person, way in zip(PEOPLE, ways.by_mail(), strict=False):
            way(person)
        ways.text(7, "+44770090007")
        ways.command("p8@example.com")
        _say_odd_things(client, web, mail)
    assert eventually(
        lambda: not house.query("SELECT 1 FROM service_message WHERE state = 'waiting'"), 60
    )


def _say_odd_things(client: httpx.Client, web: str, mail: smtplib.SMTP) -> None:
    """Numbers and addresses where nobody expects them: in paths, queries, heads and bodies."""
    for query in ("address=p1%40example.com", "from=%2B44770090001&text=STOP", "m=44770090001"):
        for path in ("/join", "/hooks/sms", "/u/x", "/p/p1@example.com", "/healthz"):
            client.get(f"{web}{path}?{query}", headers={"referer": "http://x/?a=p1@example.com"})
            client.post(f"{web}{path}?{query}", data={"address": "p1@example.com"})
    words = b"From: Zebedee <p1@example.com>\r\nSubject: 1 Quagmire Lane\r\n\r\nZebedee asks\r\n"
    mail.sendmail("p1@example.com", ["hello@dispatcher.localhost"], words)
    mail.docmd("RCPT TO:<p1@example.com>")


@contextmanager
def _far_side(folder: Path) -> Iterator[dict[str, int]]:
    command = [sys.executable, "-m", "tests.support.far_side", str(folder / "arrivals")]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def _logged(
    command: list[str], log: Path, environment: dict[str, str], folder: Path
) -> Iterator[None]:
    with log.open("wb") as written:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
