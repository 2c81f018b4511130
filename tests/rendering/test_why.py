"""Why a message came: one sentence of at most 120 letters, in the person's language."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.gsm7 import count, fits
from dispatcher.domain.messages import Channel, Message
from dispatcher.domain.why import Ground, Why, day_of, ground_of
from dispatcher.rendering.people import Addressee
from dispatcher.rendering.why import LONGEST, compact, in_words, sentence, shortened
from dispatcher.words import LANGUAGES
from tests.rendering.samples import TEXTS, compiled, mail, one, parsed, part, person, source

MAY = date(2026, 5, 1)
ASKED = Ground(Why.TOPIC, MAY)
names = st.text(max_size=300) | st.text("👩🏽‍🚀e\u0301🇫🇷 ك\u0651\u202e\n", max_size=200)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "You asked for “Coffee” on 1 May 2026."),
        ("en-GB", "You asked for “Coffee” on 1 May 2026."),
        ("fr", "Vous avez demandé « Coffee » le 1er mai 2026."),
        ("de-AT", "Sie haben „Coffee“ am 1. Mai 2026 abonniert."),
        ("ar", "طلبتَ «Coffee» في 1 مايو 2026."),
        ("sv", "You asked for “Coffee” on 1 May 2026."),
    ],
)
def test_why_is_said_in_the_persons_language(language: str, told: str) -> None:
    """Topic and day of the consent, as people write dates; in English where we lack the words."""
    assert sentence(language, ASKED, "Bean", "Coffee") == told
    assert in_words("sv", MAY) == "2026-05-01"


@given(
    st.sampled_from([*LANGUAGES, "xx"]),
    st.sampled_from(Why),
    st.none() | st.dates(),
    names,
    names,
)
def test_why_is_never_longer_than_a_line(
    language: str, why: Why, since: date | None, brand: str, topic: str
) -> None:
    """At most 120 characters on one line, whatever brand and topic are called."""
    ground = Ground(why, since)
    told = sentence(language, ground, brand, topic)
    assert len(told) <= LONGEST
    assert len(told.splitlines()) == 1
    assert not set("{}") & set(sentence(language, ground, "", ""))
    assert len(compact(language, ground, topic)) <= LONGEST


@given(names, st.integers(1, 120))
def test_no_name_is_cut_inside_a_letter(name: str, room: int) -> None:
    """Neither before an accent, nor between what makes one picture or one flag."""
    told = shortened(name, room)
    assert len(told) <= room
    whole = shortened(name, 10**6)
    if told == whole:
        return
    kept = told.removesuffix("…")
    assert whole.startswith(kept)
    rest = whole[len(kept) :]
    if kept and not rest.startswith(" "):
        assert not unicodedata.category(rest[0]).startswith("M")
        assert "\u200d" not in (kept[-1], rest[0])
        assert rest[0] not in "🏻🏼🏽🏾🏿"


def test_the_ground_is_that_of_the_decision() -> None:
    """A yes to the topic, to everything, a purchase, a friend's word, a wish, a look."""
    day = day_of(1_777_593_600.0)
    assert ground_of("", day) == ground_of(ConsentKind.DOUBLE_OPT_IN, day) == ASKED
    told = {
        sentence(
            "en", ground_of(kind, day, in_all=in_all, asked=asked, reminds=look), "Bean", "Tea"
        )
        for kind, in_all, asked, look in [
            ("keyword", False, False, False),
            ("", True, False, False),
            (ConsentKind.SOFT_OPT_IN, False, False, False),
            (ConsentKind.CASL_REFERRAL, False, False, False),
            ("", False, True, False),
            (ConsentKind.SOFT_OPT_IN, False, True, False),
            ("", False, False, True),
        ]
    }
    assert told == {
        "You asked for “Tea” on 1 May 2026.",
        "You asked for all our offers on 1 May 2026.",
        "You became a customer of Bean on 1 May 2026.",
        "Somebody who knows you recommended you to Bean on 1 May 2026.",
        "You asked us for an offer, and for “Tea” on 1 May 2026.",
        "You asked us for an offer yourself.",
        "You looked at what this is about, and asked for “Tea” on 1 May 2026.",
    }


