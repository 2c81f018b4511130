"""Joining by text: a word, a YES, two questions, and from then on only what was chosen."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel, Event, EventKind
from dispatcher.domain.programme import Programme, Topic
from dispatcher.domain.questions import Choice, Question, QuestionKind
from dispatcher.services.answer import answer
from dispatcher.services.erase import erase
from dispatcher.services.receive import Received, receive
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, customers, evidence, replies
from tests.support.house import TUESDAY, House
from tests.support.phones import Phones, send
from tests.support.programme import PROGRAMME

ANNA = "+447700900123"
HOME = PROGRAMME.sms_sender
BY_TEXT = replace(
    PROGRAMME,
    topics=(
        Topic("coffee", {"en": "Coffee and tea", "de": "Kaffee und Tee"}),
        Topic("theatre", {"en": "Theatre", "de": "Theater"}),
        Topic("running", {"en": "Running", "de": "Laufen"}),
    ),
    keywords=("join", "offers"),
    questions=(
        Question(
            "drinks",
            QuestionKind.CHOOSE,
            {"en": "How do you drink it?"},
            {"en": "Then we only offer what fits."},
            (Choice("filter", {"en": "Filter"}), Choice("espresso", {"en": "Espresso"})),
            keeps="drinks",
        ),
        Question(
            "town", QuestionKind.CITY, {"en": "Your town?"}, {"en": "Offers nearby."}, keeps="town"
        ),
    ),
)
DAY = timedelta(days=1)
WEEK = timedelta(days=8)  # and a day, so that no limit of a week holds anything up


class Talk:
    """A phone that writes to the programme, and reads what is queued for it."""

    def __init__(self, house: House, number: str = ANNA, programme: Programme = BY_TEXT) -> None:
        self.house = house
        self.desk: Desk = replace(house.dispatcher.desk, programme=programme)
        self.number = number
        self.said = 0
        self.now = TUESDAY

    def event(self, words: str) -> Event:
        self.said += 1
        return Event(
            f"{self.number}-{self.said}",
            "sms",
            EventKind.REPLIED,
            self.now.timestamp(),
            sender=self.number,
            recipient=HOME,
            text=words,
        )

    def write(self, words: str) -> Received:
        """Write a text, a minute after the last."""
        self.now += timedelta(minutes=1)
        return receive(self.desk, [self.event(words)], self.now)

    def says(self, words: str) -> str:
        """Write a text; give what it is answered with."""
        before = self.heard()
        self.write(words)
        return " | ".join(self.heard()[len(before) :])

    def heard(self) -> list[str]:
        return self.house.query(
            "SELECT text FROM service_message WHERE address = :number ORDER BY not_before, key",
            number=self.number,
        )

    def holder(self) -> int | None:
        with self.desk.database.begin() as conn:
            digest = self.desk.digests.digest(Channel.SMS, self.number)
            return customers.holder(conn, Channel.SMS, digest)

    def topics(self) -> set[str]:
        """Give the topics that are agreed to."""
        person = self.holder()
        with self.desk.database.begin() as conn:
            rows = consents.standings_of(conn, person) if person is not None else []
        return {row.topic for row in rows if row.state is ConsentState.ACTIVE}

    def attributes(self) -> dict[str, str]:
        person = self.holder()
        assert person is not None
        with self.desk.database.begin() as conn:
            found = customers.person(conn, person)
        assert found is not None
        return dict(found.attributes)


def opened(proof: Mapping[str, Any]) -> dict[str, str]:
    """Give what proves a consent, without the salts."""
    return {name: value for name, (_, value) in proof.items()}


@pytest.fixture
def anna(house: House) -> Talk:
    return Talk(house)


def test_a_word_a_yes_and_two_answers(anna: Talk) -> None:
    """Nobody is in before the YES, and nothing is agreed to but what was chosen."""
    assert "reply YES to get offers by text on topics you choose, max 8" in anna.says("Join!")
    assert anna.holder() is None
    welcome = anna.says("yes please")
    assert "1 Coffee and tea, 2 Theatre, 3 Running." in welcome
    assert "You get nothing else." in welcome
    assert anna.topics() == set()
    first = anna.says("1 and 3")
    assert "you get offers on Coffee and tea, Running, max 8 a month" in first
    assert "HELP for help, STOP to end" in first
    assert "How do you drink it? 1 Filter, 2 Espresso. Then we only offer what fits." in first
    assert anna.says("espresso") == "Northwind Offers: thank you, we noted: Espresso."
    assert anna.topics() == {"coffee", "running"}
    assert anna.attributes() == {"drinks": "espresso"}
    assert anna.says("thanks a lot") == ""


def test_a_topic_may_be_named_at_once(anna: Talk) -> None:
    """By its id or its name in any language, which is then spoken."""
    assert "Antworten Sie YES" in anna.says("join kaffee")
    assert "Willkommen! Sie bekommen Angebote zu Kaffee und Tee" in anna.says("ja")
    assert anna.topics() == {"coffee"}


def test_what_was_said_and_shown_is_on_record(anna: Talk) -> None:
    """Both texts with their instants and ids, the wording that was shown, and the promise in it."""
    shown = anna.says("JOIN theatre")
    anna.write("YES")
    person = anna.holder()
    assert person is not None
    with anna.desk.database.begin() as conn:
        (event,) = consents.ledger_of(conn, [person])
        proof = opened(evidence.reveal(conn, [person])[event.id])
        assert consents.wording_of(conn, event.wording) == shown
        (standing,) = consents.standings_of(conn, person)
    assert (event.source, event.kind, event.origin) == (
        "own_hand",
        "double_opt_in",
        "text, over sms",
    )
    assert (proof["asked_text"], proof["text"]) == ("JOIN theatre", "YES")
    assert (proof["asked_message"], proof["message"]) == (f"{ANNA}-1", f"{ANNA}-2")
    assert proof["asked_heard_at"] < proof["heard_at"]
    assert standing.promised == 8


def test_topics_chosen_after_the_yes_carry_the_join(anna: Talk) -> None:
    """The wording is what the YES agreed to; the keyword, the YES and the choice prove it."""
    shown = anna.says("OFFERS")
    anna.write("YES")
    anna.write("2")
    person = anna.holder()
    assert person is not None
    with anna.desk.database.begin() as conn:
        (event,) = consents.ledger_of(conn, [person])
        proof = opened(evidence.reveal(conn, [person])[event.id])
        assert consents.wording_of(conn, event.wording) == shown
    assert event.topic == "theatre"
    texts = (proof["joined_text"], proof["confirmed_text"], proof["text"])
    assert texts == ("OFFERS", "YES", "2")


@pytest.mark.parametrize("words", ["STOP", "no thanks", "wrong number"])
def test_who_does_not_want_it_is_left_alone(anna: Talk, words: str) -> None:
    """A YES afterwards joins nobody."""
    anna.write("JOIN")
    anna.write(words)
    anna.write("YES")
    assert anna.holder() is None
    assert anna.house.query("SELECT id FROM pending") == []


def test_a_stop_while_pending_is_confirmed(anna: Talk) -> None:
    """By the programme, should there be no brand yet."""
    anna.write("JOIN")
    assert anna.says("STOP").startswith("Northwind Offers: ")


def test_a_request_is_forgotten_after_a_day(anna: Talk) -> None:
    """A late YES does nothing, and the number is gone."""
    anna.write("JOIN")
    anna.now += DAY
    assert anna.says("YES") == ""
    anna.house.jump(anna.now)
    anna.house.tidy()
    assert anna.house.query("SELECT id FROM pending") == []


def test_what_a_stranger_was_asked_is_forgotten_too(anna: Talk) -> None:
    """Neither the question nor a confirmation keeps a number that is nobody's."""
    anna.write("JOIN")
    Talk(anna.house, "+447700900124").write("STOP")
    anna.house.jump(anna.now + DAY + timedelta(minutes=2))
    anna.house.tidy()
    assert anna.house.query("SELECT address FROM service_message") == []


