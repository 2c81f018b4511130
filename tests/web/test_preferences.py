"""A person's own page: they choose, pause and leave by its buttons, and nobody else learns who."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from dispatcher import wiring
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.domain.programme import Topic
from dispatcher.services.erase import erase
from dispatcher.services.identity import GOOD_FOR
from dispatcher.services.subscribe import Act, Desk, leave, opt_in
from dispatcher.storage import consents, customers, evidence
from dispatcher.storage.database import Database
from dispatcher.tokens import Purpose, Token
from dispatcher.web import create_app
from dispatcher.words import LANGUAGES, speak
from tests.support.house import House, house_on
from tests.support.people import (
    ANNA,
    ANNAS_PHONE,
    add_person,
    consent_to,
    desk_on,
    insert,
    later,
)
from tests.support.programme import PROGRAMME
from tests.web.doubles import TOKENS, Bell, deps_for

WAVE = 1_777_777_777_000 * 1024
WITH_PHARMACY = replace(
    PROGRAMME, topics=(*PROGRAMME.topics, Topic("pharmacy", {"en": "Pharmacy"}))
)
TOKEN = TOKENS.link(Purpose.PREFERENCES, Token(7, WAVE, 0, Channel.EMAIL))
MINE = f"/p/{TOKEN}"
DEAD = "This link does not work"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        add_person(desk, language="en")
        facts = '{"first_name": "Anna", "size": "42"}'
        with desk.database.begin() as conn:
            conn.execute(
                text("UPDATE customer SET attributes = CAST(:facts AS jsonb)"), {"facts": facts}
            )
        consent_to(desk, "coffee", Channel.EMAIL)
        yield replace(desk, programme=WITH_PHARMACY)


def press(web: TestClient, do: str, path: str = MINE, **form: Any) -> Any:
    """Press a button and follow where it leads, as a browser does."""
    answer = web.post(path, data={"do": do, **form}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer


def state(desk: Desk, topic: str, channel: Channel = Channel.EMAIL) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, channel, topic, [7])[7].state


def everything(database: Database) -> dict[str, str]:
    """Give a checksum of each table that there is."""
    with database.begin() as conn:
        names = conn.execute(
            text(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
                " WHERE schemaname IN ('public', 'vault')"
            )
        ).scalars()
        sums = "SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {} t"
        return {name: conn.exec_driver_sql(sums.format(name)).scalar_one() for name in list(names)}


def sent_links(desk: Desk, channel: Channel = Channel.EMAIL) -> list[str]:
    """Give the paths of the links that were sent to prove an address, newest last."""
    with desk.database.begin() as conn:
        query = text(
            "SELECT address, text FROM service_message WHERE class = 'identity_check'"
            " AND channel = :channel ORDER BY created_at"
        )
        rows = conn.execute(query, {"channel": channel}).all()
    paths = []
    for address, words in rows:
        assert address == (ANNA if channel is Channel.EMAIL else ANNAS_PHONE)
        if channel is Channel.EMAIL:
            body = message_from_string(words, policy=policy.default).get_body(("plain",))
            assert body is not None
            words = body.get_content()
        found = re.search(r"https://offers\.example(/x/[\w-]+)", words)
        assert found
        paths.append(found[1])
    return paths


def test_a_tick_is_a_yes_to_the_very_words_beside_it(web: TestClient, desk: Desk) -> None:
    """What was shown, by which link and from where is on record; nothing is ticked beforehand."""
    shown = web.get(MINE).text
    assert shown.count("checked") == 1  # coffee by mail, which she has agreed to
    words = "Yes, I want offers from Northwind Offers by e-mail on: Theatre, at most 8 a month."
    assert words in shown
    assert "from Northwind" in shown
    answer = press(web, "topics", had="email:coffee", want=["email:coffee", "email:theatre"])
    assert "Your topics are saved" in answer.text
    assert 'role="status"' in answer.text
    assert state(desk, "theatre") is ConsentState.ACTIVE
    assert state(desk, "theatre", Channel.SMS) is ConsentState.NONE
    with desk.database.begin() as conn:
        event = consents.ledger_of(conn, [7])[-1]
        kept = evidence.reveal(conn, [7])[event.id]
        assert consents.wording_of(conn, event.wording).startswith(words)
    assert (event.source, event.kind) == ("own_hand", "double_opt_in")
    assert str(WAVE) in event.origin
    assert kept.keys() >= {"ip", "user_agent", "form_url"}
    standing = {row.topic: row.promised for row in _standings(desk)}
    assert standing["theatre"] == 8


def _standings(desk: Desk) -> list[consents.Standing]:
    with desk.database.begin() as conn:
        return consents.standings_of(conn, 7)


def test_a_number_of_the_united_states_gives_the_consent_its_law_asks_for(desk: Desk) -> None:
    """By text it is an express written consent, as if it had been given on paper."""
    add_person(desk, 8, email="", phone="+15035550123")
    web = TestClient(create_app(deps_for(desk)))
    path = "/p/" + TOKENS.link(Purpose.PREFERENCES, Token(8, WAVE, 0, Channel.SMS))
    assert "Message and data rates may apply" in web.get(path).text
    press(web, "topics", path, want="sms:coffee")
    with desk.database.begin() as conn:
        (event,) = consents.ledger_of(conn, [8])
    assert event.kind == "tcpa_pewc"


def test_a_tick_taken_away_is_an_opt_out(web: TestClient, desk: Desk) -> None:
    """Of that topic on that channel, and of nothing else."""
    consent_to(desk, "coffee", Channel.SMS)
    press(web, "topics", had=["email:coffee", "sms:coffee"], want=["sms:coffee"])
    assert state(desk, "coffee") is ConsentState.OPTED_OUT
    assert state(desk, "coffee", Channel.SMS) is ConsentState.ACTIVE


def test_an_old_page_brings_nobody_back(web: TestClient, desk: Desk) -> None:
    """Whoever left by another way since the page was drawn stays away, whatever it had ticked."""
    with desk.database.begin() as conn:
        leave(conn, desk, [Act(7, Channel.EMAIL, later(0))])
    press(web, "topics", had="email:coffee", want=["email:coffee"])
    assert state(desk, "coffee") is ConsentState.OPTED_OUT
    press(web, "topics", want=["email:coffee"])  # a new page, and a new tick
    assert state(desk, "coffee") is ConsentState.ACTIVE


@pytest.mark.parametrize(
    "box", ["email:beer", "sms:*", "pigeon:coffee", "coffee", "email:hours:US"]
)
def test_what_nobody_offers_cannot_be_ticked(web: TestClient, desk: Desk, box: str) -> None:
    """Only what stands on the page counts."""
    before = everything(desk.database)
    press(web, "topics", want=[box])
    assert everything(desk.database) == before


def test_a_personal_topic_wants_a_tick_of_its_own(web: TestClient, desk: Desk) -> None:
    """Consent to everything does not tick it, and its words say that it is express."""
    assert opt_in(desk, Act(7, Channel.EMAIL, later(0)))
    shown = web.get(MINE).text
    boxes = dict(re.findall(r'name="want" value="email:(\S+)"( checked)?', shown))
    assert boxes == {"coffee": " checked", "theatre": " checked", "pharmacy": "", "*": " checked"}
    press(web, "topics", want="email:pharmacy")
    with desk.database.begin() as conn:
        event = consents.ledger_of(conn, [7])[-1]
        assert "I agree expressly" in consents.wording_of(conn, event.wording)
        assert not consents.consent_of(conn, Channel.EMAIL, "pharmacy", [7])[7].in_all


def test_without_a_programme_people_see_and_end_what_they_have(desk: Desk) -> None:
    """There are no words to agree to, so there is nothing new to tick."""
    web = TestClient(create_app(deps_for(replace(desk, programme=None))))
    shown = web.get(MINE).text
    assert re.findall(r'name="want" value="(\S+)"', shown) == ["email:coffee"]
    assert "signed up for nothing" in press(web, "topics", had="email:coffee").text
    assert state(desk, "coffee") is ConsentState.OPTED_OUT


def test_hours_days_and_number_are_kept(web: TestClient, desk: Desk) -> None:
    """They come back into the form, workers learn of them, and empty fields lift them."""
    form: dict[str, Any] = {"from": "09:00", "until": "20:30", "day": ["1", "6"], "most": "4"}
    shown = press(web, "terms", **form).text
    assert 'value="09:00"' in shown
    assert 'value="20:30"' in shown
    assert 'value="4"' in shown
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
        told = conn.execute(text("SELECT count(*) FROM withdrawal")).scalar_one()
    assert person is not None
    kept = (person.hours_from, person.hours_until, person.days, person.most_a_month)
    assert kept == (9 * 60, 20 * 60 + 30, "16", 4)
    assert told == 1
    press(web, "terms")
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
    assert person is not None
    assert (person.hours_from, person.hours_until, person.days, person.most_a_month) == (
        0,
        0,
        "",
        0,
    )


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"from": "09:00"}, "from"),
        ({"from": "09:00", "until": "09:00"}, "from"),
        ({"from": "25:00", "until": "26:00"}, "from"),
        ({"from": "<b>", "until": "x"}, "from"),
        ({"most": "0"}, "most"),
        ({"most": "1000"}, "most"),
        ({"most": "²"}, "most"),
        ({"most": "many"}, "most"),
    ],
)
def test_a_slip_is_told_where_it_is(
    web: TestClient, desk: Desk, form: dict[str, str], field: str
) -> None:
    """A summary leads to the field, what was typed is still there, and nothing is saved."""
    before = everything(desk.database)
    answer = web.post(MINE, data={"do": "terms", **form})
    assert answer.status_code == 422
    assert f'<a href="#{field}" id="problem">' in answer.text
    assert re.search(rf'id="{field}"[^>]* aria-invalid="true"', answer.text)
    assert "<b>" not in answer.text
    assert everything(desk.database) == before


@pytest.mark.parametrize(("span", "days"), [("week", 7), ("month", 30), ("quarter", 90)])
def test_quiet_is_one_press_and_ends_by_another(
    web: TestClient, desk: Desk, span: str, days: int
) -> None:
    """The page says until when; every consent stays."""
    shown = press(web, span).text
    until = later(1) + timedelta(days=days)
    assert f"quiet until {until.day} {until:%B %Y}" in shown
    assert state(desk, "coffee") is ConsentState.ACTIVE
    assert "quiet until" not in press(web, "loud").text


def test_the_language_chosen_is_that_of_the_person(web: TestClient, desk: Desk) -> None:
    """The page speaks it at once, and so does all that comes after."""
    answer = press(web, "language", language="ar")
    assert '<html lang="ar" dir="rtl">' in answer.text
    assert '<html lang="ar" dir="rtl">' in web.get(MINE).text
    press(web, "language", language="xx")
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
    assert person is not None
    assert person.language == "ar"


def test_leaving_takes_one_press_and_the_question_comes_after(web: TestClient, desk: Desk) -> None:
    """Every topic on every channel, and the addresses as well; nobody is begged to stay."""
    consent_to(desk, "coffee", Channel.SMS)
    shown = web.get(MINE).text
    assert shown.index('value="leave"') < shown.index("<fieldset")
    answer = web.post(MINE, data={"do": "leave"}, follow_redirects=False)
    for channel in Channel:
        assert state(desk, "coffee", channel) is ConsentState.OPTED_OUT
    with desk.database.begin() as conn:
        silenced = conn.execute(text("SELECT count(DISTINCT channel) FROM suppression")).scalar()
    assert silenced == 2
    assert answer.status_code == 303
    left = web.get(answer.headers["location"].join([MINE, ""])).text
    assert "You have left" in left
    assert 'name="reason"' in left


def test_a_second_press_writes_nothing_more_into_the_ledger(web: TestClient, desk: Desk) -> None:
    """Whoever has a link could fill it otherwise, and it forgets nothing."""
    count = "SELECT count(*) FROM consent_event WHERE action = 'opt_out'"
    pressed = []
    for _ in range(3):
        press(web, "leave")
        with desk.database.begin() as conn:
            pressed.append(conn.execute(text(count)).scalar_one())
    assert pressed[0] == pressed[1] == pressed[2] > 0


def test_that_one_has_left_is_said_only_if_it_is_so(web: TestClient) -> None:
    """A link that claims it shows the page as it is."""
    assert "You have left" not in web.get(f"{MINE}?done=left").text


def test_the_survey_counts_and_knows_nobody(web: TestClient, desk: Desk) -> None:
    """A number for each reason; its address is the same for all who leave."""
    left = press(web, "leave").text
    found = re.search(r'action="\.\.(/left/[\w-]+)\?lang=en"', left)
    assert found
    before = everything(desk.database)
    for reason in ("too_many", "too_many", "other", "a story", "", "x" * 5000):
        assert "It is counted" in web.post(found[1], data={"reason": reason}).text
    web.post("/left/forged", data={"reason": "other"})
    after = everything(desk.database)
    assert [name for name in after if after[name] != before[name]] == ["public.leaving_reason"]
    with desk.database.begin() as conn:
        rows = conn.execute(text("SELECT * FROM leaving_reason ORDER BY reason")).all()
    assert [tuple(row) for row in rows] == [("other", 1), ("too_many", 2)]
    assert TOKENS.open_link(Purpose.LEFT, found[1].removeprefix("/left/")) == Token(0)


def test_neither_name_nor_address_stands_on_a_page_that_may_be_forwarded(
    web: TestClient, desk: Desk
) -> None:
    """Masked, all of them, whatever page the link opens and whatever button is pressed."""
    press(web, "topics", had="email:coffee", want=["email:coffee", "sms:coffee"])
    pages = [web.get(MINE + page).text for page in ("", "/record", "/offers")]
    pages += [press(web, do).text for do in ("export", "erase", "terms", "leave")]
    for page in pages:
        for secret in (ANNA, "Anna", ANNAS_PHONE, ">7<", "testclient"):
            assert secret not in page
    assert "a•••@example.com" in pages[0]
    assert "+44•••••123" in pages[0]


def test_what_we_know_is_told_with_where_it_came_from(web: TestClient, desk: Desk) -> None:
    """Facts with their source, each agreement with its date and the very words shown."""
    press(web, "topics", want="email:theatre")
    shown = web.get(f"{MINE}/record").text
    assert re.search(r"first name</bdi>: <bdi>A•••</bdi> <span class=\"soft\">\(you told us", shown)
    assert re.search(r"size</bdi>: <bdi>4•••</bdi> <span class=\"soft\">\(where from", shown)
    assert "3 May 2026: yes to <bdi>Theatre</bdi>, by e-mail" in shown
    assert "by your own hand" in shown
    assert "told by a file" in shown
    assert '<blockquote dir="auto">Yes, I want offers from Northwind Offers' in shown


def test_the_file_is_handed_out_behind_a_link_to_the_own_address(
    web: TestClient, desk: Desk, bell: Bell
) -> None:
    """A look at the link shows a button only; its press gives the ZIP, in full."""
    assert "Look into your own mailbox" in press(web, "export").text
    assert bell.rung == ["inbound"]
    (path,) = sent_links(desk)
    look = web.get(path)
    assert ANNA not in look.text
    assert look.headers["cache-control"] == "no-store"
    answer = web.post(path, data={"do": "download"})
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = json.loads(archive.read("everything.json"))
    assert told["customer"]["attributes"]["first_name"] == "Anna"
    shown = web.post(path, data={"do": "show"}).text
    assert ANNA in shown
    assert "Anna" in shown


def test_erasing_takes_the_link_and_a_press_and_ends_in_a_receipt(
    web: TestClient, desk: Desk
) -> None:
    """Neither a look nor the button of the first page erases; afterwards nothing is found."""
    press(web, "erase")
    (path,) = sent_links(desk)
    for method in ("GET", "HEAD", "OPTIONS", "PUT"):
        web.request(method, path)
    assert "cannot be undone" in web.post(path, data={"do": "x"}).text
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
    assert person is not None
    assert not person.erased
    receipt = web.post(path, data={"do": "erase"}).text
    assert "Your receipt: asked 3 May 2026, done 3 May 2026." in receipt
    assert "address: 2" in receipt
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
    assert person is not None
    assert person.erased
    assert not person.addresses
    for again in (web.get(path), web.post(path, data={"do": "erase"})):
        assert "Your receipt" in again.text
    assert DEAD in web.get(MINE).text


def test_a_link_that_proves_is_good_for_an_hour_and_for_its_own_purpose(
    web: TestClient, desk: Desk
) -> None:
    """Too old, forged, cut short, of the wrong kind: the same answer, and nothing happens."""
    press(web, "export")
    (path,) = sent_links(desk)
    late = replace(deps_for(desk), now=lambda: later(1) + GOOD_FOR)
    soon = int((later(1) + GOOD_FOR).timestamp())
    wrong = [TOKENS.link(kind, Token(7, soon)) for kind in (Purpose.PREFERENCES, Purpose.CONFIRM)]
    before = everything(desk.database)
    answers = [TestClient(create_app(late)).post(path, data={"do": "download"})]
    answers += [web.post(f"/x/{link}", data={"do": "erase"}) for link in [*wrong, TOKEN, "x", "é"]]
    answers += [web.post(path[:-1], data={"do": "download"})]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert everything(desk.database) == before
    assert "cannot" not in web.post(path, data={"do": "erase"}).text  # an export's erases nothing
    assert web.get(MINE).status_code == 200


def test_whoever_has_a_forwarded_link_cannot_fill_the_mailbox(web: TestClient, desk: Desk) -> None:
    """Three links a day, however often somebody asks; the page says the same."""
    said = {press(web, do).text for do in ("export", "erase") * 4}
    assert len(said) == 1
    assert len(sent_links(desk)) == 3


def test_who_has_a_phone_only_is_sent_a_text(desk: Desk) -> None:
    """Mail goes before texts; without any address the page says whom to turn to."""
    with desk.database.begin() as conn:
        conn.execute(text("DELETE FROM address WHERE channel = 'email'"))
    web = TestClient(create_app(deps_for(desk)))
    press(web, "erase")
    (path,) = sent_links(desk, Channel.SMS)
    assert web.get(path).status_code == 200
    with desk.database.begin() as conn:
        conn.execute(text("DELETE FROM address"))
    assert "no address of yours" in press(web, "erase").text


def test_a_link_in_a_text_to_a_wrong_number_opens_nothing(web: TestClient, desk: Desk) -> None:
    """Whoever has the number now learns nothing of the person; their mails' links still open."""
    by_text = "/p/" + TOKENS.link(Purpose.PREFERENCES, Token(7, WAVE, 0, Channel.SMS))
    assert web.get(by_text).status_code == 200
    with desk.database.begin() as conn:
        customers.part(conn, 7, Channel.SMS)
    for path in (by_text, f"{by_text}/record", f"{by_text}/offers"):
        assert DEAD in web.get(path).text
    assert DEAD in web.post(by_text, data={"do": "leave"}).text
    assert web.get(MINE).status_code == 200


