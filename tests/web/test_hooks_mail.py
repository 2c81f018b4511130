"""Mail that providers bring by callback is obeyed before it is acknowledged, like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from starlette.testclient import TestClient

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Callback, Channel
from dispatcher.domain.ports import Gateway
from dispatcher.errors import GatewayDown
from dispatcher.gateways.registry import build
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents
from dispatcher.storage.database import Database
from dispatcher.web import create_app
from tests.gateways.providers.mailgun import Mailgun
from tests.gateways.providers.notifications import AWS, Aws, Note, aws_gateway
from tests.gateways.providers.provider import SUPPLIES, WALL
from tests.gateways.providers.sendgrid import TOKEN, Sendgrid
from tests.support.people import ANNA, add_person, consent_to, desk_on, insert
from tests.web.doubles import deps_for

STOP = f"From: Anna <{ANNA}>\r\nTo: offers@bean.example\r\nSubject: Re: coffee\r\n\r\nSTOP\r\n"
CHAT = STOP.replace("STOP", "Do you have decaf?")


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            insert(conn, "brand", id="bean", name="Bean", email="a@b.example")
        add_person(desk)
        consent_to(desk, channel=Channel.EMAIL)
        yield desk


class Down(Aws):
    """AWS, when it cannot be asked for its certificate."""

    def fetch(self, url: str) -> bytes:
        raise GatewayDown(f"no answer from {url}", retry_after=45.0)


def visitor(desk: Desk, **gateways: Gateway) -> TestClient:
    deps = replace(deps_for(desk), gateways=gateways, wall=lambda: WALL)
    return TestClient(create_app(deps))


def state(desk: Desk) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, Channel.EMAIL, "coffee", [7])[7].state


def bring(web: TestClient, callback: Callback, path: str = "/hooks/acme") -> httpx.Response:
    answer: httpx.Response = web.post(path, content=callback.body, headers=callback.headers)
    return answer


def received(mail: str) -> Callback:
    return Note(json.dumps({"notificationType": "Received", "content": mail})).callback()


def test_a_mail_by_ses_that_asks_to_leave_silences_the_person(desk: Desk) -> None:
    """The mail inside a notification is read as one from a mailbox would be."""
    web = visitor(desk, acme=aws_gateway("ses", AWS))
    assert bring(web, received(CHAT)).status_code == 200
    assert state(desk) is ConsentState.ACTIVE
    assert bring(web, received(STOP)).status_code == 200
    assert state(desk) is ConsentState.OPTED_OUT


def test_a_mail_by_mailgun_that_asks_to_leave_silences_the_person(desk: Desk) -> None:
    """The same by a route."""
    peer = Mailgun()
    web = visitor(desk, acme=build("acme", "mailgun", peer.options, SUPPLIES))
    answer = bring(web, peer.form({"body-mime": STOP}), "/hooks/acme?mime")
    assert answer.status_code == 200
    assert state(desk) is ConsentState.OPTED_OUT


def test_a_mail_by_sendgrid_that_asks_to_leave_silences_the_person(desk: Desk) -> None:
    """The same by Inbound Parse, which must know the word in the URL."""
    web = visitor(desk, acme=build("acme", "sendgrid", Sendgrid.options, SUPPLIES))
    form = {"email": (None, STOP)}
    assert web.post("/hooks/acme", params={"token": "wrong"}, files=form).status_code == 400
    assert state(desk) is ConsentState.ACTIVE
    assert web.post("/hooks/acme", params={"token": TOKEN}, files=form).status_code == 200
    assert state(desk) is ConsentState.OPTED_OUT


def test_the_same_mail_twice_is_one(desk: Desk) -> None:
    """Providers call again when they did not hear our answer."""
    peer = Mailgun()
    web = visitor(desk, acme=build("acme", "mailgun", peer.options, SUPPLIES))
    for _ in range(2):
        assert bring(web, peer.form({"body-mime": STOP})).status_code == 200
    assert state(desk) is ConsentState.OPTED_OUT


def test_without_a_database_the_provider_is_told_to_come_back(desk: Desk) -> None:
    """A mail is never acknowledged before it is obeyed."""
    down = Database("postgresql://nobody@127.0.0.1:1/nothing")
    peer = Mailgun()
    gateway = build("acme", "mailgun", peer.options, SUPPLIES)
    web = visitor(replace(desk, database=down), acme=gateway)
    assert bring(web, peer.form({"body-mime": STOP})).status_code == 503
    assert state(desk) is ConsentState.ACTIVE


def test_without_proof_at_hand_the_provider_is_told_to_come_back(desk: Desk) -> None:
    """When AWS cannot be asked for its certificate, nothing is believed and nothing is lost."""
    web = visitor(desk, acme=aws_gateway("ses", AWS, Down()))
    answer = bring(web, received(STOP))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "45")
    assert state(desk) is ConsentState.ACTIVE
