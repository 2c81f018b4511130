"""STOP is understood however it is typed, and an ordinary sentence is never taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.replies import Intent, read_reply
from dispatcher.inbound.replies.learning import Example, examples, fingerprint
from dispatcher.inbound.replies.weighing import learned

HERE = Path(__file__).parent
_FEW = 2  # words that anybody may hit upon again
LEAVING = {Intent.OPT_OUT, Intent.WRONG_NUMBER}
TAUGHT = examples(sorted((HERE / "examples").glob("*.tsv")))
UNSEEN = {path.stem: examples([path]) for path in sorted((HERE / "unseen").glob("*.tsv"))}
WORDS = {word for example in TAUGHT for word in example.text.split()}
OPT_OUT = (
    *(
        "stop",
        "STOP",
        "Stop.",
        "STOP!!",
        "  stop \n",
        '"STOP"',
        "‘stop’",
        "«Stop»",
        "(stop)",
        "*stop*",
    ),
    *("stop please", "Please stop", "STOP thanks", "stop, merci", "STOP 🙏", "STOP 36111"),
    *("stop\u200b", "s\u200bto\u00adp", "\ufeffSTOP", "\u202eSTOP\u202c", "ＳＴＯＰ", "𝐒𝐓𝐎𝐏"),
    *("s\u0336t\u0336o\u0336p", "S T O P", "S.T.O.P", "s-t-o-p"),
    *("STOPALL", "stop all", "Stop-All", "UNSUBSCRIBE", "Unsubscribe!", "UNSUBSCRİBE", "CANCEL"),
    *("END", "end.", "QUIT", "quit please", "REVOKE", "OPTOUT", "opt out", "opt-out", "OPT_OUT"),
    *("remove", "ARRET", "arrêt", "Arrêt svp", "TD", "td.", "> ends Friday\nSTOP"),
)
OTHER = (
    *(
        "don't stop",
        "non-stop deals",
        "stop by my place?",
        "restart my order",
        "bus stop",
        "endless",
    ),
    *(
        "I want to end on a high",
        "cancel 2",
        "cancel my order",
        "the end of it",
        "weekend",
        ">stop",
    ),
    *("can you remove the dent?", "2", "no", "ok", "thanks", "please", "🙂", "", "no stopping"),
    *("when does it end?", "quit smoking offers?", "information desk", "starting when?"),
)


class Score:
    """How well a paper was read; with the person's language known, as it mostly is."""

    def __init__(self, paper: Sequence[Example]) -> None:
        told = [(read_reply(each.text, each.language).intent, each.intent) for each in paper]
        leave = [got in LEAVING for got, meant in told if meant in LEAVING]
        stay = [got in LEAVING for got, meant in told if meant not in LEAVING]
        self.recall = sum(leave) / len(leave)
        self.false_alarms = sum(stay) / len(stay)
        self.accuracy = sum(got is meant for got, meant in told) / len(told)


@pytest.mark.parametrize("text", OPT_OUT)
def test_stop_in_any_dress_is_an_opt_out(text: str) -> None:
    assert read_reply(text).intent is Intent.OPT_OUT


@pytest.mark.parametrize("text", OTHER)
def test_an_ordinary_sentence_is_no_opt_out(text: str) -> None:
    assert read_reply(text).intent is Intent.OTHER


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("START", Intent.OPT_IN),
        ("unstop", Intent.OPT_IN),
        ("Yes!", Intent.OPT_IN),
        ("opt-in", Intent.OPT_IN),
        ("help", Intent.HELP),
        ("HELP?", Intent.HELP),
        ("Info.", Intent.HELP),
    ],
)
def test_start_and_help_are_understood(text: str, label: Intent) -> None:
    assert read_reply(text).intent is label


def test_the_keyword_tells_the_language() -> None:
    assert read_reply("Arrêt").language == "fr"


@given(st.text() | st.text(st.sampled_from("sStTOp .\u200b>\n\ud800\0İ")))
def test_no_text_whatever_makes_it_stumble(text: str) -> None:
    assert read_reply(text).intent in Intent


def test_a_huge_text_is_read_only_as_far_as_a_person_writes() -> None:
    assert read_reply("stop " * 1_000_000).intent is Intent.OPT_OUT
    assert read_reply("x" * 1_600 + " stop").intent is Intent.OTHER


def test_a_letter_is_read_to_its_last_word() -> None:
    assert read_reply("lovely day here. " * 60 + "so please take me off your list. bye").intent is (
        Intent.OPT_OUT
    )
    assert read_reply("lovely day here. " * 60).intent is Intent.OTHER


