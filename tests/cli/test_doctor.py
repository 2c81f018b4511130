"""`dispatcher doctor`: each thing that must be in place, and the remedy where it is not."""

from __future__ import annotations

import socket
from typing import Any

from tests.cli.journey import work
from tests.cli.shell import Shell, campaign_text
from tests.cli.test_reply import PROGRAMME
from tests.rules.override_texts import COMPLIANCE, entry, week


def findings(shell: Shell) -> dict[str, Any]:
    """What it found, by subject; the exit code must fit."""
    result = shell("doctor", "--json")
    told = result.json()
    assert result.code == (0 if told["healthy"] else 1)
    return {each["subject"]: each for each in told["findings"]}


def test_all_is_well(shell: Shell, broker_url: str) -> None:
    """With servers that answer, what remains is advice (and the test server's disk)."""
    shell.environment.setenv("BROKER_URL", broker_url)
    shell("init")
    found = findings(shell)
    # The data of a build grows old in the end; its age has a test of its own.
    failed = {each["subject"] for each in found.values() if each["level"] == "fail"}
    assert failed <= {"durability", "rule data"}
    for subject in ("settings", "journals", "key file", "schema", "clocks", "keys", "broker"):
        assert found[subject]["level"] == "ok", found[subject]
    assert found["opt-out watch"]["level"] != "fail"
    assert found["workers"]["level"] == "warn"
    assert "dispatcher up" in found["workers"]["remedy"]


def test_the_test_servers_disk_is_not_trusted(shell: Shell, broker_url: str) -> None:
    """A server that does not wait for its disk is no place for promises."""
    shell.environment.setenv("BROKER_URL", broker_url)
    found = findings(shell)["durability"]
    assert found["level"] in ("fail", "warn")
    assert found["remedy"]


def test_an_unreachable_database_is_told_and_the_rest_still_looked_at(bare_shell: Shell) -> None:
    """One failure does not hide the others."""
    found = findings(bare_shell)
    assert found["database"]["level"] == "fail"
    assert "DATABASE_URL" in found["database"]["remedy"]
    assert found["broker"]["level"] == "fail"
    assert found["safe mode"]["level"] == "ok"


def test_a_database_without_schema(shell: Shell, empty_database_url: str) -> None:
    """It says which command makes one, and that command does."""
    shell.environment.setenv("DATABASE_URL", empty_database_url)
    assert "dispatcher migrate" in findings(shell)["schema"]["remedy"]
    shell.done("migrate")
    assert findings(shell)["schema"]["level"] == "ok"


def test_a_broker_that_does_not_answer(shell: Shell) -> None:
    """Its password is not repeated."""
    shell.environment.setenv("BROKER_URL", "redis://:hush@127.0.0.1:1/0")
    result = shell("doctor")
    assert result.code == 1
    assert "redis://127.0.0.1:1/0 does not answer" in result.out
    assert "hush" not in result.out


