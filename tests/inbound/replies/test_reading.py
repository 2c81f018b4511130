"""STOP is understood however it is typed, and an ordinary sentence is never taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.replies import Intent, read_reply

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
    assert read_reply("stop " * 1_000_000).intent is Intent.OTHER