def test_the_question_belongs_to_who_said_yes_to_it(anna: Talk) -> None:
    """It is told and erased with the rest of them."""
    anna.write("JOIN theatre")
    anna.write("YES")
    owners = anna.house.query("SELECT DISTINCT customer_id FROM service_message")
    assert owners == [anna.holder()]


def test_nobody_agrees_to_a_question_that_was_not_put(anna: Talk) -> None:
    """Who opted out twice in a day gets no answers, and so no words to say yes to."""
    anna.write("STOP")
    anna.write("stop it")
    assert anna.says("JOIN theatre") == ""
    anna.write("YES")
    assert anna.holder() is None


def test_a_choice_is_none_where_its_question_was_not_put(anna: Talk) -> None:
    """TOPICS of who is not answered today opens no question; START alone takes effect."""
    anna.write("JOIN coffee")
    for words in ("YES", "STOP", "START", "STOP", "START", "TOPICS", "2"):
        anna.write(words)
    assert anna.topics() == {"coffee"}


@pytest.mark.parametrize("way", [("JOIN theatre", "YES"), ("START", "YES", "2")])
def test_who_joins_from_a_wrong_number_is_somebody_new(anna: Talk, way: tuple[str, ...]) -> None:
    """Nothing of its former holder comes with it: no consent, no answer, no name."""
    for words in ("JOIN coffee", "YES", "espresso"):
        anna.write(words)
    before = anna.holder()
    anna.write("wrong number")
    assert anna.holder() is None
    for words in way:
        anna.write(words)
    assert anna.holder() not in (None, before)
    assert (anna.topics(), anna.attributes()) == ({"theatre"}, {})


