"""`dispatcher campaign`: from a file to a report, as the marketer types it."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import default

import pytest

from dispatcher.domain.reports import FEWER
from dispatcher.storage.database import Database
from dispatcher.storage.sandbox import inbox
from tests.cli.journey import work
from tests.cli.shell import Shell, add_anna, campaign_text

FILE = "spring.toml"
ALL_DAY = 'hours = "00:00-24:00"'
BY_EMAIL = 'channels = ["email"]'


def mailbox(url: str) -> list[bytes]:
    """What has arrived in the sandbox, the newest first."""
    database = Database(url, pool_size=1)
    with database.begin() as conn:
        contents = [bytes(row["content"]) for row in inbox(conn)]
    database.dispose()
    return contents


def approved(shell: Shell, **changes: str) -> int:
    """Approve a campaign that may go out at any hour, by e-mail."""
    lines = {"hours": ALL_DAY, "channels": BY_EMAIL, **changes}
    file = shell.write(FILE, campaign_text(**lines))
    return int(shell.done("campaign", "approve", file)["campaign"])


def test_a_new_file_is_right_as_it_is(shell: Shell) -> None:
    """`new` writes a file that `validate` has nothing against."""
    assert shell.done("campaign", "new", "Spring")["file"] == FILE
    assert shell.done("campaign", "validate", FILE)["name"] == "Spring"


@pytest.mark.parametrize("template", ["coffee-week", "last-seats", "bike-service"])
def test_every_shipped_template_can_be_started_from(shell: Shell, template: str) -> None:
    """A new file on any template that is shipped names all that the template shows."""
    shell.done("campaign", "new", "Spring", "--template", template)
    shell.done("campaign", "validate", FILE)


def test_preview_tells_whom_when_and_in_which_words(shell: Shell, database_url: str) -> None:
    """It counts the audience, renders each language, and changes nothing."""
    add_anna(shell)
    shell.write(FILE, campaign_text(channels=BY_EMAIL))
    seen = shell.done("campaign", "preview", FILE)
    assert (seen["audience"], seen["reached"]) == (FEWER, FEWER)
    assert {sample["language"] for sample in seen["samples"]} == {"en", "fr", "de"}
    shown = shell("campaign", "preview", FILE).out
    assert "semaine du café" in shown
    assert "\ufffd" not in shown
    assert shell.done("campaign", "list") == {"campaigns": []}


def test_from_file_to_report(shell: Shell, database_url: str) -> None:
    """Approved, enqueued, watched to its end, and everybody has a verdict."""
    add_anna(shell)
    shell.done("customer", "add", "--email", "ben@example.com", "--language", "en")
    number = approved(shell)
    shell.done("campaign", "enqueue", "Spring")
    work()
    (line,) = shell("campaign", "watch", number, "--json").out.splitlines()
    assert json.loads(line)["state"] == "finished"
    report = shell.done("campaign", "report", "Spring")
    assert report["by_state"] == {"accepted": FEWER, "skipped": FEWER}
    assert (report["missing"], report["open"]) == (0, 0)
    assert "Bonjour Anna" in mailbox(database_url)[0].decode()
    assert "no_consent" in shell("campaign", "report", number).out


def test_enqueueing_twice_is_one_wave(shell: Shell) -> None:
    """The second time says so, and makes nothing; another key makes another wave."""
    approved(shell)
    first = shell.done("campaign", "enqueue", FILE)
    second = shell.done("campaign", "enqueue", FILE)
    third = shell.done("campaign", "enqueue", FILE, "--key", "again")
    assert (first["new"], second["new"], third["new"]) == (True, False, True)
    assert first["wave"] == second["wave"] != third["wave"]


def test_without_a_broker_the_work_is_found_later(shell: Shell) -> None:
    """Enqueueing succeeds all the same, and says who will find it."""
    approved(shell)
    result = shell("campaign", "enqueue", "Spring")
    assert result.code == 0
    assert "No broker is running" in result.err


def test_a_broker_that_does_not_answer_only_delays(
    shell: Shell, caplog: pytest.LogCaptureFixture
) -> None:
    """The wave is there; what could not be rung is told."""
    approved(shell)
    shell.environment.setenv("BROKER_URL", "redis://127.0.0.1:1/0")
    assert shell("campaign", "enqueue", "Spring").code == 0
    assert "the sweeper will" in caplog.text


def test_pause_resume_and_cancel_say_what_it_is_now(shell: Shell) -> None:
    """Each gives the new state; the note is kept for whoever asks."""
    approved(shell)
    shell.done("campaign", "enqueue", "Spring")
    assert shell.done("campaign", "pause", "Spring", "--note", "a typo")["state"] == "paused"
    assert "a typo" in shell("campaign", "list").out
    assert shell.done("campaign", "resume", "Spring")["state"] == "running"
    assert shell.done("campaign", "cancel", "Spring", "--yes")["state"] == "cancelled"


def test_cancelling_asks_first(shell: Shell) -> None:
    """Without --yes and without an answer nothing is cancelled."""
    approved(shell)
    assert shell("campaign", "cancel", "Spring").code == 1
    assert shell.done("campaign", "list")["campaigns"][0]["state"] == "approved"


def test_a_copy_has_the_new_name(shell: Shell) -> None:
    """`clone` writes a file that is right and bears the other name."""
    approved(shell)
    file = shell.done("campaign", "clone", "Spring", "Summer")["file"]
    assert shell.done("campaign", "validate", file)["name"] == "Summer"


def test_a_trial_goes_to_whoever_agreed_and_is_marked(shell: Shell, database_url: str) -> None:
    """The copy says that it is a test, and leaves no wave behind."""
    anna = add_anna(shell)
    shell.write(FILE, campaign_text())
    said = shell.done("campaign", "test", FILE, "anna@example.com")
    assert (said["channel"], said["outcome"]) == ("email", "accepted")
    mail = message_from_bytes(mailbox(database_url)[0], policy=default)
    assert str(mail["Subject"]).startswith("[Test] ")
    shell.done("customer", "opt-out", anna)
    refused = shell("campaign", "test", FILE, "anna@example.com")
    assert refused.code == 1
    assert "email: suppressed" in refused.err
    assert len(mailbox(database_url)) == 1


def test_a_trial_of_what_is_halted_is_refused(shell: Shell, database_url: str) -> None:
    """A halt holds for tests as well."""
    add_anna(shell)
    approved(shell)
    shell.done("halt", "--gateway", "email")
    refused = shell("campaign", "test", "Spring", "anna@example.com")
    assert "gateway:email is halted" in refused.err
    assert mailbox(database_url) == []
