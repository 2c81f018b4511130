"""The sandbox's pages are there in safe mode, for who knows where, and change only by a reply."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, sandbox
from dispatcher.tokens import Purpose, Token
from dispatcher.web import create_app
from tests.support.people import (
    ANNA,
    ANNAS_PHONE,
    add_person,
    consent_to,
    desk_on,
    insert,
)
from tests.support.phones import Phones
from tests.support.programme import PROGRAMME
from tests.web.doubles import TOKENS, Bell, deps_for

ROOT = f"/sandbox/{TOKENS.link(Purpose.SANDBOX, Token(0))}/"
MAIL = b"Subject: Beans\r\nContent-Type: text/html\r\n\r\n<html><head></head><p>Hello</p></html>"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        add_person(desk)
        consent_to(desk)
        text = Message(DeliveryKey(1, 7, 1), Channel.SMS, ANNAS_PHONE, "BEAN", b"Bean: new.")
        mail = Message(DeliveryKey(2, 7, 1), Channel.EMAIL, ANNA, "bean@example.com", MAIL)
        with desk.database.begin() as conn:
            insert(conn, "brand", id="bean", sms_sender="BEAN")
            sandbox.put(conn, "phones", [text])
            sandbox.put(conn, "mails", [mail])
        yield desk


@pytest.fixture
def web(desk: Desk, bell: Bell) -> TestClient:
    return TestClient(create_app(replace(deps_for(desk, bell), safe_mode=True)))


def may_write(desk: Desk) -> bool:
    with desk.database.begin() as conn:
        found = consents.consent_of(conn, Channel.SMS, "coffee", [7])[7]
    return found.state is ConsentState.ACTIVE


def test_a_text_typed_is_obeyed_like_any_reply(web: TestClient, desk: Desk, bell: Bell) -> None:
    """Once the page is back, the opt-out is on record, and somebody was rung to confirm it."""
    assert web.get(f"{ROOT}phone/7").status_code == 200
    assert may_write(desk)
    done = web.post(f"{ROOT}phone/7", data={"text": "please stop"}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"{ROOT}phone/7")
    assert not may_write(desk)
    assert bell.rung == ["inbound"]
    assert "understood as opt_out" in web.get(f"{ROOT}phone/7/said").text


def test_a_mail_is_shown_with_its_head_and_its_body_apart(web: TestClient, desk: Desk) -> None:
    """The body comes in a frame that may run nothing and load nothing."""
    with desk.database.begin() as conn:
        (place,) = sandbox.places(conn, Channel.EMAIL)
    page = web.get(f"{ROOT}mail/{place.last_id}")
    assert "Beans" in page.text
    assert f'src="{ROOT}mail/{place.last_id}/body"' in page.text
    body = web.get(f"{ROOT}mail/{place.last_id}/body")
    assert "<p>Hello</p>" in body.text
    assert body.headers["content-security-policy"].startswith("default-src 'none';")
    assert "sandbox allow-popups" in body.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        *("", "phone/7", "phone/7/said", "why/7", "mail/1", "mail/1/body"),
        *("number?number=%2B447700900555", "number/447700900555", "number/447700900555/said"),
    ],
)
def test_nobody_finds_them_by_guessing(web: TestClient, path: str) -> None:
    """A wrong key is answered as if there were nothing; so is a key made for something else."""
    other = TOKENS.link(Purpose.UNSUBSCRIBE, Token(7))
    for key in ("x", other, ROOT.split("/")[2][:-1]):
        assert web.get(f"/sandbox/{key}/{path}").status_code == 404


def test_there_is_no_sandbox_where_messages_go_to_people(desk: Desk) -> None:
    """With safe mode off nothing is shown and nothing is taken, even to who knows the path."""
    web = TestClient(create_app(deps_for(desk)))
    assert web.get(ROOT).status_code == 404
    assert web.get(f"{ROOT}why/7").status_code == 404
    assert web.post(f"{ROOT}phone/7", data={"text": "stop"}).status_code == 404
    assert may_write(desk)


def test_who_does_not_exist_has_no_phone(web: TestClient) -> None:
    """A number that never got a text cannot be typed on."""
    assert web.get(f"{ROOT}phone/8").status_code == 404
    assert web.get(f"{ROOT}why/8").status_code == 404
    assert web.post(f"{ROOT}phone/8", data={"text": "stop"}).status_code == 404
    assert web.get(f"{ROOT}mail/99").status_code == 404


def test_a_phone_nobody_knows_joins(desk: Desk, bell: Bell) -> None:
    """From the first word on its page shows the talk, and after the YES it is a customer's."""
    deps = replace(deps_for(replace(desk, programme=PROGRAMME), bell), safe_mode=True)
    web = TestClient(create_app(replace(deps, gateways={"phones": Phones(0)})))
    there = f"{ROOT}number/447700900555"
    asked = web.get(f"{ROOT}number?number=%2B44 7700 900555", follow_redirects=False)
    assert (asked.status_code, asked.headers["location"]) == (303, there)
    assert "Nobody knows this number" in web.get(there).text
    for words in ("JOIN coffee", "YES"):
        assert web.post(there, data={"text": words}, follow_redirects=False).status_code == 303
    assert "JOIN coffee" in web.get(f"{there}/said").text
    moved = web.get(there, follow_redirects=False).headers["location"]
    assert moved.startswith(f"{ROOT}phone/")
    assert "JOIN coffee" in web.get(f"{moved}/said").text
    assert "Agreed to coffee (sms): own hand" in web.get(moved.replace("phone", "why")).text


def test_without_a_programme_a_new_phone_has_nobody_to_write_to(web: TestClient) -> None:
    """It is shown, and what is typed on it goes nowhere."""
    assert "Join by text" not in web.get(ROOT).text
    assert web.post(f"{ROOT}number/447700900555", data={"text": "JOIN"}).status_code == 404
    assert web.get(f"{ROOT}number?number=nonsense").status_code == 404


def test_every_mail_in_a_mailbox_can_be_read_and_left(web: TestClient, desk: Desk) -> None:
    """The older ones are a link away, and the button of a mail program is there to press."""
    heads = (
        b"List-Unsubscribe: <https://offers.example/u/abc>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )
    newer = Message(DeliveryKey(3, 7, 1), Channel.EMAIL, ANNA, "bean@example.com", heads + MAIL)
    with desk.database.begin() as conn:
        (old,) = sandbox.places(conn, Channel.EMAIL)
        sandbox.put(conn, "mails", [newer])
        (place,) = sandbox.places(conn, Channel.EMAIL)
    page = web.get(f"{ROOT}mail/{place.last_id}").text
    assert f'href="{ROOT}mail/{old.last_id}"' in page
    assert '<form method="post" action="/u/abc" target="_blank"' in page