def test_a_gateway_is_built_in_safe_mode_and_called_outside_it(shell: Shell) -> None:
    """Nothing leaves the machine in safe mode, not even a call to look."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        mail = f'[gateways.mail]\nkind = "smtp"\nhost = "127.0.0.1"\nport = {port}\n'
        shell.write("dispatcher.toml", mail)
        assert "not called in safe mode" in findings(shell)["gateway mail"]["told"]
        shell.write("dispatcher.toml", f"safe_mode = false\n{mail}")
        assert "takes no call" in findings(shell)["gateway mail"]["told"]
        taken.listen()
        assert findings(shell)["gateway mail"]["level"] == "ok"


def test_a_misspelt_gateway_is_told_in_safe_mode_already(shell: Shell) -> None:
    """Nobody learns on the day of the campaign."""
    shell.write("dispatcher.toml", '[gateways.mail]\nkind = "smtp"\nhots = "x"\n')
    assert "host" in findings(shell)["gateway mail"]["told"]


def test_keys_of_another_installation(shell: Shell) -> None:
    """They would make every suppression miss."""
    shell("customer", "add", "--email", "ben@example.com")
    shell.environment.setenv("DISPATCHER_KEYS", '["' + "ab" * 32 + '"]')
    assert findings(shell)["keys"]["level"] == "fail"


def test_a_key_file_that_others_may_read(shell: Shell) -> None:
    """It says how to close it."""
    shell("init")
    keys = shell.folder / "home" / "keys"
    keys.chmod(0o644)
    assert "chmod 600" in findings(shell)["key file"]["remedy"]


def test_journals_that_cannot_be_written(shell: Shell) -> None:
    """Without them a killed worker leaves messages unsure."""
    shell.write("home", "a file where the folder should be")
    found = findings(shell)["journals"]
    assert found["level"] == "fail"
    assert "DISPATCHER_HOME" in found["remedy"]


def test_broken_settings_are_the_first_thing_to_mend(shell: Shell) -> None:
    """Nothing else can be looked at before."""
    shell.write("dispatcher.toml", "safe_mode = = 1")
    assert findings(shell)["settings"]["level"] == "fail"


def test_a_clock_put_forward_is_pointed_out(shell: Shell) -> None:
    """Who demonstrates today should not wonder tomorrow."""
    shell.done("clock", "--by", "5")
    assert "5.0 h ahead" in findings(shell)["programme clock"]["told"]
    shell.done("clock", "--reset")
    assert "programme clock" not in findings(shell)


def test_a_programme_is_looked_at(shell: Shell) -> None:
    """A slip is told with its line, and so is a question that takes more than two texts."""
    assert "nobody can join" in findings(shell)["programme"]["told"]
    shell.write("programme.toml", PROGRAMME)
    found = findings(shell)
    assert "Northwind Offers, 2 topics" in found["programme"]["told"]
    assert "question" not in found
    long = PROGRAMME.replace("do you live", "o " * 74).replace("come from nearby", "o " * 52)
    shell.write("programme.toml", long)
    told = findings(shell)["question"]
    assert (told["level"], told["told"].partition(";")[0]) == (
        "warn",
        '"town" takes 3 texts in en',
    )
    shell.write("programme.toml", PROGRAMME.replace('gives = "Then', 'gvies = "Then'))
    assert "lacks gives" in findings(shell)["programme"]["told"]


def test_overrides_are_looked_at(shell: Shell) -> None:
    """A wrong entry is told with its line, and the rest is still looked at."""
    assert "rule overrides" not in findings(shell)
    shell.environment.setenv("DISPATCHER_RULE_OVERRIDES", "hours.toml")
    assert "hours.toml" in findings(shell)["rule overrides"]["told"]
    shell.write("hours.toml", "# nothing yet")
    assert findings(shell)["rule overrides"]["level"] == "ok"
    shell.write("hours.toml", entry("FR", windows=week("00:00-24:00"), **COMPLIANCE))
    found = findings(shell)
    assert found["rule overrides"]["level"] == "fail"
    assert "hours.toml:3: override 1 (FR), windows" in found["rule overrides"]["told"]
    assert found["safe mode"]["level"] == "ok"


def test_people_whose_hours_nobody_knows_are_counted(shell: Shell, broker_url: str) -> None:
    """Who got nothing for lack of a zone in the last day is told, and what to do about it."""
    shell.environment.setenv("BROKER_URL", broker_url)
    assert findings(shell)["hours"]["level"] == "ok"
    shell.done("customer", "add", "--email", "ben@example.com", "--language", "en")
    shell.done(
        *("customer", "opt-in", "ben@example.com", "--topic", "coffee", "--channel", "email"),
        *("--wording", "Yes, coffee", "--source", "paper form"),
    )
    shell.done("campaign", "approve", shell.write("spring.toml", campaign_text()))
    shell.done("campaign", "enqueue", "Spring")
    work()
    found = findings(shell)["hours"]
    assert found["level"] == "warn"
    assert "1: no time zone known" in found["told"]
    assert "zone or country" in found["remedy"]
