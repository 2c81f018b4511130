"""`dispatcher audit hours`: what was handed over in its hours, what was not, what nobody knows."""

from __future__ import annotations

from sqlalchemy import text

from dispatcher.proof.verify_bundle import verify
from dispatcher.storage.database import Database
from tests.cli.journey import work
from tests.cli.shell import Shell, add_anna, campaign_text

LONG = ("--from", "2020-01-01T00:00Z", "--to", "2090-01-01T00:00Z")


def sent(shell: Shell) -> None:
    """Send one e-mail, whose hours are the whole day."""
    add_anna(shell)
    lines = {"hours": 'hours = "00:00-24:00"', "channels": 'channels = ["email"]'}
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text(**lines)))
    shell.done("campaign", "enqueue", "Spring")
    work()


def change(url: str, *statements: str) -> None:
    """Do to the database what only a person with a console could."""
    database = Database(url, pool_size=1)
    with database.begin() as conn:
        conn.execute(text("ALTER TABLE decision DISABLE TRIGGER ALL"))
        for statement in statements:
            conn.execute(text(statement))
    database.dispose()


def test_what_was_sent_in_its_hours_passes(shell: Shell) -> None:
    """One hand-over, looked at and found right; nothing else to tell."""
    sent(shell)
    told = shell.done("audit", "hours", *LONG)
    assert (told["looked_at"], told["in_hours"]) == (1, 1)
    assert (told["outside"], told["unjudged"], told["findings"]) == (0, 0, [])


def test_by_default_it_is_the_last_week(shell: Shell) -> None:
    """Nothing has been sent, so nothing is looked at; and that is said."""
    assert "Looked at 0 hand-overs" in shell("audit", "hours").out
    sent(shell)
    assert shell.done("audit", "hours")["looked_at"] == 1


def test_a_hand_over_at_night_is_found(shell: Shell, database_url: str) -> None:
    """Facts that name a country at four in the morning: it is told, and the exit code is 1."""
    sent(shell)
    change(
        database_url,
        "UPDATE decision SET at = '2027-07-14T02:00Z', facts = ARRAY["
        "'2|1815530400.0|eadi|ZA|Africa/Johannesburg|0-0||a||||||5000|0|0|']",
        "UPDATE delivery SET decided_at = '2027-07-14T02:00Z', settled_at = decided_at",
    )
    result = shell("audit", "hours", *LONG)
    assert result.code == 1
    assert "1 outside" in result.out
    assert "sent while closed in ZA (Africa/Johannesburg Wed 04:00:00)" in result.out


def test_a_window_recorded_too_long_is_found(shell: Shell, database_url: str) -> None:
    """`send_before` after closing is a fault, even if nothing happened to go out late."""
    sent(shell)
    change(
        database_url,
        "UPDATE decision SET at = '2027-07-14T10:00Z', facts = ARRAY["
        "'2|1815559200.0|eadi|ZA|Africa/Johannesburg|0-0||a||||||5000|0|0|']",
        "UPDATE delivery SET decided_at = '2027-07-14T10:00Z', settled_at = '2027-07-14T10:01Z',"
        " send_before = '2027-07-14T18:30Z'",
    )
    result = shell("audit", "hours", *LONG)
    assert result.code == 1
    assert "is too late: it closes 2027-07-14T18:00:00Z" in result.out


def test_a_receipt_after_closing_is_a_doubt(shell: Shell, database_url: str) -> None:
    """It is not passed: nobody can tell any more when exactly it went."""
    sent(shell)
    change(
        database_url,
        "UPDATE decision SET at = '2027-07-14T10:00Z', facts = ARRAY["
        "'2|1815559200.0|eadi|ZA|Africa/Johannesburg|0-0||a||||||5000|0|0|']",
        "UPDATE delivery SET decided_at = '2027-07-14T10:00Z', settled_at = '2027-07-14T19:00Z',"
        " send_before = '2027-07-14T17:45Z'",
    )
    result = shell("audit", "hours", *LONG)
    assert result.code == 3
    assert "settled only after the hours had ended at 2027-07-14T18:00Z" in result.out


def test_what_cannot_be_judged_is_told_apart(shell: Shell, database_url: str) -> None:
    """Another rule book, facts that cannot be read, a decision that is gone: exit code 3."""
    sent(shell)
    for spoil, said in (
        ("UPDATE decision SET facts = ARRAY['nonsense']", "its facts cannot be read"),
        ("UPDATE decision SET rule_book = 'older'", "its rule book, older, is not on record"),
        ("UPDATE decision SET customer_ids = ARRAY[1]", "its decision is not on record"),
    ):
        change(database_url, spoil)
        result = shell("audit", "hours", *LONG)
        assert result.code == 3, result.out
        assert "1 that cannot be judged" in result.out
        assert said in result.out


def test_a_span_that_ends_before_it_begins_is_refused(shell: Shell) -> None:
    """The mistake is named."""
    result = shell("audit", "hours", "--from", "2027-01-02T00:00Z", "--to", "2027-01-01T00:00Z")
    assert result.code == 2
    assert "--from" in result.err


def test_a_bundle_is_written_and_verifies(shell: Shell) -> None:
    """With a hash to keep apart; a file that is there is not written over."""
    sent(shell)
    done = shell.done("audit", "export", "--campaign", "Spring", "--out", "b.zip")
    assert done["rows"]["people.jsonl"] == 1
    assert list(verify(shell.folder / "b.zip", done["root"])) == []
    assert shell.done("audit", "export", "--campaign", "Spring")["file"] == "audit-spring.zip"
    again = shell("audit", "export", "--campaign", "Spring", "--out", "b.zip")
    assert (again.code, "there already" in again.err) == (1, True)
    assert (
        "personal data"
        in shell(
            *("audit", "export", "--campaign", "Spring", "--out", "c.zip", "--with-evidence")
        ).err
    )
