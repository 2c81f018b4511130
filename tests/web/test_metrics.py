"""The monitor's page: why nothing is sent is told in numbers, and nobody is named in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from dispatcher import wiring
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Window
from dispatcher.errors import ConfigError
from dispatcher.services.dispatch import dispatch
from dispatcher.services.gauges import HELP, Gauge
from dispatcher.storage.database import Database
from dispatcher.web import create_app
from dispatcher.web.metrics import written
from tests.support.fake_clock import fake_clock, shift
from tests.support.house import House, house_on
from tests.web.doubles import deps_for

DAY = 86400.0
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A house whose database has a clock that can be set."""
    fake_clock(database_url)
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


def scrape(house: House, wall: Callable[[], float] | None = None) -> str:
    """Ask as a monitor would, of a web process that was asked by nobody before."""
    here = house.dispatcher
    real = partial(house.query, "SELECT extract(epoch FROM clock_timestamp())::float8")
    law = partial(wiring.load_law, here.settings)
    deps = replace(
        deps_for(here.desk), bell=here.bell, now=here.now, wall=wall or (lambda: real()[0]), law=law
    )
    answer = TestClient(create_app(deps)).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return str(answer.text)


def gauges(page: str) -> dict[str, float]:
    """Read the page as Prometheus does."""
    lines = [line for line in page.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def refused(reason: str) -> str:
    return f'dispatcher_decisions_last_hour{{verdict="skip",reason="{reason}"}}'


@pytest.mark.parametrize("zone", ["", "Atlantis/Deep_City"])
def test_a_zone_that_nobody_knows_or_can_read_stays_closed(house: House, zone: str) -> None:
    """Nothing is sent, and how often is told under its reason."""
    house.people(3, zone=zone)
    house.campaign(policy={"window": Window(540, 1200)})
    house.run()
    assert house.inbox() == []
    assert gauges(scrape(house))[refused("zone_unknown_closed")] == 10


def test_a_jurisdiction_that_nobody_knows_stays_closed(house: House) -> None:
    """Its hours cannot be known, so there are none."""
    house.people(2)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE address SET jurisdictions = '{gb}'"))
    house.campaign()
    house.run()
    assert house.inbox() == []
    assert gauges(scrape(house))[refused("zone_unknown_closed")] == 10


def test_with_a_malformed_override_no_worker_starts(house: House, tmp_path: Path) -> None:
    """The setting is named; people can still leave, and the monitor sees which file it is."""
    house.people(2)
    house.campaign()
    house.plan()
    path = tmp_path / "overrides.toml"
    path.write_text('[[override]]\njurisdiction = "XX"\nwindows = 7\n')
    url = house.dispatcher.settings.database_url.get_secret_value()
    with house_on(url, tmp_path / "home", rule_overrides=path) as broken:
        with pytest.raises(ConfigError, match="rule_overrides"):
            broken.send(Channel.SMS)
        told = gauges(scrape(broken))
    assert house.inbox() == []
    assert told['dispatcher_rule_data_unreadable{file="rule_overrides"}'] == 1
    assert told['dispatcher_rule_data_unreadable{file="rule_data"}'] == 0
    assert told['dispatcher_queue_people{channel="sms"}'] == 10
    assert gauges(scrape(house))['dispatcher_rule_data_unreadable{file="rule_overrides"}'] == 0


@pytest.mark.parametrize("jump", [DAY, -DAY])
def test_a_clock_that_jumps_a_day_in_mid_campaign_stops_it(house: House, jump: float) -> None:
    """The rest of the people wait until the clocks agree again, and then get it once."""
    texts = house.people(2)
    mails = house.people(2, first=3, channel=Channel.EMAIL)

    async def story() -> None:
        out = house.outbound()
        house.campaign(channels=(Channel.SMS, Channel.EMAIL), policy={"starts_at": 0.0})
        house.plan()
        await dispatch(out, Channel.SMS, 5)
        assert house.inbox() == texts
        shift(house.dispatcher.database, jump)
        await dispatch(out, Channel.EMAIL, 5)
        assert house.inbox() == texts
        told = gauges(scrape(house))
        assert told["dispatcher_clock_jumped_workers"] == 1
        assert told["dispatcher_clock_jump_seconds"] == pytest.approx(jump, abs=60)
        assert told["dispatcher_withdrawal_polls"] == 1
        assert 0 <= told["dispatcher_withdrawal_poll_age_seconds"] < 60
        shift(house.dispatcher.database, 0)
        await dispatch(out, Channel.EMAIL, 5)
        assert house.inbox() == texts + mails
        assert gauges(scrape(house))["dispatcher_clock_jumped_workers"] == 0
        await out.aclose()

    asyncio.run(story())


def test_machine_and_database_that_stand_apart_are_told(house: House) -> None:
    """By the clock of the machine that serves the page."""
    (now,) = house.query("SELECT extract(epoch FROM clock_timestamp())::float8")
    told = gauges(scrape(house, lambda: now - DAY))
    assert told["dispatcher_clock_apart_seconds"] == pytest.approx(DAY, abs=60)
    assert (
        told["dispatcher_rule_data_age_days"]
        == gauges(scrape(house, lambda: now))["dispatcher_rule_data_age_days"] - 1
    )


def test_what_waits_is_told_with_its_age(house: House) -> None:
    """Batches that could go, and people who should have been woken."""
    house.people(3)
    house.campaign()
    house.plan()
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE batch SET created_at = created_at - interval '10 minutes'"))
        conn.execute(
            text(
                "INSERT INTO due (due_at, shard, wave_id, customer_id) SELECT clock_timestamp()"
                " + ahead - interval '5 minutes', 0, 1, 1 FROM clock"
            )
        )
    told = gauges(scrape(house))
    assert told['dispatcher_queue_people{channel="sms"}'] == 10
    assert 600 <= told['dispatcher_queue_oldest_seconds{channel="sms"}'] < 700
    assert told["dispatcher_due_people"] == 10
    assert 300 <= told["dispatcher_due_oldest_seconds"] < 400


def test_a_question_that_takes_too_long_is_given_up(house: House) -> None:
    """The others are answered all the same, and no number is made up."""
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("LOCK TABLE decision IN ACCESS EXCLUSIVE MODE"))
        told = gauges(scrape(house))
    assert told['dispatcher_unanswered{question="decisions"}'] == 1
    assert told['dispatcher_unanswered{question="due"}'] == 0
    assert told["dispatcher_database_up"] == 1