@pytest.mark.parametrize(
    "text",
    [
        "ST0P",
        "5T0P",
        "r3move me",
        "stooooop",
        "UNSUBSCRIIIIBE",
        "Ѕ T О P",
        "CTOП",
        "STOP\n\nSent from my iPhone",
        "stop\n-- \nJo Smith, Sales",
    ],
)
def test_digits_long_letters_and_signatures_hide_no_stop(text: str) -> None:
    assert read_reply(text).intent is Intent.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "Maria doesn't have this phone anymore",
        "This is no longer Amanda's cell",
        "Olette saaneet väärän henkilön",
        "nu mai are numărul ăsta, e al meu acum",
        "Euh c pas Kevin ici, t'as le mauvais num",
        "Ayşe bu numarayı kullanmıyor artık",
        "這個號碼已經換人了",
    ],
)
def test_a_stranger_is_told_apart(text: str) -> None:
    """Wrong person, number given up, number now somebody else's: in any language."""
    assert read_reply(text).intent is Intent.WRONG_NUMBER


@pytest.mark.parametrize(
    "text", ["no thanks", "Stop it, you're too kind haha", "wrong size, do you have it in red?"]
)
def test_politeness_and_praise_silence_nobody(text: str) -> None:
    assert read_reply(text).intent is Intent.OTHER


def test_doubt_is_an_opt_out_that_says_so() -> None:
    """Between a sure wish to leave and none there are texts that a person should look at."""
    read = [read_reply(each.text, each.language) for each in UNSEEN["english"]]
    doubted = [each for each in read if each.unsure]
    assert doubted
    assert {each.intent for each in doubted} == {Intent.OPT_OUT}
    assert not read_reply("STOP").unsure


@pytest.mark.parametrize(("language", "intent"), [("en-ZA", "opt_out"), ("en", "other")])
def test_a_bare_no_is_a_demand_to_stop_in_south_africa_alone(language: str, intent: str) -> None:
    assert read_reply("No", language).intent == intent


def test_real_letters_survive_where_look_alikes_are_read() -> None:
    assert read_reply("СТОП")[:3] == (Intent.OPT_OUT, "стоп", "ru")
    assert read_reply("SТОР").words == "stop"


@pytest.mark.parametrize("text", ["top", "shop", "step", "ALTA", "sto", "si", "ja"])
def test_a_word_of_its_own_is_no_slip(text: str) -> None:
    assert read_reply(text).intent is not Intent.OPT_OUT


@pytest.mark.parametrize("text", ["I'm not,", "please don't", "stop by", "how do I", "no more"])
def test_a_sentence_broken_off_is_read_as_far_as_it_goes(text: str) -> None:
    """Nothing follows, not even a word."""
    assert read_reply(text).intent in Intent


@pytest.mark.parametrize(
    "text", ["Stop it, 70% off?? I'm on my way", "please stop my shipment", "Ik wil geen tas"]
)
def test_delight_and_talk_of_things_silence_nobody(text: str) -> None:
    """A cry of delight, a parcel, a bag: none is a demand to be left alone."""
    assert read_reply(text).intent is Intent.OTHER


@given(st.binary(max_size=400), st.sampled_from(["utf-8", "utf-16", "gb18030", "latin-1"]))
def test_no_bytes_whatever_make_it_stumble(raw: bytes, encoding: str) -> None:
    assert read_reply(raw.decode(encoding, "replace")).intent in Intent


@given(st.lists(st.sampled_from(sorted(WORDS)), max_size=40))
def test_no_mixture_of_words_makes_it_stumble(words: list[str]) -> None:
    assert read_reply(" ".join(words)).intent in Intent


def test_what_it_was_taught_is_understood() -> None:
    """At most 1 in 100 who want to be left alone are missed, and 1 in 100 others silenced."""
    score = Score(TAUGHT[::7])
    assert score.recall >= 0.99
    assert score.false_alarms <= 0.01
    assert len({example.language for example in TAUGHT}) >= 32


@pytest.mark.parametrize(
    ("exam", "recall", "false_alarms", "accuracy"),
    [
        ("fair", 0.985, 0.015, 0.97),
        ("english", 0.95, 0.055, 0.93),
        ("languages", 0.955, 0.04, 0.93),
    ],
)
def test_what_it_never_saw_is_understood(
    exam: str, recall: float, false_alarms: float, accuracy: float
) -> None:
    """Written by others, not taught: one fair paper, and two that are hard on purpose."""
    score = Score(UNSEEN[exam])
    assert score.recall >= recall
    assert score.false_alarms <= false_alarms
    assert score.accuracy >= accuracy
    long = [each for each in UNSEEN[exam] if len(each.text.split()) > _FEW]
    assert set(long).isdisjoint(TAUGHT)


def test_words_that_say_nothing_of_leaving_silence_nobody() -> None:
    """Answers to our own questions are often one word: a town, a colour, a taste."""
    towns = {zone.rpartition("/")[2].replace("_", " ") for zone in available_timezones()}
    silenced = [town for town in towns if read_reply(town, "en").intent in LEAVING]
    assert len(silenced) <= len(towns) / 100


def test_the_weights_were_learned_from_the_examples_as_they_stand() -> None:
    """Whoever changes an example or the lexicon learns the weights anew."""
    again = "python -m dispatcher.inbound.replies.learning tests/inbound/replies/examples"
    assert learned().source == fingerprint(HERE / "examples"), f"run {again}"
