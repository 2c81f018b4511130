"""Answers to questions by text: by number or by word, and never more than was offered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.questions import Choice, Question, QuestionKind
from dispatcher.inbound.answers import Answer, answer_of, has_shape

OFFERED = (
    Choice("coffee", {"en": "Coffee and tea", "de": "Kaffee und Tee"}),
    Choice("theatre", {"en": "Theatre"}),
    Choice("running", {"en": "Running", "de": "Laufen"}),
)
MANY = Question("tastes", QuestionKind.TOPICS, choices=OFFERED)
ONE = Question("best", QuestionKind.CHOOSE, choices=OFFERED)


def chosen(text: str, question: Question = MANY) -> tuple[str, ...] | None:
    answer = answer_of(question, question.choices, text)
    return answer.chosen if answer else None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("1", ["coffee"]),
        ("1 3", ["coffee", "running"]),
        ("3, 1 and 2", ["coffee", "theatre", "running"]),
        ("13", ["coffee", "running"]),
        ("(2)", ["theatre"]),
        ("1️⃣ 2️⃣", ["coffee", "theatre"]),
        ("١ و ٣", ["coffee", "running"]),
        ("one and three please", ["coffee", "running"]),
        ("number 2", ["theatre"]),
        ("coffee", ["coffee"]),
        ("Kaffee und Laufen", ["coffee", "running"]),
        ("coffee and tea, theatre", ["coffee", "theatre"]),
        ("I like running!", ["running"]),
        ("all", ["coffee", "theatre", "running"]),
        ("toutes", ["coffee", "theatre", "running"]),
        ("none", []),
        ("0", []),
        ("keine", []),
    ],
)
def test_several_are_chosen_by_number_or_word(text: str, ids: list[str]) -> None:
    """In the order of the offer, each once."""
    assert chosen(text) == tuple(ids)


@pytest.mark.parametrize(
    "text",
    ["4", "0 1", "not 1", "1 but not 2", "1-3", "no coffee", "both", "everything but 2", "", "😀"],
)
def test_what_is_not_wholly_understood_chooses_nothing(text: str) -> None:
    """A word too much may turn the meaning round."""
    assert chosen(text) is None


def test_both_are_two() -> None:
    assert answer_of(MANY, OFFERED[:2], "both") == Answer(("coffee", "theatre"))


def test_one_is_one() -> None:
    """Two are no answer where one is asked for, and neither is all."""
    assert chosen("2", ONE) == ("theatre",)
    assert [chosen(text, ONE) for text in ("1 2", "12", "all", "none")] == [None] * 4


@pytest.mark.parametrize("text", ["skip", "SKIP!", "passer", "saltar", "egal", "تخطي"])
@pytest.mark.parametrize("kind", QuestionKind)
def test_every_question_may_be_skipped(kind: QuestionKind, text: str) -> None:
    assert answer_of(Question("x", kind), (), text) == Answer(skipped=True)


@pytest.mark.parametrize(
    ("kind", "text", "told"),
    [
        (QuestionKind.YES_NO, "yes please", "yes"),
        (QuestionKind.YES_NO, "Nein danke", "no"),
        (QuestionKind.YES_NO, "perhaps", None),
        (QuestionKind.CITY, " Stratford-upon-Avon. ", "Stratford-upon-Avon"),
        (QuestionKind.CITY, "L'Aquila", "L'Aquila"),
        (QuestionKind.CITY, "東京", "東京"),
        (QuestionKind.CITY, "why do you ask, and who are you", None),
        (QuestionKind.CITY, "12", None),
        (QuestionKind.POSTCODE, "bs1 4dj", "BS1 4DJ"),
        (QuestionKind.POSTCODE, "75001", "75001"),
        (QuestionKind.POSTCODE, "no idea", None),
        (QuestionKind.TEXT, "Anna  Maria", "Anna Maria"),
        (QuestionKind.TEXT, "<b>{{ x }}</b>", None),
        (QuestionKind.TEXT, "x" * 61, None),
    ],
)
def test_an_answer_has_the_form_that_was_asked_for(
    kind: QuestionKind, text: str, told: str | None
) -> None:
    answer = answer_of(Question("x", kind), (), text)
    assert (answer.told if answer else None) == told


def test_a_shape_says_digits_and_letters() -> None:
    question = Question("x", QuestionKind.TEXT, shape="AA-99")
    assert answer_of(question, (), "xy-12") == Answer(told="xy-12")
    assert answer_of(question, (), "xy12") is None
    assert has_shape("", "")


TEXTS = st.text() | st.text(alphabet="123 ,.&and-coffeerunngtha\u20e3", max_size=40)


@given(TEXTS, st.sampled_from(QuestionKind), st.integers(0, 3))
def test_nothing_is_chosen_that_was_not_offered(text: str, kind: QuestionKind, most: int) -> None:
    """Whatever is written, and however little was on offer; each choice comes once."""
    offered = OFFERED[:most]
    answer = answer_of(Question("x", kind, choices=offered), offered, text)
    if answer:
        ids = [choice.id for choice in offered]
        assert [each for each in ids if each in answer.chosen] == list(answer.chosen)
        assert kind is QuestionKind.TOPICS or len(answer.chosen) <= 1
        assert len(answer.told) <= 60