def test_without_a_programme_the_brand_of_the_message_asks(desk: Desk) -> None:
    """It is whom the person knows."""
    with desk.database.begin() as conn:
        insert(conn, "brand", id="bean", name="Bean & Co", email="hi@bean.example")
        insert(conn, "wave", id=WAVE, brand="bean", state="running", **_campaign(conn))
    web = TestClient(create_app(deps_for(replace(desk, programme=None))))
    press(web, "export")
    assert len(sent_links(desk)) == 1
    with desk.database.begin() as conn:
        mail = conn.execute(text("SELECT text FROM service_message")).scalar_one()
    assert message_from_string(mail, policy=policy.default)["From"] == "Bean & Co <hi@bean.example>"


def _campaign(conn: Any) -> dict[str, int]:
    insert(conn, "campaign", brand="bean", name="spring")
    (campaign,) = conn.execute(text("SELECT id FROM campaign")).scalars()
    insert(conn, "campaign_version", campaign_id=campaign, spec="{}", template="{}")
    (version,) = conn.execute(text("SELECT id FROM campaign_version")).scalars()
    return {"campaign_id": campaign, "version_id": version}


def test_a_link_of_nobody_looks_like_a_link_of_somebody_elses_making(
    web: TestClient, desk: Desk
) -> None:
    """Unknown, erased, forged, cut short, of another purpose: the same bytes, and no change."""
    gone = add_person(desk, 8, email="", phone="")
    erase(desk, gone, later(1))
    links = [TOKENS.link(Purpose.PREFERENCES, Token(who, WAVE)) for who in (8, 99)]
    links += [TOKENS.link(Purpose.UNSUBSCRIBE, Token(7, WAVE)), TOKEN[:-1], "x", "%00", "é"]
    before = everything(desk.database)
    for page in ("", "/record", "/offers"):
        assert len({web.get(f"/p/{link}{page}").text for link in links}) == 1
    answers = {
        (answer.status_code, answer.text)
        for link in links
        for answer in (web.post(f"/p/{link}", data={"do": "leave"}), web.get(f"/p/{link}"))
    }
    assert len(answers) == 1
    ((status, shown),) = answers
    assert (status, DEAD in shown) == (404, True)
    assert everything(desk.database) == before


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_said_in_every_language(web: TestClient, desk: Desk, language: str) -> None:
    """With its direction, a heading, a name for every field, and without any script."""
    say = speak(language)
    asked = f"?lang={language}"
    paths = [MINE + asked, f"{MINE}/record{asked}", f"{MINE}/offers{asked}"]
    paths += [f"/u/{TOKEN}{asked}", f"/p/forged{asked}"]
    for path in paths:
        answer = web.get(path)
        assert f'<html lang="{language}" dir="{say.direction}">' in answer.text
        assert answer.text.count("<h1>") == 1
        assert "<script" not in answer.text
        assert "script-src" not in answer.headers["content-security-policy"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
    shown = web.get(MINE + asked).text
    assert say("prefs.leave") in shown
    for field in re.findall(r'<(?:input type="(?:checkbox|radio|time|number)"|select)', shown):
        assert field
    assert shown.count("<fieldset>") == shown.count("<legend>")
    ids = re.findall(r' id="([^"]+)"', shown)
    assert len(ids) == len(set(ids))
    pointed = {
        one for many in re.findall(r'aria-describedby="([^"]+)"', shown) for one in many.split()
    }
    assert pointed <= set(ids)


def test_a_database_that_is_down_is_said_so(desk: Desk) -> None:
    """503 with a time to come back, and nobody is told that it is done."""
    down = Database("postgresql://nobody@127.0.0.1:1/nothing")
    web = TestClient(create_app(deps_for(replace(desk, database=down))))
    proof = TOKENS.link(Purpose.ERASE, Token(7, int((later(1) + GOOD_FOR).timestamp())))
    survey = TOKENS.link(Purpose.LEFT, Token(0))
    answers = [web.get(MINE + page) for page in ("", "/record", "/offers")]
    answers += [web.post(MINE, data={"do": "leave"}), web.post(f"/x/{proof}", data={"do": "erase"})]
    answers += [web.post(f"/left/{survey}", data={"reason": "other"})]
    for answer in answers:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(["do", "want", "had", "from", "until", "day", "most", "language"]),
        st.text(max_size=30)
        | st.sampled_from(["topics", "terms", "week", "language", "09:00", "email:coffee"]),
    )
)
def test_no_form_whatever_makes_it_stumble(web: TestClient, form: dict[str, str]) -> None:
    """Answered calmly, as a page or as a way back to it."""
    answer = web.post(MINE, data=form, follow_redirects=False)
    assert answer.status_code in (200, 303, 422)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_sentence_in_every_language(language: str) -> None:
    """Whoever asks why an offer did not come is answered in words, each with their full stop."""
    told = {name: text for name, text in speak(language).texts.items() if "reason." in name}
    assert told.keys() == {f"reason.{reason}" for reason in Reason}
    assert all(text.endswith(".") for text in told.values())
    assert len(set(told.values())) == len(told)


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    with house_on(database_url, tmp_path) as house:
        yield house