def test_words_that_mean_nothing_are_not_answered_while_pending(anna: Talk) -> None:
    """Nor is the question repeated."""
    anna.write("JOIN")
    assert anna.says("lovely weather") == ""
    assert "welcome" in anna.says("ok")


def test_the_same_callback_twice_changes_nothing(anna: Talk) -> None:
    """Keyword, YES and answers may all be told again, one by one or in one callback."""
    told = [anna.event(words) for words in ("JOIN", "YES", "1", "2")]
    for _ in range(3):
        receive(anna.desk, told, TUESDAY)
    for event in told:
        receive(anna.desk, [event], TUESDAY)
    assert anna.topics() == {"coffee"}
    assert anna.attributes() == {"drinks": "espresso"}
    assert len(anna.heard()) == 4


def test_an_answer_nobody_understands_is_asked_again_once_and_then_read(anna: Talk) -> None:
    """A person gets it; meanwhile nothing is agreed to."""
    anna.write("JOIN")
    anna.write("YES")
    again = anna.says("the second but not the first")
    assert "did not understand" in again
    assert "2 Theatre" in again
    assert anna.says("17") == "Northwind Offers: thank you, a person will read this."
    assert anna.says("1") == ""
    assert anna.topics() == set()
    with anna.desk.database.begin() as conn:
        (waiting,) = replies.handed_over(conn, 10)
    assert (waiting.text, waiting.address) == ("17", ANNA)


def test_a_question_is_forgotten_in_silence(anna: Talk) -> None:
    """An answer two days later is no answer."""
    anna.write("JOIN")
    anna.write("YES")
    anna.now += 2 * DAY
    assert anna.says("1") == ""
    assert anna.topics() == set()
    anna.house.jump(anna.now)
    anna.house.tidy()
    assert anna.house.query("SELECT state, evidence::text FROM conversation") == [("dropped", "{}")]


@pytest.mark.parametrize("words", ["STOP", "HELP", "pause"])
def test_weightier_words_outrank_an_answer(anna: Talk, words: str) -> None:
    """They do what they always do; a STOP also ends the question."""
    anna.write("JOIN coffee")
    anna.write("YES")
    anna.write(words)
    anna.write("2")
    kept = anna.attributes()
    assert kept == ({} if words == "STOP" else {"drinks": "espresso"})
    assert anna.topics() == (set() if words == "STOP" else {"coffee"})


def test_skipping_costs_nothing(anna: Talk) -> None:
    """Offers on what was agreed to come all the same."""
    anna.write("JOIN coffee")
    anna.write("YES")
    assert "all right" in anna.says("skip")
    assert anna.topics() == {"coffee"}


def test_topics_are_changed_at_any_time(anna: Talk) -> None:
    """What is not chosen any more ends, what is new begins, in any language's word for it."""
    anna.write("JOIN coffee")
    anna.write("YES")
    anna.now += 5 * DAY
    assert "2 Theatre" in anna.says("TOPICS")
    assert "offers on Theatre, Running" in anna.says("2 3")
    assert anna.topics() == {"theatre", "running"}
    anna.now += DAY
    anna.write("Themen")
    assert "none of these" in anna.says("none")
    assert anna.topics() == set()