def test_without_a_database_the_page_still_speaks_of_the_rules(house: House) -> None:
    """A monitor that gets no answer cannot tell what is wrong."""
    here = house.dispatcher
    desk = here.desk
    down = Database("postgresql://nobody@127.0.0.1:1/nothing")
    law = partial(wiring.load_law, here.settings)
    lost = type(desk)(down, desk.digests, desk.entropy)
    deps = replace(deps_for(lost), now=here.now, wall=lambda: 1.8e9, law=law)
    told = gauges(TestClient(create_app(deps)).get("/metrics").text)
    assert told["dispatcher_database_up"] == 0
    assert "dispatcher_rule_data_age_days" in told
    assert "dispatcher_due_people" not in told


def test_nobody_is_named(house: House) -> None:
    """Neither an address nor the number of a person, campaign or wave; labels are closed words."""
    house.people(3)
    house.campaign()
    house.run()
    page = scrape(house)
    assert "+4477009" not in page
    labels = set(re.findall(r'(\w+)="', page))
    assert labels == {"verdict", "reason", "file", "question"} | ({"channel"} & labels)


def test_every_gauge_is_told_in_the_docs() -> None:
    """Whoever sets an alarm finds what it means."""
    page = (DOCS / "how-to" / "run-in-production.md").read_text(encoding="utf-8")
    assert [name for name in HELP if f"`dispatcher_{name}" not in page] == []


def test_the_page_has_the_form_that_prometheus_reads() -> None:
    """Everything of one name together, with its help and type once."""
    channel = (("channel", "sms"),)
    some = [Gauge("queue_people", 2, channel), Gauge("due_people", 1), Gauge("due_people", 1.5)]
    assert written(some).splitlines() == [
        f"# HELP dispatcher_due_people {HELP['due_people']}",
        "# TYPE dispatcher_due_people gauge",
        "dispatcher_due_people 1",
        "dispatcher_due_people 1.5",
        f"# HELP dispatcher_queue_people {HELP['queue_people']}",
        "# TYPE dispatcher_queue_people gauge",
        'dispatcher_queue_people{channel="sms"} 2',
    ]
