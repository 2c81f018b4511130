"""Who works for a brand and opens the web pages sees no person there, on any route there is.

A new route fails here until it is listed with whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from dispatcher import wiring
from dispatcher.errors import ConfigError
from dispatcher.services.receive import reply
from dispatcher.web import create_app
from dispatcher.web.serve import from_settings
from tests.support.house import TUESDAY, House, house_on
from tests.web.doubles import deps_for

PEOPLE = 12
OWN = "opened by a link that only the person has"
OPERATORS = "opened by a key that only the operator is told, in safe mode only"
ANYBODYS = "says nothing of anybody"
ROUTES = {
    "/u/{token}": OWN,
    "/p/{token}": OWN,
    "/p/{token}/record": OWN,
    "/p/{token}/offers": OWN,
    "/left/{token}": OWN,
    "/x/{token}": OWN,
    "/c/{token}": OWN,
    "/s/{token}": OWN,
    "/share/{token}": OWN,
    "/sandbox/{key}/": OPERATORS,
    "/sandbox/{key}/phone/{id:int}": OPERATORS,
    "/sandbox/{key}/phone/{id:int}/said": OPERATORS,
    "/sandbox/{key}/number": OPERATORS,
    "/sandbox/{key}/number/{number:int}": OPERATORS,
    "/sandbox/{key}/number/{number:int}/said": OPERATORS,
    "/sandbox/{key}/mail/{id:int}": OPERATORS,
    "/sandbox/{key}/mail/{id:int}/body": OPERATORS,
    "/sandbox/{key}/why/{id:int}": OPERATORS,
    "/join": ANYBODYS,
    "/hooks/{gateway}": ANYBODYS,
    "/healthz": ANYBODYS,
    "/metrics": ANYBODYS,
}


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A Dispatcher in safe mode over a fresh database."""
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def web(house: House) -> TestClient:
    """Twelve people with names were written to, one of them has left; the app is in safe mode."""
    house.people(PEOPLE, attributes={"first_name": "Zebedee"})
    house.campaign()
    house.run()
    house.campaign("More beans")
    house.plan()
    here = house.dispatcher
    reply(here.desk, "+447700900003", "STOP", TUESDAY, gateway="sms")
    law = partial(wiring.load_law, here.settings)
    deps = replace(deps_for(here.desk), tokens=here.tokens, now=here.now, law=law, safe_mode=True)
    return TestClient(create_app(deps))


def named(body: str) -> list[str]:
    """Give whoever can be recognised."""
    planted = ["Zebedee", *(f"447700900{number:03}" for number in range(1, PEOPLE + 1))]
    return [each for each in planted if each in body]


def test_every_route_is_somebodys(web: TestClient) -> None:
    """From the app's own table; nobody adds one without a thought for who will open it."""
    app = web.app
    assert {route.path for route in app.routes if isinstance(route, Route)} == set(ROUTES)  # type: ignore[attr-defined]


def test_no_route_shows_a_person(web: TestClient) -> None:
    """With whatever is not the person's own link or the operator's key; then it says so."""
    guesses = ("", "northwind", "1", "3", "0" * 40, "sms", "WyJhbGwiXQ")
    for route, guess in product(ROUTES, guesses):
        path = re.sub(r"\{id:int\}", "3", re.sub(r"\{(token|key|gateway)\}", guess, route))
        for method in ("GET", "POST"):
            answer = web.request(method, path, data={"text": "who is there?"})
            assert named(answer.text + str(answer.headers)) == [], path
            if ROUTES[route] == OPERATORS:
                assert answer.status_code in (404, 405)
            assert answer.text or answer.is_redirect or answer.status_code == 200


def test_the_monitor_counts_nobody_alone(web: TestClient) -> None:
    """People and decisions stand there in tens."""
    told = web.get("/metrics").text
    counts = re.findall(
        r"^dispatcher_(?:\w+_people|decisions_\w+)(?:\{.*\})? (.+)$", told, re.MULTILINE
    )
    assert [count for count in counts if float(count)] != []
    assert [count for count in counts if float(count) % 10] == []


def test_a_brands_own_settings_start_no_pages(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would show what the operator's show."""
    assert house.inbox() == []
    monkeypatch.setenv("DISPATCHER_BRAND", "northwind")
    with pytest.raises(ConfigError, match="the operator's"):
        from_settings()