def test_who_is_in_and_joins_again_chooses_again(anna: Talk) -> None:
    """A topic more is confirmed like the first; after a STOP the word gives back what was lost."""
    anna.write("JOIN coffee")
    anna.write("YES")
    anna.write("skip")
    anna.now += DAY
    assert "1 Coffee and tea" in anna.says("JOIN")
    assert "offers on Coffee and tea" in anna.says("join tea coffee")
    assert "YES" in anna.says("JOIN theatre")
    anna.write("YES")
    assert anna.topics() == {"coffee", "theatre"}
    anna.now += DAY
    anna.write("STOP")
    assert anna.topics() == set()
    anna.write("JOIN")
    assert anna.topics() == {"coffee", "theatre"}


def test_one_new_question_a_month(house: House) -> None:
    """After the join a code that was used brings the next one, and none within thirty days."""
    talk = Talk(house, "+447700900001")
    person = house.people(1)[0]
    house.campaign(policy={"offer_code": "WEEK26"})
    house.run(Channel.SMS)
    noted = talk.says("Redeem week26.")
    assert "WEEK26 is noted as used. How do you drink it?" in noted
    talk.write("1")
    assert "noted as used before" in talk.says("redeem WEEK26")
    assert "no code WEEK27" in talk.says("redeem WEEK27")
    assert house.query("SELECT customer_id, offer_code FROM redemption") == [(person, "WEEK26")]
    house.query("DELETE FROM redemption RETURNING 1")
    talk.now += 2 * DAY
    assert talk.says("redeem WEEK26").endswith("is noted as used.")
    house.query("DELETE FROM redemption RETURNING 1")
    talk.now += 30 * DAY
    assert "Your town?" in talk.says("redeem WEEK26")
    talk.write("Bristol")
    assert talk.attributes()["town"] == "Bristol"


def test_joining_once_more_asks_nothing_more(house: House) -> None:
    """Whoever adds a topic within the month is not asked the next question for it."""
    talk = Talk(house, programme=replace(BY_TEXT, asked_on_joining=1))
    talk.write("JOIN coffee")
    assert "How do you drink it?" in talk.says("YES")
    assert talk.says("1") == "Northwind Offers: thank you, we noted: Filter."
    talk.write("JOIN theatre")
    assert "Your town?" not in talk.says("YES")
    talk.now += 31 * DAY
    talk.write("JOIN running")
    assert "Your town?" in talk.says("YES")


def test_two_machines_do_not_talk_for_ever(anna: Talk) -> None:
    """Whatever they say, a day has an end of answers."""
    for _ in range(20):
        for words in ("JOIN", "YES", "1", "TOPICS", "what", "redeem A1"):
            anna.write(words)
    assert len(anna.heard()) < 40


def test_a_number_nobody_can_have_is_not_asked(house: House) -> None:
    """Short codes are machines; addresses that complained or were blocked stay silent."""
    talk = Talk(house, "36111")
    talk.write("JOIN")
    assert talk.house.query("SELECT id FROM pending") == []


def test_without_a_programme_the_words_are_what_they_were(house: House) -> None:
    """JOIN is a START then, and nothing is asked."""
    talk = Talk(house)
    talk.desk = house.dispatcher.desk
    assert talk.says("JOIN") == ""
    assert talk.house.query("SELECT id FROM pending") == []


def test_who_is_forgotten_is_forgotten_here_too(anna: Talk) -> None:
    """Questions, answers and codes go with the person."""
    anna.write("JOIN coffee")
    anna.write("YES")
    anna.write("1")
    person = anna.holder()
    assert person is not None
    erase(anna.desk, person, anna.now)
    for table in ("conversation", "redemption", "reply", "service_message", "pending"):
        assert anna.house.query(f"SELECT 1 FROM {table}") == [], table


