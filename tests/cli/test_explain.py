"""`dispatcher explain`: the whole story of a person, with the proof, decided again."""

from __future__ import annotations

from sqlalchemy import text

from dispatcher.storage.database import Database
from tests.cli.journey import work
from tests.cli.shell import Shell, add_anna, campaign_text
from tests.support.rules import BOOK


def sent(shell: Shell, **changes: str) -> None:
    """Send a campaign by e-mail at once, whatever the hour, but for these lines."""
    lines = {"hours": 'hours = "00:00-24:00"', "channels": 'channels = ["email"]', **changes}
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text(**lines)))
    shell.done("campaign", "enqueue", "Spring")
    work()


def change(url: str, statement: str) -> None:
    """Do to the database what only a person with a console could."""
    database = Database(url, pool_size=1)
    with database.begin() as conn:
        conn.execute(text(statement))
    database.dispose()


def test_a_message_is_explained_by_consent_rule_and_receipt(shell: Shell) -> None:
    """Verdict, consent event with its words, and a replay that agrees."""
    add_anna(shell)
    sent(shell)
    told = shell.done("explain", "anna@example.com")
    (story,) = told["campaigns"]
    assert (story["campaign"], story["state"], story["reason"]) == ("Spring", "accepted", "ok")
    assert story["consent_event"] == told["consents"][0]["id"]
    assert told["consents"][0]["wording"] == "Yes, coffee"
    assert [line["agrees"] for line in story["decisions"]] == [True]
    assert story["attempts"][0]["outcome"] == "accepted"
    assert told["ledger_faults"] == []


def test_silence_is_explained_too(shell: Shell) -> None:
    """Who got nothing reads which rule said so, in a sentence."""
    shell.done("customer", "add", "--email", "ben@example.com", "--language", "en")
    sent(shell)
    said = shell("explain", "ben@example.com").out
    assert "skipped: no_consent" in said
    assert "had not agreed to this topic" in said
    assert "agrees" in said
    assert "whole day" in said


def test_a_decision_put_off_is_replayed_to_the_same_instant(shell: Shell) -> None:
    """A DEFER agrees only if its time does."""
    add_anna(shell)
    shell.done("clock", "--to", "2026-11-22T02:00:00Z")
    times = {"start": "start = 2026-11-22T00:00:00Z", "ends": "ends = 2026-11-29T00:00:00Z"}
    sent(shell, hours='hours = "09:00-20:00"', **times)
    (story,) = shell.done("explain", "anna@example.com")["campaigns"]
    (decision,) = story["decisions"]
    assert (decision["verdict"], decision["reason"]) == ("defer", "quiet_hours")
    assert decision["until"].startswith("2026-11-22T08:00")
    assert decision["agrees"]


def test_a_verdict_that_was_tampered_with_does_not_agree(shell: Shell, database_url: str) -> None:
    """Who changes what was decided is found out by deciding again."""
    add_anna(shell)
    sent(shell)
    change(database_url, "ALTER TABLE decision DISABLE TRIGGER ALL")
    change(database_url, "UPDATE decision SET verdicts = '{skip}', reasons = '{holdout}'")
    said = shell("explain", "anna@example.com").out
    assert "DIFFERS: send (ok)" in said


def test_another_rule_book_is_not_judged(shell: Shell, database_url: str) -> None:
    """What an older build decided is shown, and named as such."""
    add_anna(shell)
    sent(shell)
    change(database_url, "ALTER TABLE decision DISABLE TRIGGER ALL")
    change(database_url, "UPDATE decision SET rule_book = 'older'")
    (story,) = shell.done("explain", "anna@example.com")["campaigns"]
    assert [line["agrees"] for line in story["decisions"]] == [None]
    assert BOOK.hash not in shell("explain", "anna@example.com").out


def test_a_ledger_that_was_tampered_with_shows(shell: Shell, database_url: str) -> None:
    """A changed event breaks the chain, and explain says so."""
    add_anna(shell)
    change(database_url, "ALTER TABLE consent_event DISABLE TRIGGER ALL")
    change(database_url, "UPDATE consent_event SET topic = 'tea'")
    assert "THE LEDGER DOES NOT HOLD" in shell("explain", "anna@example.com").out


def test_one_campaign_may_be_asked_about(shell: Shell) -> None:
    """Others are left out."""
    add_anna(shell)
    sent(shell)
    shell.done("campaign", "approve", shell.write("two.toml", campaign_text("Two")))
    assert len(shell.done("explain", "anna@example.com", "--campaign", "Spring")["campaigns"]) == 1
    assert shell.done("explain", "anna@example.com", "--campaign", "Two")["campaigns"] == []


def test_what_somebody_wrote_and_was_answered_is_there(shell: Shell) -> None:
    """A STOP, how it was understood, and the confirmation."""
    add_anna(shell)
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text()))
    shell.done("reply", "+447700900123", "Stop!")
    told = shell.done("explain", "anna@example.com")
    assert [reply["label"] for reply in told["replies"]] == ["opt_out"]
    assert [answer["kind"] for answer in told["answers"]] == ["optout_confirmation"]


def test_nobody_is_told_that_who_was_erased_still_allows_anything(shell: Shell) -> None:
    """The states are those that `customer show` names."""
    shell.done("customer", "add", "--email", "ben@example.com", "--language", "en")
    told = shell.done("customer", "show", "ben@example.com")
    person = str(told["customer"]["id"])
    shell.done(
        *("customer", "opt-in", person, "--channel", "email", "--topic", "coffee"),
        *("--kind", "gdpr_consent", "--source", "desk", "--wording", "Yes"),
    )
    shell.done("customer", "forget", person, "--yes")
    (line,) = shell.done("explain", person)["allows"]
    assert line["permission"] == "erased"
