"""`dispatcher reply`: a reply typed in a shell does what a reply by SMS does."""

from __future__ import annotations

import pytest

from tests.cli.journey import work
from tests.cli.shell import Shell, add_anna, campaign_text


@pytest.mark.parametrize("text", ["Stop", "STOP!!", " stop. ", "Unsubscribe", "QUIT", "end"])
def test_a_stop_in_any_dress_ends_texts_but_not_mail(shell: Shell, text: str) -> None:
    """The phone is off, the e-mail consent stands."""
    add_anna(shell)
    said = shell.done("reply", "+44 7700 900123", text)
    assert (said["labels"], said["opted_out"]) == (["opt_out"], 1)
    allows = shell.done("customer", "show", "+447700900123")["allows"]
    states = {line["channel"]: line["state"] for line in allows}
    assert states == {"email": "active", "sms": "opted_out"}


def test_a_stop_is_confirmed_once(shell: Shell) -> None:
    """One answer waits, and a worker sends it into the sandbox."""
    add_anna(shell)
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text()))
    said = shell("reply", "+447700900123", "Stop").out
    assert "an answer waits to be sent.\nAnswer: Northwind Coffee" in said
    assert shell.done("reply", "+447700900123", "Stop")["told"] == []
    work()
    (answer,) = shell.done("explain", "+447700900123")["answers"]
    assert answer["state"] == "accepted"


def test_anything_else_is_kept_and_changes_nothing(shell: Shell) -> None:
    """What we cannot act on is on record for a person to read."""
    add_anna(shell)
    assert shell.done("reply", "+447700900123", "see you on Friday")["labels"] == ["other"]
    assert "see you on Friday" in shell("explain", "anna@example.com").out


def test_a_stranger_is_silenced_too(shell: Shell) -> None:
    """The number is suppressed, should it ever become a customer."""
    assert shell.done("reply", "+447700900555", "stop")["opted_out"] == 1
    assert "it is suppressed" in shell("customer", "show", "+447700900555").err


def test_an_opt_out_in_doubt_is_obeyed_and_listed(shell: Shell) -> None:
    """Only those that may have meant something else are there to look at."""
    add_anna(shell)
    assert "Nothing is unsure" in shell("reply", "--unsure").out
    assert shell.done("reply", "+447700900555", "Stop")["unsure"] == 0
    assert shell.done("reply", "+447700900123", "how do I get these to go away")["opted_out"] == 1
    (line,) = shell.done("reply", "--unsure")["unsure"]
    assert (line["address"], line["text"]) == ("+447700900123", "how do I get these to go away")


PROGRAMME = """\
[programme]
name = "Northwind Offers"
email = "offers@northwind.example"
sms_sender = "+447700900999"
postal_address = "1 Quay St, Bristol"
[topics.coffee]
name = "Coffee"
[topics.tea]
name = "Tea"
[questions.town]
kind = "city"
asks = "Where do you live?"
gives = "Then offers come from nearby."
"""


def test_somebody_joins_from_a_shell_as_by_text(shell: Shell) -> None:
    """A word, a YES, a choice; an answer nobody understands is there for people to read."""
    shell.write("programme.toml", PROGRAMME)
    assert "is answered" in shell("reply", "+447700900555", "JOIN coffee").out
    assert shell.done("reply", "+447700900555", "YES")["opted_in"] == 1
    allows = shell.done("customer", "show", "+447700900555")["allows"]
    assert [(line["topic"], line["state"]) for line in allows] == [("coffee", "active")]
    assert "Nothing waits for a person" in shell("reply", "--for-people").out
    for text in ("12", "who wants to know that, then"):
        shell.done("reply", "+447700900555", text)
    (line,) = shell.done("reply", "--for-people")["for_people"]
    assert (line["address"], line["text"]) == ("+447700900555", "who wants to know that, then")


def test_a_reply_needs_a_sender_and_a_text(shell: Shell) -> None:
    """Whoever leaves one out is told what to type."""
    assert "say who writes and what" in shell("reply", "+447700900123").err