def test_the_texts_really_go_out(anna: Talk) -> None:
    """Over a gateway, one after another, from the number that was written to."""
    house = anna.house
    anna.write("JOIN coffee")
    anna.write("YES")
    house.jump(anna.now + timedelta(minutes=1))

    async def story() -> None:
        out = house.outbound()
        await answer(out)
        await out.aclose()

    asyncio.run(story())
    rows = house.query("SELECT class, state, sender FROM service_message ORDER BY created_at, key")
    assert [row[:2] for row in rows][:2] == [("doi_request", "accepted"), ("welcome", "accepted")]
    assert {row[2] for row in rows} == {HOME}
    house.campaign()
    house.plan()
    phones = Phones(0.0)
    send(house, phones)
    assert phones.people() == [anna.holder()]


TOPICS = ("coffee", "theatre", "running")
# What people answer, and what they choose by it; None is no answer.
ANSWERS: tuple[tuple[str, set[str] | None], ...] = (
    ("1", {"coffee"}),
    ("2 3", {"theatre", "running"}),
    ("1, 2 and 3", {"coffee", "theatre", "running"}),
    ("13", {"coffee", "running"}),
    ("Theatre please", {"theatre"}),
    ("laufen und kaffee", {"running", "coffee"}),
    ("all of them", {"coffee", "theatre", "running"}),
    ("none", set()),
    ("skip", None),
    ("not 1", None),
    ("4", None),
    ("what is this nonsense", None),
    ("", None),
    ("\0\ud83d 1 or 2, whatever you like best", None),
)


class Life:
    """Somebody made up: what they write, and what they have chosen by it."""

    def __init__(self, number: str, dice: random.Random) -> None:
        self.number = number
        self.chosen: set[str] = set()
        self.says = list(self._story(dice))

    def _story(self, dice: random.Random) -> Iterator[str]:
        named = dice.choice(["", "", "coffee", "theatre"])
        yield f"{dice.choice(['JOIN', 'join', 'Offers'])} {named} {dice.choice(['', 'please'])}"
        sure = dice.choices(["YES", "ja", "ok", "no", "STOP", "maybe?"], [8, 2, 2, 1, 1, 1])[0]
        yield sure
        joined = sure in ("YES", "ja", "ok")
        if not joined:
            return
        if named:
            self.chosen = {named}
        else:
            yield from self._chooses(dice)
        if dice.random() < 0.3 and self.chosen:
            yield "TOPICS"
            yield from self._chooses(dice)
        if dice.random() < 0.15:
            self.chosen = set()
            yield "Stop it"

    def _chooses(self, dice: random.Random) -> Iterator[str]:
        words, chosen = dice.choice(ANSWERS)
        yield words
        if chosen is not None:
            self.chosen = chosen


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("quarter", range(4))
def test_a_thousand_joins_lead_to_nothing_but_what_was_chosen(house: House, quarter: int) -> None:
    """Random people, answers, refusals and rubbish: each campaign reaches who chose its topic."""
    dice = random.Random(f"26/{quarter}")
    lives = [Life(f"+44770{1_000_000 + each}", dice) for each in range(250)]
    desk = replace(house.dispatcher.desk, programme=replace(BY_TEXT, questions=()))
    for turn in range(max(len(life.says) for life in lives)):
        now = TUESDAY + timedelta(minutes=turn)
        events = [
            Event(
                *(f"{life.number}-{turn}", "sms", EventKind.REPLIED, now.timestamp()),
                sender=life.number,
                recipient=HOME,
                text=life.says[turn],
            )
            for life in lives
            if turn < len(life.says)
        ]
        for start in range(0, len(events), 100):
            receive(desk, events[start : start + 100], now)
    for week, topic in enumerate(TOPICS, 1):
        house.jump(TUESDAY + week * WEEK)
        starts = (TUESDAY + week * WEEK).timestamp()
        rules = {"topic": topic, "subject": topic, "starts_at": starts}
        house.campaign(topic, audience=Audience(topic), policy=rules)
        house.run(Channel.SMS)
    reached = house.query(
        """SELECT c.name, m.recipient FROM sandbox_message m JOIN wave w ON w.id = m.wave_id
           JOIN campaign c ON c.id = w.campaign_id"""
    )
    for topic in TOPICS:
        got = {recipient for name, recipient in reached if name == topic}
        assert got == {life.number for life in lives if topic in life.chosen}
        assert len(got) > 25
