"""STOP is understood however it is typed, and an ordinary sentence is never taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.replies import Intent, read_reply

ROWS = [
    line
    for path in sorted((Path(__file__).parent / "examples").glob("*.tsv"))
    for line in path.read_text(encoding="utf-8").splitlines()
]
WORDS = {word for line in ROWS for word in line.split("\t")[0].split()}
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
    assert read_reply("not interested")[::3] == (Intent.OPT_OUT, True)
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


def test_a_sentence_broken_off_is_read_as_far_as_it_goes() -> None:
    """Nothing follows the "not", not even a word."""
    assert read_reply("I'm not,").intent is Intent.OTHER


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


def test_most_of_what_people_write_is_understood() -> None:
    """At most 3 in 100 who want to be left alone are missed, and 3 in 100 others silenced."""
    rows = [line.split("\t") for line in ROWS]
    silenced = {Intent.OPT_OUT, Intent.WRONG_NUMBER}
    told = [(read_reply(text).intent, label) for text, _, label in rows]
    leave = [got in silenced for got, label in told if label in silenced]
    stay = [got in silenced for got, label in told if label not in silenced]
    assert sum(leave) / len(leave) >= 0.97
    assert sum(stay) / len(stay) <= 0.03
    assert sum(got == label for got, label in told) / len(told) >= 0.92
    assert len({language for _, language, _ in rows}) >= 32
