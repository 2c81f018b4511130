"""Joining by page: nobody is in before they pressed the button of a mail that came to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_string, policy

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.erase import erase
from dispatcher.services.subscribe import Act, Desk, opt_out
from dispatcher.storage import consents, customers, evidence, pending
from dispatcher.tokens import Purpose, Token
from dispatcher.web import create_app
from tests.support.people import ANNA, add_person, desk_on, later
from tests.support.programme import PROGRAMME
from tests.web.doubles import TOKENS, Bell, deps_for

WISH = {"address": " Anna@Example.com ", "topic": "coffee"}
NEW = "/join?lang=en"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield replace(desk, programme=PROGRAMME)


def mails(desk: Desk) -> list[str]:
    with desk.database.begin() as conn:
        query = text("SELECT text FROM service_message WHERE class = 'doi_request' ORDER BY key")
        return list(conn.execute(query).scalars())


def link(desk: Desk) -> str:
    """Give the path in the newest mail's button."""
    with desk.database.begin() as conn:
        (number,) = conn.execute(text("SELECT id FROM pending")).scalars()
    mail = next(mail for mail in mails(desk) if f"confirm-{number}@" in mail)
    body = message_from_string(mail, policy=policy.default).get_body(("plain",))
    assert body is not None
    found = re.search(r"https://offers\.example(/c/[\w-]+)", body.get_content())
    assert found
    return found[1]


def holder(desk: Desk) -> int | None:
    with desk.database.begin() as conn:
        return customers.holder(conn, Channel.EMAIL, desk.digests.digest(Channel.EMAIL, ANNA))


def states(desk: Desk, customer_id: int) -> dict[str, ConsentState]:
    with desk.database.begin() as conn:
        return {row.topic: row.state for row in consents.standings_of(conn, customer_id)}


def test_who_confirms_is_in_for_what_was_chosen(web: TestClient, desk: Desk, bell: Bell) -> None:
    """Only the button of the mail does it; what was shown, when and from where is on record."""
    form = web.get(NEW)
    assert "Northwind Offers" in form.text
    assert "checked" not in form.text
    assert web.post(NEW, data=WISH).status_code == 200
    assert bell.rung == ["inbound"]
    assert holder(desk) is None

    shown = web.get(link(desk))
    assert "offers from Northwind Offers by e-mail on: Coffee, at most 8 a month" in shown.text
    assert holder(desk) is None

    assert "You are in" in web.post(link(desk)).text
    person = holder(desk)
    assert person is not None
    assert states(desk, person) == {"coffee": ConsentState.ACTIVE}
    with desk.database.begin() as conn:
        (event,) = consents.ledger_of(conn, [person])
        kept = evidence.reveal(conn, [person])
    assert (event.kind, event.source, event.origin) == ("double_opt_in", "own_hand", "join page")
    proof = kept[event.id]
    assert proof.keys() >= {"ip", "user_agent", "asked_ip", "asked_at", "asked_user_agent"}


def test_the_frequency_that_was_promised_is_a_cap(web: TestClient, desk: Desk) -> None:
    """The number stands in the wording, and with the consent."""
    web.post(NEW, data=WISH)
    web.post(link(desk))
    person = holder(desk)
    assert person is not None
    with desk.database.begin() as conn:
        (standing,) = consents.standings_of(conn, person)
    assert standing.promised == 8


def test_looking_confirms_nothing(web: TestClient, desk: Desk) -> None:
    """Scanners follow links, ask for heads and for options; none of that is a yes."""
    web.post(NEW, data=WISH)
    path = link(desk)
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        web.request(method, path)
    web.get(f"{path}?confirm=yes")
    assert holder(desk) is None


def test_the_mail_offers_nothing_and_says_what_happens_without_it(
    web: TestClient, desk: Desk
) -> None:
    """It names the programme, the topics and the sender's place, in the language of the page."""
    web.post("/join?lang=de", data=WISH)
    (mail,) = mails(desk)
    parsed = message_from_string(mail, policy=policy.default)
    assert parsed["To"] == ANNA
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in parsed
    body = parsed.get_body(("plain",))
    assert body is not None
    words = body.get_content()
    assert "Kaffee" in words
    assert "1 Quay St, Bristol" in words
    assert "nach 7 Tagen" in words