def own_web(house: House) -> TestClient:
    here = house.dispatcher
    deps = replace(
        deps_for(here.desk),
        tokens=here.tokens,
        post=wiring.build_post(here),
        now=here.now,
        book=lambda: here.book,
    )
    return TestClient(create_app(deps), base_url=here.settings.public_url)


def links_in(house: House) -> list[str]:
    """Give every link of the mail that went into the sandbox, and its own page's among them."""
    (content,) = house.query("SELECT content FROM sandbox_message WHERE wave_id > 0")
    mail = message_from_string(bytes(content).decode(), policy=policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    words = "\n".join([*parts, str(mail["List-Unsubscribe"])])
    found = {link.rstrip(".,)>") for link in re.findall(r"https?://[^\s\"'<>]+", words)}
    assert any("/p/" in link for link in found)
    assert any("/u/" in link for link in found)
    return sorted(found)


def test_a_scanner_that_follows_every_link_of_a_mail_changes_nothing(house: House) -> None:
    """Not a row of any table, by GET, HEAD or OPTIONS, nor behind the links of those pages."""
    (person,) = house.people(1, channel=Channel.EMAIL)
    house.campaign(channels=[Channel.EMAIL])
    house.run()
    assert house.inbox() == [person]
    web, base = own_web(house), house.dispatcher.settings.public_url
    ours = [link for link in links_in(house) if link.startswith(base)]
    own = next(link for link in ours if "/p/" in link)
    press(web, "erase", own)
    query = "SELECT text FROM service_message WHERE class = 'identity_check'"
    proof = re.search(r"https?://\S+/x/[\w-]+", house.query(query)[0].replace("=\n", ""))
    assert proof
    before = everything(house.dispatcher.database)
    for link in [*ours, proof[0], f"{own}/record", f"{own}/offers", f"{own}?done=left&do=leave"]:
        for method in ("GET", "HEAD", "OPTIONS"):
            assert web.request(method, link).status_code < 500
    assert everything(house.dispatcher.database) == before


def test_why_did_i_get_this_is_answered_for_each_message(house: House) -> None:
    """The sentence of the message itself for what came, a reason for what did not."""
    (person,) = house.people(1, channel=Channel.EMAIL)
    house.campaign(channels=[Channel.EMAIL])
    house.run()
    own = next(link for link in links_in(house) if "/p/" in link)
    web = own_web(house)
    press(web, "month", own)
    house.campaign("Late beans", channels=[Channel.EMAIL])
    house.run()
    assert house.inbox() == [person]
    shown = web.get(f"{own}/offers").text
    assert "You asked for coffee news on 1 November 2026." in shown
    assert "Coffee week" in shown
    assert "You had asked for quiet." in shown
    french = web.get(f"{own}/offers?lang=fr").text
    assert "Vous aviez demandé du calme." in french
    assert "Vous avez demandé nos nouvelles du café le 1er novembre 2026." in french
    arabic = web.get(f"{own}/offers?lang=ar").text
    assert 'dir="rtl"' in arabic
    assert "<bdi>كنت قد طلبت الهدوء.</bdi>" in arabic
    assert "<bdi>طلبتَ «coffee» في 1 نوفمبر 2026.</bdi>" in arabic