def text_to(language: str = "en", ground: Ground = ASKED, words: str = "") -> Message:
    """Render a text for somebody."""
    texts = {**TEXTS, "en/sms.txt": words or TEXTS["en/sms.txt"]}
    somebody = person("+447700900123", language)._replace(ground=ground)
    message = one(compiled(source(texts)), Channel.SMS, somebody)
    assert isinstance(message, Message)
    return message


def test_a_text_says_why_where_that_costs_nothing() -> None:
    """In full, else in a few letters, else not at all; the parts stay what they were."""
    said = {}
    for letters in (60, 100, 150):
        words = "{{ brand.name }}: " + "x" * (letters - 18) + " STOP ends"
        message = text_to(words=words)
        assert message.parts == 1
        said[letters] = message.content.decode().partition("STOP ends")[2]
    assert said == {
        60: '\nYou asked for "coffee" on 1 May 2026.',
        100: '\nYou asked for "coffee" on 1 May 2026.',
        150: "",
    }
    short = text_to(words="{{ brand.name }}: " + "x" * 104 + " STOP ends").content.decode()
    assert short.endswith("STOP ends\nWhy: coffee, 2026-05-01")


def test_whoever_writes_the_reason_into_a_text_has_it_there_and_nowhere_else() -> None:
    """{{ why }} in sms.txt is where its author wants it."""
    told = text_to(words="{{ brand.name }}: tea. {{ why }} STOP ends").content.decode()
    assert told.count("You asked for") == 1
    assert told.endswith("STOP ends")


@given(st.text(max_size=400), st.text(max_size=200))
def test_what_fits_takes_no_further_part(text: str, more: str) -> None:
    """Reckoned from the sizes of both, as counting both together would."""
    size = count(text)
    assert fits(text, size, more, count(more)) is (count(text + more).parts == size.parts)


@given(st.sampled_from([*LANGUAGES, "nl"]), st.sampled_from(Why), st.text(max_size=300))
def test_no_text_costs_more_for_saying_why(language: str, why: Why, words: str) -> None:
    """Whatever it says, in whatever alphabet."""
    plain = "{{ brand.name }} STOP " + words.replace("{", "").replace("}", "")
    told = compiled(source({**TEXTS, "en/sms.txt": plain}))
    somebody = person("+447700900123", language)
    made = one(told, Channel.SMS, somebody._replace(ground=Ground(why, MAY)))
    bare = one(told, Channel.SMS, somebody._replace(ground=Ground(Why.ASKED)))
    if isinstance(made, Message) and isinstance(bare, Message):
        own = count(made.content.decode().partition("\n")[0])
        assert made.parts == bare.parts == count(made.content.decode()).parts >= own.parts


def test_a_mail_says_it_in_the_persons_language() -> None:
    """By the template's own sentence where that is true, else by the house's, else in English."""
    own = {**TEXTS, "en/why.txt": "You asked for news of {{ brand.name }} on {{ consent_date }}."}
    template = compiled(source(own))

    def reason(somebody: Addressee) -> str:
        return part(parsed(mail(template, somebody)), "plain").split("--\n")[1].splitlines()[0]

    anna = person(language="en-GB")._replace(ground=ASKED)
    assert reason(anna) == "You asked for news of Röster Nord on 1 May 2026."
    assert reason(anna._replace(language="")) == reason(anna)
    assert reason(anna._replace(language="nl")) == reason(anna)
    bought = anna._replace(ground=Ground(Why.BOUGHT, MAY))
    assert reason(bought) == "You bought from Röster Nord on 1 May 2026."
    assert reason(anna._replace(language="it")) == "Ha chiesto «coffee» il 1º maggio 2026."