def test_nobody_is_asked_more_than_twice(web: TestClient, desk: Desk) -> None:
    """Whoever types somebody else's address a hundred times sends them two mails."""
    for _ in range(5):
        assert web.post(NEW, data=WISH).status_code == 200
    assert len(mails(desk)) == 2


def test_a_second_press_and_an_old_or_forged_link_do_nothing(web: TestClient, desk: Desk) -> None:
    """The answer is the same for each of them, and nobody is added."""
    web.post(NEW, data=WISH)
    path = link(desk)
    web.post(path)
    person = holder(desk)
    assert person is not None
    with desk.database.begin() as conn:
        before = len(consents.ledger_of(conn, [person]))
    other = TOKENS.link(Purpose.CONFIRM, Token(12345))
    answers = {web.post(p).text for p in (path, f"/c/{other}", "/c/x", path[:-1])}
    assert len(answers) == 1
    with desk.database.begin() as conn:
        assert len(consents.ledger_of(conn, [person])) == before


def test_who_never_confirms_is_forgotten(web: TestClient, desk: Desk) -> None:
    """After seven days the link is dead, and the sweep leaves nothing."""
    web.post(NEW, data=WISH)
    path = link(desk)
    late = replace(deps_for(desk), now=lambda: later(1) + timedelta(days=7))
    assert "too old" in TestClient(create_app(late)).post(path).text
    assert holder(desk) is None
    with desk.database.begin() as conn:
        assert pending.sweep(conn, later(0) + timedelta(days=6)) == 0
        assert pending.sweep(conn, later(2) + timedelta(days=7)) == 1


@pytest.mark.parametrize("how", ["opted out", "forgotten"])
def test_who_left_may_come_back_but_who_was_erased_stays_silent(
    web: TestClient, desk: Desk, how: str
) -> None:
    """The page says the same to both; only the one who left by hand gets the question."""
    person = add_person(desk)
    if how == "forgotten":
        erase(desk, person, later(0))
    else:
        opt_out(desk, Act(person, Channel.EMAIL, later(0)))
    assert "Look into your mailbox" in web.post(NEW, data=WISH).text
    assert len(mails(desk)) == (how == "opted out")
    if how == "opted out":
        web.post(link(desk))
        assert states(desk, person)["coffee"] is ConsentState.ACTIVE


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"address": "anna@example.com"}, "choose at least one topic"),
        ({"address": "anna@example.com", "topic": "beer"}, "choose at least one topic"),
        ({"address": "<script>alert(1)</script>", "topic": "coffee"}, "does not look like"),
        ({}, "does not look like"),
    ],
)
def test_a_slip_is_told_and_keeps_what_was_typed(
    web: TestClient, desk: Desk, form: dict[str, str], told: str
) -> None:
    """Nothing is sent, and nothing typed can become part of the page."""
    answer = web.post(NEW, data=form)
    assert answer.status_code == 422
    assert told in answer.text
    assert "<script" not in answer.text
    assert mails(desk) == []


def test_without_a_programme_there_is_nothing_to_join(database_url: str) -> None:
    """The page is not there, and old links end kindly."""
    with desk_on(database_url) as desk:
        web = TestClient(create_app(deps_for(desk)))
        assert web.get("/join").status_code == 404
        assert "too old" in web.get("/c/x").text


def test_it_speaks_the_readers_language(web: TestClient) -> None:
    """As the link says, else as the browser asks; Arabic is written from the right."""
    assert '<html lang="ar" dir="rtl">' in web.get("/join?lang=ar").text
    french = web.get("/join", headers={"accept-language": "fr-CA, en;q=0.5"})
    assert french.headers["content-language"] == "fr"
    assert "Kaffee" in web.get("/join?lang=de").text
