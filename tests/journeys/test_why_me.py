"""Why me? One sentence from the decision: in mail and text, on the page, in explain, and by WHY."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource
from dispatcher.domain.explanations import Story
from dispatcher.domain.gsm7 import smarten
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme, Topic
from dispatcher.inbound.replies import Intent
from dispatcher.rendering.why import LONGEST
from dispatcher.services import own_record
from dispatcher.services.explain import explain
from dispatcher.services.receive import reply
from dispatcher.storage import consents, customers
from dispatcher.words import LANGUAGES, choose, speak
from tests.support.house import BRAND, TUESDAY, House

TOPIC = Topic("coffee", {"en": "Coffee & beans", "fr": "Café", "it": "Caffè"})
NUMBER = "+447700900999"
PROGRAMME = Programme("Northwind Club", "club@nw.example", NUMBER, "1 Quay St", "", (TOPIC,))
ENDS = {"ends_at": (TUESDAY + timedelta(days=9)).timestamp()}
WHY = {
    "en": ("WHY", "Why me?", "why did I get this?"),
    "de": ("WARUM", "Wieso?"),
    "fr": ("POURQUOI", "pourquoi moi ?"),
    "es": ("POR QUE", "¿Por qué?"),
    "pt": ("Porquê?", "por que eu"),
    "it": ("PERCHE", "Perché?"),
    "ar": ("لماذا", "لماذا؟"),
}


def known(house: House, customer: int) -> Person:
    with house.dispatcher.database.begin() as conn:
        person = customers.person(conn, customer)
    assert person
    return person


def told_of(house: House, customer: int, programme: Programme | None = None) -> Story:
    """Give what explain tells of the newest campaign that reached somebody, else of the newest."""
    with house.dispatcher.database.begin() as conn:
        told = explain(conn, known(house, customer), house.dispatcher.book, programme=programme)
    return next((each for each in reversed(told.stories) if each.why), told.stories[-1])


def on_the_page(house: House, customer: int, programme: Programme | None = None) -> str:
    """Give what the person's page says of the newest offer that came, else of the newest."""
    person = known(house, customer)
    with house.dispatcher.database.begin() as conn:
        offers = own_record.offers(conn, person, programme, choose(person.language))
    return next((each for each in offers if each.came), offers[0]).why


def message_to(house: House, customer: int) -> str:
    """Give the newest message to somebody as it went to the gateway."""
    query = "SELECT content FROM sandbox_message WHERE customer_id = :id ORDER BY id DESC LIMIT 1"
    return bytes(house.query(query, id=customer)[0]).decode()


def answers(house: House) -> list[str]:
    return house.query("SELECT text FROM service_message ORDER BY created_at, key")


def ask(house: House, customer: int, words: str, programme: Programme | None = None) -> int:
    """Text these words; give how many answers there are to be."""
    at = known(house, customer).address(Channel.SMS)
    assert at
    desk = replace(house.dispatcher.desk, programme=programme)
    to, now = NUMBER if programme else "", house.dispatcher.now()
    return reply(desk, at.address, words, now, gateway="sms", recipient=to).answers


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_words_everywhere(house: House, language: str) -> None:
    """Mail, page, explain and the answer to WHY say one sentence, in the person's language."""
    (writer,) = house.people(1, language=language)
    (reader,) = house.people(1, first=2, channel=Channel.EMAIL, language=language)
    house.campaign(policy=ENDS)
    house.campaign("By mail", channels=[Channel.EMAIL], policy=ENDS)
    house.run(Channel.SMS)
    house.run(Channel.EMAIL)
    why = told_of(house, writer).why
    assert why == told_of(house, reader).why != ""
    assert len(why) <= LONGEST
    assert on_the_page(house, writer) == on_the_page(house, reader) == why
    mail = message_to(house, reader)
    assert f"\r\n{why}\r\n" in mail
    assert ask(house, writer, WHY[language][0]) == 1
    (answer,) = answers(house)
    assert answer == smarten(speak(language)("text.why", brand=BRAND.name, why=why))
    assert "STOP" in answer
    assert known(house, writer).addresses[0].address not in answer


def test_a_text_ends_with_why_it_came(house: House) -> None:
    """The same words, or the few that fit; its parts are those that the report counts."""
    (person,) = house.people(1)
    house.campaign(policy=ENDS)
    house.run(Channel.SMS)
    said = message_to(house, person)
    last = said.splitlines()[-1]
    assert last in (told_of(house, person).why, "Why: coffee, 2026-11-01")
    assert house.query("SELECT parts FROM delivery") == [1]


