"""Telling a friend: from one's own device, of an offer that stands, with nothing told to us."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from sqlalchemy import Connection, event
from starlette.testclient import TestClient

from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.rendering import Links
from dispatcher.services import campaigns
from dispatcher.services.joining import Post
from dispatcher.services.subscribe import Desk
from dispatcher.tokens import Purpose, Token
from dispatcher.web import create_app
from tests.support.campaigns import FEW, GOOD, checked
from tests.support.people import add_person, consent_to, desk_on, set_clock
from tests.web.doubles import TOKENS, deps_for

HOME = "https://news.northwind.example"
LINKS = Links(TOKENS, HOME, "in.northwind.example")
RUNNING = datetime(2026, 12, 2, 12, tzinfo=UTC)
PUBLIC = "https://northwind.example/week?a=1&b=2"
WITH_URL = GOOD.replace("ends = ", f'url = "{PUBLIC}"\nends = ', 1)
OVER = "nothing left to pass on"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            set_clock(conn, RUNNING)
        add_person(desk)
        consent_to(desk, channel=Channel.EMAIL)
        yield desk


def wave(desk: Desk, file: str = WITH_URL) -> int:
    done = campaigns.approve(desk.database, checked(file), "mia").campaign
    return campaigns.enqueue(desk.database, done.name, "mia", care=FEW).wave_id


def web(desk: Desk, at: datetime = RUNNING) -> TestClient:
    deps = replace(deps_for(desk), now=lambda: at, post=Post(LINKS, "mail"))
    return TestClient(create_app(deps))


def path(wave_id: int) -> str:
    return LINKS.share(wave_id).removeprefix(HOME)


def passed_on(html: str) -> tuple[str, str]:
    """Give what the buttons write into a mail and into a text message."""
    links = [unescape(link) for link in re.findall(r'href="([^"]+)"', html)]
    mail, phone = [link for link in links if not link.startswith("http")]
    assert mail.startswith("mailto:?")  # to nobody: the person chooses
    assert phone.startswith("sms:?body=")
    return parse_qs(urlsplit(mail).query)["body"][0], unquote(phone.removeprefix("sms:?body="))


def test_the_page_opens_the_persons_own_programs(desk: Desk) -> None:
    """Two links with the words ready, which work without a script and send nothing themselves."""
    html = web(desk).get(path(wave(desk))).text
    assert "<h1>Two bags for one</h1>" in html
    assert "Northwind Coffee" in html
    assert passed_on(html) == (f"Two bags for one (Northwind Coffee): {PUBLIC}",) * 2
    assert not re.search(r"<(script|form|img|input|button)", html)


def test_the_link_names_nobody(desk: Desk) -> None:
    """It is the same for all who got the offer, and opens nothing that is a person's."""
    number = wave(desk)
    token = path(number).rpartition("/")[2]
    assert TOKENS.open_link(Purpose.SHARE, token) == Token(0, number)
    for purpose in set(Purpose) - {Purpose.SHARE}:
        assert TOKENS.open_link(purpose, token) is None
    for page in ("/u/", "/p/"):
        assert "/share/" not in web(desk).get(page + token).text


def test_the_friend_gets_no_token_of_the_referrer(desk: Desk) -> None:
    """What is passed on leads to the offer's own page; where there is none, to this one."""
    number = wave(desk, GOOD)
    mine = LINKS.preferences(DeliveryKey(number, 7, 1), Channel.EMAIL).rpartition("/")[2]
    html = web(desk).get(path(number)).text
    for said in passed_on(html):
        assert said.endswith(LINKS.share(number))
    assert mine not in html
    again = web(desk).get(urlsplit(LINKS.share(number)).path)
    assert again.text == html  # the friend reads the same, however the link came


@pytest.mark.parametrize("wish", ["fr-CA,fr;q=0.9", "de"])
def test_it_speaks_the_language_of_the_browser(desk: Desk, wish: str) -> None:
    """As the other pages do."""
    answer = web(desk).get(path(wave(desk)), headers={"accept-language": wish})
    assert answer.headers["content-language"] == wish[:2]
    assert {"fr": "En parler à un ami", "de": "Weitersagen"}[wish[:2]] in answer.text


def test_nothing_is_written_and_nothing_is_remembered(desk: Desk) -> None:
    """Not a row, whoever looks and however often: it all happens in transactions that may not."""
    number = wave(desk)

    def read_only(conn: Connection) -> None:
        conn.exec_driver_sql("SET TRANSACTION READ ONLY")

    event.listen(desk.database._engine, "begin", read_only)
    page = web(desk)
    for method in ("GET", "HEAD", "GET"):
        answer = page.request(method, path(number))
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_takes_nothing(desk: Desk, method: str) -> None:
    """There is no form to leave a friend's address in."""
    assert web(desk).request(method, path(wave(desk)), content=b"x").status_code == 405


def test_an_offer_that_is_over_is_said_so_kindly(desk: Desk) -> None:
    """After its end nothing is passed on."""
    number = wave(desk)
    assert OVER not in web(desk).get(path(number)).text
    answer = web(desk, datetime(2026, 12, 8, tzinfo=UTC)).get(path(number))
    assert (answer.status_code, OVER in answer.text, "mailto" in answer.text) == (200, True, False)


@pytest.mark.parametrize("how", ["pause", "cancel", "halt"])
def test_what_we_stopped_is_not_passed_on(desk: Desk, how: str) -> None:
    """What is wrong with an offer must not travel further."""
    number = wave(desk)
    if how == "halt":
        campaigns.halt(desk.database, "brand:northwind", "mia")
    else:
        {"pause": campaigns.pause, "cancel": campaigns.cancel}[how](
            desk.database, "Coffee week", "mia"
        )
    assert OVER in web(desk).get(path(number)).text


def test_a_link_of_somebody_elses_making_looks_as_if_it_were_over(desk: Desk) -> None:
    """Forged, of another purpose, of no wave at all."""
    number = wave(desk)
    made = [TOKENS.link(purpose, Token(7, number)) for purpose in Purpose if purpose != "share"]
    for token in (*made, "x", TOKENS.link(Purpose.SHARE, Token(0, number + 1))):
        assert OVER in web(desk).get(f"/share/{token}").text


def test_a_headline_cannot_become_markup(desk: Desk) -> None:
    """It comes out of a file as words, on the page and in what is passed on."""
    headline = '<b onclick=x>"1 & 2"</b>'
    number = wave(desk, WITH_URL.replace('"Two bags for one"', f"'{headline}'"))
    html = web(desk).get(path(number)).text
    assert headline not in html
    assert passed_on(html)[0].startswith(headline)
