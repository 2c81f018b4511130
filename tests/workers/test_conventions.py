"""What a Celery person would type just works."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from dispatcher.bell import QUEUES
from tests.support.house import House
from tests.support.patience import eventually
from tests.workers.conftest import ROOT, Celery

PEOPLE = 120


def run(environment: dict[str, str], *command: str) -> str:
    """Run a command to its end and give what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def is_ready(environment: dict[str, str]) -> bool:
    """Tell whether a worker answers."""
    done = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "workers", "inspect", "ping", "--timeout", "1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
    )
    return done.returncode == 0


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_plain_worker_serves_every_queue_in_any_pool(
    house: House, celery: Celery, environment: dict[str, str], pool: str
) -> None:
    """`celery -A workers worker` plans, dispatches and tidies; SIGTERM leaves nothing unsure."""
    house.people(PEOPLE)
    house.campaign()
    worker = celery("worker", "--pool", pool, "--concurrency", "2", "--loglevel", "info")
    celery("beat")
    assert eventually(lambda: len(house.inbox()) == PEOPLE, 60)
    assert eventually(lambda: house.query("SELECT state FROM wave") == ["finished"], 30)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert house.verdicts() == {("accepted", "ok"): PEOPLE}
    assert not list(house.dispatcher.settings.journals.glob("*.journal"))


def test_sigterm_in_mid_campaign_drains_without_unsure(
    house: House, celery: Celery, environment: dict[str, str]
) -> None:
    """What is on the wire is settled; what is not stays for the next worker."""
    house.people(PEOPLE)
    house.campaign(per_minute=1200)
    worker = celery("worker", "--concurrency", "1")
    celery("beat")
    assert eventually(lambda: len(house.inbox()) >= 5, 60)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0
    assert house.query("SELECT count(*) FROM delivery WHERE state = 'unsure'") == [0]
    while house.query("SELECT state FROM wave") != ["finished"]:
        house.tidy()
        house.send()
    assert house.inbox() == list(range(1, PEOPLE + 1))


def test_inspect_names_the_tasks_and_their_queues(
    celery: Celery, environment: dict[str, str], database_url: str
) -> None:
    """Every queue has a task of its name, and the plain worker listens to all of them."""
    celery("worker", "--pool", "solo")
    assert eventually(lambda: is_ready(environment), 60)
    registered = run(
        environment, "-m", "celery", "-A", "workers", "inspect", "registered", "--json"
    )
    (tasks,) = json.loads(registered).values()
    assert set(QUEUES) <= set(tasks)
    active = run(environment, "-m", "celery", "-A", "workers", "inspect", "active_queues", "--json")
    (queues,) = json.loads(active).values()
    assert {queue["name"] for queue in queues} == set(QUEUES)


def test_the_app_has_the_settings_of_celeryconfig_and_no_others(
    environment: dict[str, str],
) -> None:
    """`celeryconfig.py` is the only place of Celery's settings, for those who only ring as well."""
    script = """
import celeryconfig
from celery import Celery
from dispatcher.wiring import ringing_app
from workers import app
plain = Celery("plain", set_as_current=False)
named = {name for name in vars(celeryconfig) if name in plain.conf}
expected = {name: getattr(celeryconfig, name) for name in named}
impatient = {"broker_transport_options": celeryconfig.impatient_transport_options}
for each, wanted in ((app, expected), (ringing_app(), expected | impatient)):
    differs = {name for name in plain.conf.table() if each.conf[name] != plain.conf[name]}
    assert differs <= named, differs - named
    for name in named:
        assert each.conf[name] == wanted[name], name
"""
    run(environment, "-c", script)


def test_every_bell_has_a_task_of_its_name(environment: dict[str, str]) -> None:
    """A bell that nobody hears would be a campaign that nobody sends."""
    script = """
from dispatcher.bell import QUEUES
from workers import app
import workers.tasks
assert set(QUEUES) <= set(app.tasks), set(QUEUES) - set(app.tasks)
"""
    run(environment, "-c", script)
