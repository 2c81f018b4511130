"""Hostile requests to every route there is: nothing changes, nothing is told, nothing stumbles.

A new route fails here until it is listed with the tokens that open it.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import replace

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.routing import Route
from starlette.testclient import TestClient

from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.inbound.replies import MOST_CHARACTERS
from dispatcher.services.subscribe import Desk
from dispatcher.storage import sandbox
from dispatcher.tokens import Purpose, Token, Tokens
from dispatcher.web import create_app
from dispatcher.web.hooks import BODY_LIMIT
from tests.support.people import ANNA, ANNAS_PHONE, add_person, consent_to, desk_on, insert
from tests.support.programme import PROGRAMME
from tests.web.doubles import SEAL, TOKENS, deps_for

WAVE = 1_777_777_777_000 * 1024
ANNA_IS = Token(7, WAVE, 0, Channel.EMAIL)
NOBODY = Token(4711, WAVE, 0, Channel.EMAIL)
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
NAMES = ("Anna", ANNA, ANNA.partition("@")[0], ANNAS_PHONE, ANNAS_PHONE[1:], "1234 5678")
SECRETS = ("a key of the tests", "a pepper of the tests", "postgresql", "Traceback", SEAL)
# What varies from answer to answer, and tells nothing.
_DATED = {"date", "server", "content-length"}

# Each route with the purpose of the token that opens it; None: it has none.
ROUTES: dict[str, Purpose | None] = {
    "/u/{token}": Purpose.UNSUBSCRIBE,
    "/p/{token}": Purpose.PREFERENCES,
    "/p/{token}/record": Purpose.PREFERENCES,
    "/p/{token}/offers": Purpose.PREFERENCES,
    "/left/{token}": Purpose.LEFT,
    "/x/{token}": Purpose.ERASE,
    "/c/{token}": Purpose.CONFIRM,
    "/s/{token}": Purpose.STAY,
    "/share/{token}": Purpose.SHARE,
    "/join": None,
    "/hooks/{gateway}": None,
    "/sandbox/{key}/": Purpose.SANDBOX,
    "/sandbox/{key}/phone/{id:int}": Purpose.SANDBOX,
    "/sandbox/{key}/phone/{id:int}/said": Purpose.SANDBOX,
    "/sandbox/{key}/number": Purpose.SANDBOX,
    "/sandbox/{key}/number/{number:int}": Purpose.SANDBOX,
    "/sandbox/{key}/number/{number:int}/said": Purpose.SANDBOX,
    "/sandbox/{key}/mail/{id:int}": Purpose.SANDBOX,
    "/sandbox/{key}/mail/{id:int}/body": Purpose.SANDBOX,
    "/sandbox/{key}/why/{id:int}": Purpose.SANDBOX,
    "/healthz": None,
    "/metrics": None,
}
# Proofs of who somebody is open one door, and say behind it what for.
_PROOFS = {Purpose.EXPORT, Purpose.ERASE}
_SAME_DOOR = dict.fromkeys(_PROOFS, _PROOFS)
SEALED = [path for path, purpose in ROUTES.items() if purpose]


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """Anna is known by two addresses, consented, and was sent something on both."""
    with desk_on(database_url) as desk:
        add_person(desk)
        consent_to(desk, channel=Channel.EMAIL)
        consent_to(desk)
        with desk.database.begin() as conn:
            insert(conn, "brand", id="bean", name="Bean", email="a@b.example", sms_sender="BEAN")
            for channel, to in ((Channel.SMS, ANNAS_PHONE), (Channel.EMAIL, ANNA)):
                message = Message(DeliveryKey(1, 7, 1), channel, to, "BEAN", b"Anna, 1234 5678")
                sandbox.put(conn, f"{channel}s", [message])
        yield replace(desk, programme=PROGRAMME)


@pytest.fixture
def web(desk: Desk) -> TestClient:
    return TestClient(create_app(replace(deps_for(desk), safe_mode=True)))


def path_of(route: str, token: str) -> str:
    return (
        route.replace("{id:int}", "7")
        .replace("{number:int}", "7")
        .replace("{token}", token)
        .replace("{key}", token)
    )


def strangers(purpose: Purpose) -> list[str]:
    """Give tokens that open nothing of Anna's: unknown, forged, cut, altered, of other purposes."""
    theirs = Tokens([b"a key of somebody else's"])
    good = TOKENS.link(purpose, ANNA_IS)
    raw = bytearray(TOKENS.seal(purpose, ANNA_IS))
    raw[-1] ^= 1
    swapped = good[:-1] + ("A" if good[-1] != "A" else "B")
    made = [theirs.link(purpose, ANNA_IS), theirs.link(purpose, NOBODY)]
    made += [
        TOKENS.link(other, ANNA_IS) for other in set(Purpose) - _SAME_DOOR.get(purpose, {purpose})
    ]
    made += [TOKENS.mailbox(purpose, ANNA_IS), good[:-1], good[: len(good) // 2], good + "A"]
    made += [good + "=", good.swapcase(), swapped, raw.hex(), "x", "0", "%00", "é", "7", "A" * 5000]
    made += ["%27%20OR%201%3D1--", "..%2f..%2fetc%2fpasswd", "%F0%9F%98%80", "%ff%fe", "null"]
    if purpose is not Purpose.SANDBOX:  # a valid key there opens the door, whatever it names
        made.append(TOKENS.link(purpose, NOBODY))
    return made


def everything(desk: Desk) -> str:
    """Give a checksum of all rows of all tables."""
    names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    told = hashlib.sha256()
    with desk.database.begin() as conn:
        for table in conn.execute(text(names)).scalars().all():
            rows = conn.execute(text(f'SELECT t::text FROM "{table}" t ORDER BY 1')).scalars()
            told.update(repr((table, list(rows))).encode())
    return told.hexdigest()


def told_nothing(body: str) -> bool:
    """Whether neither a person nor a secret of ours is in it."""
    return not [each for each in (*NAMES, *SECRETS) if each in body]


def test_every_route_is_listed(web: TestClient) -> None:
    """Whoever adds one says here by which token it opens."""
    app = create_app(deps_for(web.app.state.deps.desk))  # type: ignore[attr-defined]
    assert {route.path for route in app.routes if isinstance(route, Route)} == set(ROUTES)
    assert all(isinstance(route, Route) for route in app.routes)


@pytest.mark.parametrize("route", SEALED)
def test_a_token_that_is_not_ours_changes_and_tells_nothing(
    web: TestClient, desk: Desk, route: str
) -> None:
    """By every method: status, body and headers are the same for all of them, unknown or forged."""
    purpose = ROUTES[route]
    assert purpose is not None
    before = everything(desk)
    for method in METHODS:
        answers = set()
        for token in strangers(purpose):
            form = b"text=STOP&everything=yes&List-Unsubscribe=One-Click"
            path = path_of(route, token)
            answer = web.request(method, path, content=form, follow_redirects=False)
            if answer.status_code == 404 and "%2f" in token:
                continue  # a slash makes it another path, which nobody serves
            heads = {k: v for k, v in answer.headers.items() if k not in _DATED}
            answers.add((answer.status_code, answer.text, tuple(sorted(heads.items()))))
            assert answer.status_code < 500
            assert "set-cookie" not in heads
            assert told_nothing(answer.text), (method, token)
        assert len(answers) == 1, method
    assert everything(desk) == before


@pytest.mark.parametrize("route", ["/u/{token}", "/p/{token}"])
def test_a_link_pressed_again_changes_nothing_more(web: TestClient, desk: Desk, route: str) -> None:
    """Whoever replays it, and however often: the first time has done it all."""
    purpose = ROUTES[route]
    assert purpose is not None
    path = path_of(route, TOKENS.link(purpose, ANNA_IS))
    first = web.post(path)
    before = everything(desk)
    for method in ("GET", "POST", "HEAD", "POST"):
        assert web.request(method, path).status_code == 200
    assert web.post(path).text == first.text
    assert everything(desk) == before


def test_a_callback_without_the_seal_or_told_again_changes_nothing(
    web: TestClient, desk: Desk
) -> None:
    """Forged, truncated, for no gateway of ours; and a genuine one that somebody replays."""
    stop = orjson.dumps([["1", ANNAS_PHONE, "STOP"]])
    before = everything(desk)
    for seal in ({}, {"x-seal": "forged"}, {"x-seal": SEAL[:-1]}, {"x-seal": ""}):
        answer = web.post("/hooks/pigeon", content=stop, headers=seal)
        assert (answer.status_code, told_nothing(answer.text)) == (400, True)
    for name in ("raven", "pigeon%00", "..", "email", "PIGEON"):
        answer = web.post(f"/hooks/{name}", content=stop, headers={"x-seal": SEAL})
        assert answer.status_code == 404
    assert web.post("/hooks/pigeon", content=stop[:-4], headers={"x-seal": SEAL}).status_code == 400
    assert everything(desk) == before
    assert web.post("/hooks/pigeon", content=stop, headers={"x-seal": SEAL}).status_code == 200
    after = everything(desk)
    assert after != before
    assert web.post("/hooks/pigeon", content=stop, headers={"x-seal": SEAL}).status_code == 200
    assert everything(desk) == after


def test_asking_to_join_tells_nobody_who_is_a_customer(web: TestClient) -> None:
    """The same answer for Anna as for somebody we never heard of."""
    answers = [
        web.post("/join?lang=en", data={"address": who, "topic": "coffee"})
        for who in (ANNA, "nobody@elsewhere.example")
    ]
    shown = {
        each.text.replace(ANNA, "").replace("nobody@elsewhere.example", "") for each in answers
    }
    assert {each.status_code for each in answers} == {200}
    assert len(shown) == 1
    assert "set-cookie" not in answers[0].headers


@pytest.mark.parametrize("route", ROUTES)
def test_bodies_and_heads_of_any_size_and_dress_do_not_make_it_stumble(
    web: TestClient, desk: Desk, route: str
) -> None:
    """A megabyte and a byte, broken encodings, lengths that lie, heads full of nonsense."""
    path = path_of(route, "x").replace("{gateway}", "pigeon")
    bodies = [
        b"",
        b"x" * (2**20 + 1),
        b"\xff\xfe\x00" * 99,
        b"a=%" * 999,
        b"--b\r\n\r\n",
        b"a&" * 999,
    ]
    kinds = ["application/x-www-form-urlencoded; charset=utf-7", "multipart/form-data; boundary="]
    kinds += ["multipart/form-data; boundary=b", "application/json; charset=utf-16", "", "\xff"]
    heads = [{"content-encoding": "gzip"}, {"content-length": "3"}, {"accept-language": "é," * 999}]
    heads += [{"host": "evil.example"}, {"cookie": "a=b; " * 99}, {"x-forwarded-for": "1" * 999}]
    before = everything(desk)
    for method in ("GET", "POST"):
        for body in bodies:
            for more in ({"content-type": kinds[len(body) % len(kinds)]}, *heads):
                raw = {name.encode(): value.encode("latin-1") for name, value in more.items()}
                answer = web.request(method, path, content=body, headers=raw)
                assert answer.status_code < 500
                assert told_nothing(answer.text)
                assert "evil.example" not in str(answer.headers)
    for kind in kinds:
        raw = {b"content-type": kind.encode("latin-1")}
        assert web.post(path, content=b"a=b", headers=raw).status_code < 500
    assert everything(desk) == before


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(METHODS), st.text(max_size=60), st.binary(max_size=200))
def test_no_path_whatever_makes_it_stumble(
    web: TestClient, method: str, path: str, body: bytes
) -> None:
    """Nor does any tell a person or a secret."""
    answer = web.request(method, "/" + path.encode("utf-8", "replace").hex(), content=body)
    assert answer.status_code < 500
    for start in ("/u/", "/p/", "/c/", "/share/", "/hooks/", "/sandbox/"):
        where = start + "".join(f"%{each:02x}" for each in path.encode("utf-8", "replace"))
        answer = web.request(method, where, content=body, follow_redirects=False)
        assert answer.status_code < 500
        assert told_nothing(answer.text)


RANDOM = random.Random(7)
ODD_TEXTS = {
    "a megabyte": "stop " * 209_000,
    "a megabyte of one letter": "s" * 1_000_000,
    "emoji": "🛑✋🏽 " * 50_000,
    "right to left": "\u202epots\u202c أوقف الرسائل " * 20_000,
    "look-alike": "ЅТОР ꓢꓔꓳꓑ ＳＴＯＰ " * 20_000,
    "marks upon marks": "s" + "\u0301" * 300_000,
    "nulls and controls": "\x00\x01\x1b[2J\r\n" * 40_000,
    "nothing to see": "\u200b\u2060\ufeff" * 100_000,
    "half characters": "\ud83d" * 1000,
    "noise": "".join(chr(RANDOM.randrange(0x20, 0xD800)) for _ in range(200_000)),
}


@pytest.mark.parametrize("words", ODD_TEXTS.values(), ids=list(ODD_TEXTS))
def test_a_text_of_any_kind_is_recorded_clipped(web: TestClient, desk: Desk, words: str) -> None:
    """Up to the largest body there is; only what is no text at all is refused."""
    body = json.dumps([["1", ANNAS_PHONE, words]], ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    assert len(body) < BODY_LIMIT
    answer = web.post("/hooks/pigeon", content=body, headers={"x-seal": SEAL})
    refused = any("\ud800" <= letter < "\ue000" for letter in words)
    assert answer.status_code == (400 if refused else 200)
    with desk.database.begin() as conn:
        kept = conn.execute(text("SELECT text FROM reply")).scalars().all()
    assert [len(each) for each in kept] == ([] if refused else [MOST_CHARACTERS])