@pytest.mark.parametrize(("language", "words"), [(each, w) for each in WHY for w in WHY[each]])
def test_whoever_asks_why_is_answered_in_their_language(
    house: House, language: str, words: str
) -> None:
    """In any of the natural forms; by the language of the words where theirs is not known."""
    (person,) = house.people(1, language="")
    house.campaign(policy=ENDS)
    house.run(Channel.SMS)
    assert ask(house, person, words) == 1
    (answer,) = answers(house)
    assert answer.startswith(f"{BRAND.name}: ") or language == "fr"
    own = speak(language)("text.why", brand="", why="|").partition("|")[2].strip()
    assert answer.endswith(own) or language in ("es", "pt")  # they share a word
    assert house.query("SELECT label FROM reply") == ["why"]
    assert house.query("SELECT count(*) FROM suppression") == [0]


def test_who_was_sent_nothing_is_told_so_and_strangers_are_told_who_we_are(house: House) -> None:
    """In the name of the programme or brand whose number it is."""
    house.people(1)
    house.campaign(policy=ENDS)
    assert ask(house, 1, "why?", PROGRAMME) == 1
    assert answers(house) == [
        "Northwind Club: we have sent you no offer on this number. HELP for help, STOP to end."
    ]
    desk = house.dispatcher.desk
    now = house.dispatcher.now()
    assert reply(desk, "+447700900888", "WHY", now, gateway="sms").labels == (Intent.HELP,)


def test_two_machines_do_not_ask_each_other_for_ever(house: House) -> None:
    """Four answers a day; who has opted out twice gets none at all."""
    house.people(2)
    house.campaign(policy=ENDS)
    house.run(Channel.SMS)
    assert sum(ask(house, 1, "WHY") for _ in range(9)) == 4
    ask(house, 2, "STOP")
    assert ask(house, 2, "WHY") == 1
    ask(house, 2, "STOP")
    assert ask(house, 2, "WHY") == 0


def test_a_topic_has_the_name_that_people_know_it_by(house: House) -> None:
    """In each language the programme names it in; the house says so where the template cannot."""
    (person,) = house.people(1, language="it")
    house.dispatcher.__dict__["programme"] = PROGRAMME
    house.campaign(policy=ENDS)
    house.run(Channel.SMS)
    why = "Ha chiesto «Caffè» il 1º novembre 2026."
    assert told_of(house, person, PROGRAMME).why == on_the_page(house, person, PROGRAMME) == why
    ask(house, person, "Perché?", PROGRAMME)
    assert smarten(why) in answers(house)[0]


def test_another_ground_is_called_by_its_name(house: House) -> None:
    """Who was written to as a customer, or by their wish, did not "ask for coffee news"."""
    house.people(1, country="GB", consent=False)
    house.people(1, first=2)
    bought = TUESDAY - timedelta(days=30)
    deal = ConsentEvent(
        *(1, Channel.SMS, "coffee", ConsentAction.OPT_IN, ConsentSource.IMPORT, bought, bought),
        kind=ConsentKind.SOFT_OPT_IN,
    )
    with house.dispatcher.database.begin() as conn:
        consents.append(conn, [deal], house.dispatcher.desk.entropy)
    ask(house, 2, "more offers")
    house.campaign(policy=ENDS)
    house.run(Channel.SMS)
    assert house.inbox() == [1, 2]
    customer = "You became a customer of Northwind Coffee on 1 November 2026."
    assert told_of(house, 1).why == on_the_page(house, 1) == customer
    asked = "You asked us for an offer, and for “coffee” on 1 November 2026."
    assert told_of(house, 2).why == on_the_page(house, 2) == asked
    assert ask(house, 2, "why") == 1
    assert smarten(asked) in "".join(answers(house))


def test_why_not_is_told_in_the_words_of_explain(house: House) -> None:
    """The person's page and explain share one sentence, each in its reader's language."""
    house.people(1, language="de", consent=False)
    house.consent(1)
    ask(house, 1, "später")
    house.campaign(policy=ENDS)
    house.run(Channel.SMS)
    story = told_of(house, 1)
    assert (story.why, story.reason) == ("", "quiet_until")
    assert on_the_page(house, 1) == speak("de")(f"reason.{story.reason}")
    assert on_the_page(house, 1) == "Sie hatten um Ruhe gebeten."
