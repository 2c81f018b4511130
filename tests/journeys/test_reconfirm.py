"""Whoever's consent is about to end is asked once whether they want to stay; silence ends it."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from dispatcher import wiring
from dispatcher.domain.campaigns import Audience, CampaignSpec, Offer
from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy
from dispatcher.domain.promises import Shown
from dispatcher.rendering import load
from dispatcher.resources import templates_folder
from dispatcher.services.explain import explain
from dispatcher.services.find import find
from dispatcher.services.foresee import foresee
from dispatcher.services.receive import reply
from dispatcher.storage import brands, campaigns, chains, consents, wave_starts
from dispatcher.tokens import Purpose, Token
from dispatcher.web import Deps, create_app
from tests.support.house import BRAND, TUESDAY, House

DAY = timedelta(days=1)
EVENTS = "SELECT action, kind FROM consent_event WHERE customer_id = :id ORDER BY seq"
REASON = "SELECT reason FROM delivery WHERE customer_id = :id ORDER BY wave_id"


def agreed(
    house: House,
    person: int,
    days: float,
    kind: str = "keyword",
    *,
    channel: Channel = Channel.SMS,
    wording: str = "",
    **facts: Any,
) -> None:
    """Add somebody who agreed so many days ago, and was never heard of since."""
    house.add(person, channel, **facts)
    at = house.dispatcher.now() - days * DAY
    source = ConsentSource.OWN_HAND if kind == "keyword" else ConsentSource.IMPORT
    digest = consents.wording_digest(wording) if wording else ""
    event = ConsentEvent(
        *(person, channel, "coffee", ConsentAction.OPT_IN, source, at, at, kind, digest)
    )
    with house.dispatcher.database.begin() as conn:
        if wording:
            consents.keep_wordings(conn, {wording: Shown("en")})
        consents.append(conn, [event], house.dispatcher.desk.entropy)


def stay_spec(channels: tuple[Channel, ...] = (Channel.SMS,)) -> CampaignSpec:
    """Give a campaign that asks people to stay."""
    rules = Policy(0, BRAND.id, "coffee", "*", close_margin_minutes=0, reconfirms=True)
    return CampaignSpec(
        "Stay in touch",
        BRAND,
        Offer("Stay in touch"),
        Audience("coffee", ending=True),
        channels,
        "stay-in-touch",
        rules,
        gateways={channel: channel.value for channel in channels},
    )


def ask(house: House, key: str = "first", *channels: Channel) -> None:
    """Run a wave of the campaign that asks people to stay."""
    spec = stay_spec(channels or (Channel.SMS,))
    template = load(templates_folder() / spec.template)
    with house.dispatcher.database.begin() as conn:
        brands.save(conn, BRAND)
        saved = campaigns.save_version(conn, spec, template, "", "tests")
        wave_starts.start(conn, saved.version, key)
        conn.execute(text("UPDATE campaign SET state = 'running'"))
    house.run()


def offer(house: House, name: str = "Coffee week") -> None:
    """Run an ordinary campaign."""
    house.campaign(name, policy={"caps": (), "min_gap_hours": 0.0})
    house.run()


def last_reason(house: House, person: int) -> str:
    """Give the reason of the newest verdict on somebody."""
    return str(house.query(REASON, id=person)[-1])


def said(house: House, person: int, words: str, at: datetime | None = None) -> None:
    """Let somebody text this."""
    here = house.dispatcher
    number, now = f"+4477009{person:05d}", at or here.now()
    reply(here.desk, number, words, now, gateway="sms", recipient="Northwind")


def answers(house: House) -> list[str]:
    """Give the classes of what people were answered."""
    return house.query("SELECT class FROM service_message ORDER BY created_at")


def test_who_is_due_is_asked_and_nobody_else(house: House) -> None:
    """In the last thirty days, not before, and not after the end; each can be made again."""
    for person, days in enumerate((699, 701, 729, 731, 795), start=1):
        agreed(house, person, days)
    with house.dispatcher.database.begin() as conn:
        data = house.dispatcher.book.law.jurisdictions
        now = house.dispatcher.now().timestamp()
        seen = foresee(conn, stay_spec(), now, data).by_reason()
    assert seen == {"ok": 2, "reconfirm_not_due": 1, "consent_dormant": 1, "consent_expired": 1}
    ask(house)
    assert house.inbox() == [2, 3]
    assert [last_reason(house, person) for person in range(1, 6)] == [
        *("reconfirm_not_due", "ok", "ok", "consent_dormant", "consent_expired"),
    ]
    (words,) = house.query("SELECT content FROM sandbox_message WHERE customer_id = 2")
    assert "Reply YES" in bytes(words).decode()
    assert "STOP to end" in bytes(words).decode()
    here = house.dispatcher
    with here.database.begin() as conn:
        told = [explain(conn, find(conn, here.digests, str(each)), here.book) for each in (1, 2, 4)]
    assert all(line.agrees for each in told for line in each.stories[-1].decisions)


def test_nobody_is_asked_twice_and_silence_ends_it(house: House) -> None:
    """Whoever says nothing gets offers until the end, and none from then on."""
    agreed(house, 1, 705)
    ask(house)
    house.jump(TUESDAY + 10 * DAY)
    ask(house, "second")
    assert last_reason(house, 1) == "reconfirm_asked"
    offer(house)
    assert last_reason(house, 1) == "ok"
    house.jump(TUESDAY + 26 * DAY)
    offer(house, "Tea week")
    assert last_reason(house, 1) == "consent_dormant"
    ask(house, "third")
    assert last_reason(house, 1) == "consent_dormant"
    assert len(house.inbox()) == 2


def test_yes_by_text_begins_the_term_anew(house: House) -> None:
    """With the words that were sent as evidence, once, however often it is said."""
    agreed(house, 1, 705)
    ask(house)
    said(house, 1, "Yes please!")
    said(house, 1, "yes", house.dispatcher.now() + timedelta(minutes=1))
    assert house.query(EVENTS, id=1) == [("opt_in", "keyword"), ("opt_in", "keyword")]
    assert answers(house) == ["stayed"]
    (shown,) = house.query(
        "SELECT w.text FROM consent c JOIN consent_event e ON e.id = c.event_id"
        " JOIN wording w ON w.digest = e.wording WHERE c.customer_id = 1"
    )
    assert "Reply YES" in shown
    house.jump(TUESDAY + 100 * DAY)
    offer(house)
    assert last_reason(house, 1) == "ok"
    ask(house, "second")
    assert len(house.inbox()) == 2
    with house.dispatcher.database.begin() as conn:
        assert chains.verify_chain(conn, [1]) == []
    house.jump(TUESDAY + 705 * DAY)
    ask(house, "two years later")
    assert last_reason(house, 1) == "ok"


def test_no_by_text_is_a_stop(house: House) -> None:
    """As an answer to this question; said to an offer it is none."""
    for person in (1, 2):
        agreed(house, person, 705)
    ask(house)
    said(house, 1, "No thanks")
    assert answers(house) == ["optout_confirmation"]
    assert house.query("SELECT customer_id FROM consent WHERE state = 'opted_out'") == [1, 1]
    offer(house)
    said(house, 2, "no", house.dispatcher.now() + timedelta(hours=1))
    assert house.query("SELECT DISTINCT customer_id FROM consent WHERE state = 'opted_out'") == [1]


def test_a_yes_that_nobody_asked_for_renews_nothing(house: House) -> None:
    """It is a sign of life, as any text is, and no more."""
    agreed(house, 1, 400)
    said(house, 1, "yes")
    assert house.query(EVENTS, id=1) == [("opt_in", "keyword")]
    assert answers(house) == []


def test_what_followed_from_a_deal_is_a_yes_from_then_on(house: House) -> None:
    """A purchase in Canada ends after two years whatever the person does, but for this."""
    for person in (1, 2):
        agreed(house, person, 705, "casl_implied_purchase", country="CA")
    ask(house)
    said(house, 1, "YES")
    house.jump(TUESDAY + 26 * DAY)
    offer(house)
    assert [last_reason(house, person) for person in (1, 2)] == ["ok", "consent_expired"]
    assert house.query(EVENTS, id=1)[-1] == ("opt_in", "casl_express")


def test_what_was_promised_still_holds(house: House) -> None:
    """Whoever stays was promised four a month, and is."""
    agreed(house, 1, 705, wording="Coffee tips, at most 4 messages a month.")
    ask(house)
    said(house, 1, "yes")
    rows = "SELECT promised, own_hand FROM consent WHERE customer_id = 1"
    assert house.query(rows) == [(4, True)]


def test_the_question_is_never_handed_over_after_the_end(house: House) -> None:
    """Two hours before it, `send_before` is the end and not the end of the day."""
    agreed(house, 1, 730 - 2 / 24)
    ask(house)
    (before,) = house.query("SELECT send_before FROM delivery")
    assert before <= TUESDAY + timedelta(hours=2)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_koreans_are_told_every_two_years_and_silence_keeps_it(house: House, language: str) -> None:
    """The notice says so; one that was forgotten is still owed."""
    kind = "kr_ad_consent"
    for person, days in enumerate((600, 705, 900), start=1):
        agreed(house, person, days, kind, country="KR", language=language)
    ask(house)
    assert house.inbox() == [2, 3]
    words = b"".join(map(bytes, house.query("SELECT content FROM sandbox_message"))).decode()
    assert ("need not answer" in words) == (language == "en")
    assert "YES" not in words
    offer(house)
    house.jump(TUESDAY + 50 * DAY)
    ask(house, "second")
    assert [last_reason(house, person) for person in (2, 3)] == ["reconfirm_asked"] * 2
    house.jump(TUESDAY + 640 * DAY)
    offer(house, "Tea week")
    assert [last_reason(house, person) for person in (2, 3)] == ["ok"] * 2
    house.jump(TUESDAY + 702 * DAY)
    ask(house, "third")
    assert [last_reason(house, person) for person in (2, 3)] == ["ok"] * 2


def client(house: House) -> TestClient:
    """Open the web app of the house."""
    here = house.dispatcher
    deps = Deps(
        desk=here.desk,
        tokens=here.tokens,
        gateways={},
        bell=here.bell,
        now=here.now,
        wall=time.time,
        law=partial(wiring.load_law, here.settings),
        book=lambda: here.book,
        post=wiring.build_post(here),
    )
    return TestClient(create_app(deps))


def link_for(house: House, person: int) -> str:
    """Give the link to stay that somebody was sent by mail."""
    (mail,) = house.query("SELECT content FROM sandbox_message WHERE customer_id = :id", id=person)
    found = re.search(r"/s/[\w-]+", bytes(mail).decode().replace("=\r\n", ""))
    assert found
    return found[0]


def test_the_page_has_one_button_to_stay_and_looking_changes_nothing(house: House) -> None:
    """Neither does a press of nothing, nor a link that was forged; pressing twice is once."""
    agreed(house, 1, 705, channel=Channel.EMAIL, wording="At most 4 mails a month.")
    ask(house, "first", Channel.EMAIL)
    web, link = client(house), link_for(house, 1)
    for _ in range(2):
        page = web.get(link)
        assert (page.status_code, "Yes, go on" in page.text) == (200, True)
        assert "At most 4 mails a month." in page.text
    assert web.post(link).status_code == 200
    assert "nothing to answer" in web.post(link[:-2] + "xx", data={"answer": "stay"}).text
    assert len(house.query(EVENTS, id=1)) == 1
    for _ in range(2):
        assert "we go on" in web.post(link, data={"answer": "stay"}).text
    assert len(house.query(EVENTS, id=1)) == 2
    assert house.query("SELECT promised FROM consent WHERE customer_id = 1") == [4]
    assert house.query("SELECT count(*) FROM consent_evidence WHERE customer_id = 1") == [1]


def test_the_page_meets_people_in_their_language(house: House) -> None:
    """Whatever the browser asks for; Arabic from right to left. A forged link tells nothing."""
    agreed(house, 1, 705, channel=Channel.EMAIL)
    ask(house, "first", Channel.EMAIL)
    web, link = client(house), link_for(house, 1)
    house.query("UPDATE customer SET language = 'ar' RETURNING 1")
    for page in (web.get(link), web.post(link, data={"answer": "stay"})):
        assert '<html lang="ar" dir="rtl">' in page.text
    assert 'lang="en"' in web.get(link[:-2] + "xx").text


def test_the_page_leaves_as_easily_and_an_old_link_brings_nobody_back(house: House) -> None:
    """After leaving the button to stay is gone, and pressing it by hand does nothing."""
    agreed(house, 1, 705, channel=Channel.EMAIL)
    ask(house, "first", Channel.EMAIL)
    web, link = client(house), link_for(house, 1)
    web.post(link, data={"answer": "leave"})
    assert house.query("SELECT state FROM consent WHERE customer_id = 1") == ["opted_out"]
    assert "nothing to answer" in web.get(link).text
    assert "nothing to answer" in web.post(link, data={"answer": "stay"}).text
    assert house.query("SELECT state FROM consent WHERE customer_id = 1") == ["opted_out"]


def test_a_link_of_another_message_is_no_link_to_stay(house: House) -> None:
    """A wave that asked nothing cannot be answered, and an answer comes in time or not at all."""
    agreed(house, 1, 705)
    ask(house)
    (wave,) = house.query("SELECT id FROM wave")
    web, here = client(house), house.dispatcher
    for number in (0, wave + 1):
        token = Token(1, number, 0, Channel.SMS) if number else Token(2, wave, 0, Channel.SMS)
        link = "/s/" + here.tokens.link(Purpose.STAY, token)
        assert "nothing to answer" in web.post(link, data={"answer": "stay"}).text
    house.jump(TUESDAY + 120 * DAY)
    link = "/s/" + here.tokens.link(Purpose.STAY, Token(1, wave, 0, Channel.SMS))
    assert "nothing to answer" in web.post(link, data={"answer": "stay"}).text
    assert len(house.query(EVENTS, id=1)) == 1


def test_when_koreans_were_told_is_kept_as_long_as_they_are_customers(house: House) -> None:
    """Else they would be told again after 25 months for want of memory, and nothing proved it."""
    agreed(house, 1, 705, "kr_ad_consent", country="KR")
    agreed(house, 2, 705)
    ask(house)
    house.jump(TUESDAY + 31 * 40 * DAY)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE retention SET next_at = '-infinity'"))
        conn.execute(text("UPDATE consent SET state = 'opted_out' WHERE customer_id = 2"))
    house.tidy()
    assert house.query("SELECT customer_id FROM contact") == [1]
