"""One click leaves, a look changes nothing, and the answer is the same for everybody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from dispatcher.domain.consents import ConsentSource, ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.erase import erase
from dispatcher.services.subscribe import Act, Desk, opt_in
from dispatcher.storage import consents
from dispatcher.storage.database import Database
from dispatcher.tokens import Purpose, Token
from dispatcher.web import Deps, create_app
from tests.support.people import add_person, consent_to, desk_on, insert, later
from tests.web.doubles import TOKENS, deps_for

WAVE = 1_777_777_777_000 * 1024
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
LINK = "/u/" + TOKENS.link(Purpose.UNSUBSCRIBE, Token(7, WAVE, 0, Channel.EMAIL))


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        add_person(desk)
        consent_to(desk, "coffee", Channel.EMAIL)
        consent_to(desk, "theatre", Channel.EMAIL)
        consent_to(desk, "coffee", Channel.SMS)
        with desk.database.begin() as conn:
            sent_about_coffee(conn)
        yield desk


def sent_about_coffee(conn: Connection) -> None:
    """Let a campaign about coffee have had a wave."""
    insert(conn, "brand", id="bean")
    insert(conn, "campaign", brand="bean", name="spring")
    (campaign,) = conn.execute(text("SELECT id FROM campaign")).scalars()
    spec = '{"audience": {"topic": "coffee"}}'
    insert(conn, "campaign_version", campaign_id=campaign, spec=spec, template="{}")
    (version,) = conn.execute(text("SELECT id FROM campaign_version")).scalars()
    ids = {"id": WAVE, "campaign_id": campaign, "version_id": version}
    insert(conn, "wave", **ids, state="running")


def client(deps: Deps) -> TestClient:
    return TestClient(create_app(deps), raise_server_exceptions=True)


@pytest.fixture
def web(desk: Desk) -> TestClient:
    return client(deps_for(desk))


def state(desk: Desk, topic: str, channel: Channel = Channel.EMAIL) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, channel, topic, [7])[7].state


def ledger_length(desk: Desk) -> int:
    with desk.database.begin() as conn:
        return len(consents.ledger_of(conn, [7]))


@pytest.mark.parametrize(
    "form", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}]
)
def test_one_click_leaves_the_topic_of_that_mail(
    web: TestClient, desk: Desk, form: dict[str, object]
) -> None:
    """As a form or as multipart, without cookie or redirect, in under a second (RFC 8058)."""
    began = time.monotonic()
    answer = web.post(LINK, follow_redirects=False, **form)
    assert time.monotonic() - began < 1
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert state(desk, "coffee") is ConsentState.OPTED_OUT
    assert state(desk, "theatre") is ConsentState.ACTIVE
    assert state(desk, "coffee", Channel.SMS) is ConsentState.ACTIVE


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_scanner_that_follows_the_link_changes_nothing(
    web: TestClient, desk: Desk, method: str
) -> None:
    before = ledger_length(desk)
    assert web.request(method, LINK).status_code in (200, 204)
    assert ledger_length(desk) == before


def test_leaving_takes_the_first_button_which_needs_no_script(web: TestClient, desk: Desk) -> None:
    html = web.get(LINK, headers={"accept-language": "fr-CA,fr;q=0.9,en;q=0.5"}).text
    leaving, quiet = html.split("<form")[1:]
    assert (leaving.count("<button"), quiet.count("<button")) == (1, 3)
    assert '<html lang="fr" dir="ltr">' in html
    assert "<script" not in html
    assert "http" not in html  # no tracker, nothing from elsewhere
    assert web.post(LINK, content=b"", headers={"accept-language": "de"}).text.count("abgemeldet")
    assert state(desk, "coffee") is ConsentState.OPTED_OUT


def test_a_press_that_a_program_repeats_is_one_press(web: TestClient, desk: Desk) -> None:
    """Who has a link cannot fill the ledger; what is said later or means more is recorded."""
    for _ in range(5):
        assert web.post(LINK, data=ONE_CLICK).status_code == 200
    once = ledger_length(desk)
    web.post(LINK, data={"everything": "yes"})
    assert state(desk, "theatre") is ConsentState.OPTED_OUT
    more = ledger_length(desk)
    assert more > once
    web.post(LINK, data={"everything": "yes"})
    assert ledger_length(desk) == more
    back = Act(7, Channel.EMAIL, later(1.2), topic="coffee", source=ConsentSource.OWN_HAND)
    assert opt_in(desk, back)
    for minute, lines in ((1.4, 2), (1.5, 2), (3, 3)):
        client(replace(deps_for(desk), now=partial(later, minute))).post(LINK, data=ONE_CLICK)
        assert state(desk, "coffee") is ConsentState.OPTED_OUT
        assert ledger_length(desk) == more + lines


def test_the_page_offers_everything_as_well(web: TestClient, desk: Desk) -> None:
    web.post(LINK, data={"everything": "yes"})
    assert state(desk, "theatre") is ConsentState.OPTED_OUT
    assert state(desk, "coffee", Channel.SMS) is ConsentState.ACTIVE


def test_a_message_nobody_remembers_counts_as_everything(web: TestClient, desk: Desk) -> None:
    old = TOKENS.link(Purpose.UNSUBSCRIBE, Token(7, 1, 0, Channel.EMAIL))
    assert web.post(f"/u/{old}", data=ONE_CLICK).status_code == 200
    assert state(desk, "theatre") is ConsentState.OPTED_OUT


def test_a_token_for_something_else_does_nothing(web: TestClient, desk: Desk) -> None:
    bounce = TOKENS.link(Purpose.BOUNCE, Token(7, WAVE, 0, Channel.EMAIL))
    assert web.post(f"/u/{bounce}", data=ONE_CLICK).status_code == 200
    assert state(desk, "coffee") is ConsentState.ACTIVE


def test_the_answer_never_tells_a_good_token_from_a_bad_one(web: TestClient, desk: Desk) -> None:
    """Known, repeated, erased, forged and senseless tokens get the same bytes."""
    gone = add_person(desk, 8, email="", phone="")
    erase(desk, gone, later(1))
    tokens = [Token(7, WAVE, 0, Channel.EMAIL)] * 2 + [Token(8), Token(99)]
    links = [TOKENS.link(Purpose.UNSUBSCRIBE, token) for token in tokens]
    links += [links[0][:-1], "x", "%00", "é"]
    for method in ("GET", "POST"):
        answers = {
            (answer.status_code, answer.text)
            for answer in (web.request(method, f"/u/{link}") for link in links)
        }
        assert len(answers) == 1


def test_without_a_database_nobody_is_told_that_it_is_done(desk: Desk) -> None:
    down = Database("postgresql://nobody@127.0.0.1:1/nothing")
    web = client(deps_for(replace(desk, database=down)))
    answer = web.post(LINK, data=ONE_CLICK)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert web.get(LINK).status_code == 200
    assert web.get("/healthz").status_code == 503


def test_healthz_says_ok(web: TestClient) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(min_size=1, max_size=40),
    st.binary(max_size=300),
    st.sampled_from(["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "x"]),
)
def test_no_input_whatever_makes_it_stumble(
    web: TestClient, token: str, body: bytes, content_type: str
) -> None:
    answer = web.post(
        "/u/" + token.encode("utf-8", "replace").hex(),
        content=body,
        headers={"content-type": content_type},
    )
    assert answer.status_code == 200
    assert web.post(LINK, content=body, headers={"content-type": content_type}).is_success


def test_a_body_too_long_to_read_still_leaves(web: TestClient, desk: Desk) -> None:
    """A valid token never fails for what came along with it."""
    assert web.post(LINK, content=b"x" * 200_000).status_code == 200
    assert state(desk, "coffee") is ConsentState.OPTED_OUT


@pytest.mark.parametrize(("span", "days"), [("week", 7), ("month", 30), ("quarter", 90)])
def test_who_wants_quiet_has_quiet_and_stays(
    web: TestClient, desk: Desk, span: str, days: int
) -> None:
    """One press, and no brand sends offers for that long; every consent stays as it was."""
    assert f'value="{span}"' in web.get(LINK).text
    answer = web.post(LINK, data={"quiet": span}, headers={"accept-language": "de"})
    assert (answer.status_code, "Ruhe" in answer.text) == (200, True)
    assert state(desk, "coffee") is ConsentState.ACTIVE
    with desk.database.begin() as conn:
        found = conn.execute(
            text("SELECT flag, brand, extract(day FROM until - since)::int FROM context_flag")
        ).all()
        told = conn.execute(text("SELECT person_id FROM withdrawal")).scalars().all()
    assert [tuple(row) for row in found] == [("quiet", "*", days)]
    assert told == [7]


@pytest.mark.parametrize("form", [{"quiet": "for ever"}, {"quiet": "week", **ONE_CLICK}])
def test_what_is_no_plain_wish_for_quiet_leaves(
    web: TestClient, desk: Desk, form: dict[str, str]
) -> None:
    """A mail client's one click, or a value nobody offered, is still a wish to leave."""
    web.post(LINK, data=form)
    assert state(desk, "coffee") is ConsentState.OPTED_OUT


def test_quiet_for_a_stranger_changes_nothing(web: TestClient, desk: Desk) -> None:
    """The same answer as for everybody, and no trace."""
    erase(desk, 7, later(0))
    assert web.post(LINK, data={"quiet": "month"}).status_code == 200
    assert web.post("/u/nonsense", data={"quiet": "month"}).status_code == 200
    with desk.database.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM context_flag")).scalar_one() == 0
