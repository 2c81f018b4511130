"""A callback is acknowledged only when what it says is committed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents
from dispatcher.storage.database import Database
from dispatcher.web import create_app
from dispatcher.web.hooks import BODY_LIMIT
from tests.support.people import ANNAS_PHONE, add_person, consent_to, desk_on, insert
from tests.web.doubles import SEAL, Bell, deps_for

GENUINE = {"x-seal": SEAL}


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            insert(conn, "brand", id="bean", name="Bean", email="a@b.example")
        add_person(desk)
        consent_to(desk)
        yield desk


def said(*lines: tuple[str, str]) -> bytes:
    return orjson.dumps([[key, ANNAS_PHONE, words] for key, words in lines])


def state(desk: Desk) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, Channel.SMS, "coffee", [7])[7].state


def test_a_stop_is_committed_before_it_is_acknowledged(
    web: TestClient, desk: Desk, bell: Bell
) -> None:
    answer = web.post("/hooks/pigeon", content=said(("1", "STOP")), headers=GENUINE)
    assert answer.status_code == 200
    assert state(desk) is ConsentState.OPTED_OUT
    assert bell.rung == ["inbound"]  # the confirmation waits for nobody


def test_a_gateways_clock_is_read_on_the_programmes(web: TestClient, desk: Desk) -> None:
    """With the programme's clock ahead of the wall, START after STOP still brings back."""
    web.post("/hooks/pigeon", content=said(("1", "coffee?")), headers=GENUINE)
    with desk.database.begin() as conn:
        at = conn.execute(text("SELECT at, received_at FROM event")).one()
    assert at.at == at.received_at


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/hooks/pigeon", {}, b"[]", 400),
        ("/hooks/pigeon", {"x-seal": "forged"}, b"[]", 400),
        ("/hooks/pigeon", GENUINE, b"\xff not json", 400),
        ("/hooks/raven", GENUINE, b"[]", 404),
        ("/hooks/pigeon", GENUINE, b" " * (BODY_LIMIT + 1), 413),
        ("/hooks/pigeon", GENUINE, b"[]", 200),
    ],
)
def test_what_is_not_right_is_refused(
    web: TestClient, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    assert web.post(path, content=body, headers=headers).status_code == status


def test_a_length_that_lies_does_not_help(web: TestClient) -> None:
    """The body is counted as it comes, whatever was announced."""
    headers = GENUINE | {"content-length": "2"}
    answer = web.post("/hooks/pigeon", content=b" " * (BODY_LIMIT + 1), headers=headers)
    assert answer.status_code == 413


def test_a_gateway_may_call_by_get_and_ask_whether_we_are_there(web: TestClient) -> None:
    """GET is heard as POST is; HEAD is answered and changes nothing."""
    assert web.get("/hooks/pigeon").status_code == 400
    assert web.head("/hooks/pigeon").status_code == 200
    assert web.head("/hooks/raven").status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nothing_else_is_heard(web: TestClient, method: str) -> None:
    assert web.request(method, "/hooks/pigeon", headers=GENUINE).status_code == 405


def test_without_a_database_the_gateway_is_told_to_come_back(desk: Desk) -> None:
    down = Database("postgresql://nobody@127.0.0.1:1/nothing")
    web = TestClient(create_app(deps_for(replace(desk, database=down))))
    answer = web.post("/hooks/pigeon", content=said(("1", "STOP")), headers=GENUINE)
    assert answer.status_code == 503
    assert state(desk) is ConsentState.ACTIVE
