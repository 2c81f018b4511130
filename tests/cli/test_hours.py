"""`dispatcher hours`: open or closed, until when, why; without database or settings."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from dispatcher.cli import hours
from dispatcher.rules.jurisdictions import FRESH_DAYS
from dispatcher.services.jurisdictions import shipped
from tests.cli.shell import Shell
from tests.rules.override_texts import COMPLIANCE, entry, week

CASES = Path(__file__).parents[1] / "rules" / "quiet_hours_cases.tsv"
HEAD = "jurisdiction\tzone\tprofile\tinstant_utc\n"
ROW = "FR\tEurope/Paris\tbalanced\t2026-12-01T12:00Z\n"


@pytest.fixture
def shell(bare_shell: Shell) -> Shell:
    """No database answers, and there is no settings file."""
    bare_shell.environment.delenv("DATABASE_URL")
    return bare_shell


def test_a_closed_hour_is_told_in_sentences(shell: Shell) -> None:
    """Since when, until when in local time and UTC, the rule with its source, and a caveat."""
    said = " ".join(shell("hours", "FR", "--at", "2027-07-14T08:00Z").out.split())
    assert "CLOSED since Tue 13 Jul 2027 20:00 Europe/Paris (2027-07-13 18:00 UTC)" in said
    assert "opens Thu 15 Jul 2027 08:00 Europe/Paris (2027-07-15 06:00 UTC)" in said
    assert "France: closed all day on Wednesday (National Day)" in said
    assert "confidence high, as of 2026-11-21" in said
    assert "https://sendtargetsms.com" in said
    assert "not legal advice" in said
    assert shipped().version in said


def test_an_open_hour_is_told_with_its_end(shell: Shell) -> None:
    """Until when it stays open is what a sender needs to know."""
    said = " ".join(shell("hours", "us-fl", "--at", "2026-12-01T15:00Z").out.split())
    assert "OPEN since Tue 01 Dec 2026 09:00 America/New_York" in said
    assert "until Tue 01 Dec 2026 20:00 America/New_York" in said
    assert "Florida: 08:00 to 20:00 on Tuesday" in said


def test_every_candidate_zone_is_told(shell: Shell) -> None:
    """With no zone known it says which clock holds the message."""
    said = shell("hours", "US-FL", "--at", "2026-12-01T13:30Z").out
    assert "it is 07:30 in America/Chicago" in said


def test_programs_get_the_same(shell: Shell) -> None:
    """Decision, instants, rules and the version of the data."""
    told = shell.done("hours", "GP", "--at", "2026-12-06T16:00Z")
    assert (told["decision"], told["next_open_utc"]) == ("hold", "2026-12-07T12:00Z")
    assert told["zones"] == ["America/Guadeloupe"]
    assert told["closed_by"][0]["jurisdiction"] == "FR"
    assert told["rules"][0]["sources"][0]["grade"] == "V"
    assert told["data"]["fingerprint"] == shipped().fingerprint


def test_the_profile_and_the_channel_count(shell: Shell) -> None:
    """Doubtful rules bind under strict; e-mail is bound where the law says so."""
    spain = ("hours", "ES", "--zone", "Europe/Madrid", "--at", "2026-12-05T11:00Z")
    assert shell.done(*spain)["decision"] == "allow"
    assert shell.done(*spain, "--profile", "strict")["decision"] == "hold"
    night = ("hours", "DE", "--at", "2026-12-05T23:00Z")
    assert shell.done(*night)["decision"] == "hold"
    assert shell.done(*night, "--channel", "email")["decision"] == "allow"


def test_number_and_residence_may_be_named_together(shell: Shell) -> None:
    """Several jurisdictions, and several zones, bind all at once."""
    told = shell.done("hours", "US-OR,US-TX", "--at", "2026-12-06T17:00Z")
    assert [rule["jurisdiction"] for rule in told["rules"]] == ["US-OR", "US", "US-TX"]
    assert "America/Boise" in told["zones"]


def test_an_unlisted_country_needs_a_zone(shell: Shell) -> None:
    """Without one it is closed, and what to do is said."""
    assert "--zone" in shell("hours", "IS").out
    told = shell.done("hours", "IS", "--at", "2026-12-07T09:00Z", "--zone", "Atlantic/Reykjavik")
    assert told["decision"] == "allow"
    assert shell.done("hours", "IS")["next_open_utc"] is None


def test_now_is_the_time_if_none_is_given(shell: Shell) -> None:
    """The question may be: may I send now?"""
    assert shell.done("hours", "FR")["decision"] in ("allow", "hold")


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_table_of_questions_is_answered_line_by_line(shell: Shell, words: tuple[str]) -> None:
    """Each row of the rule book's cases has one JSON line, in order, and agrees."""
    result = shell("hours", "--cases", CASES, *words)
    told = [json.loads(line) for line in result.out.splitlines()]
    with CASES.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert result.code == 0
    assert len(told) == len(rows) > 50
    columns = ("jurisdiction", "zone", "profile", "instant_utc", "decision", "next_open_utc")
    for line, row in zip(told, rows, strict=True):
        assert [line[column] for column in columns] == [row[column] for column in columns]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "cases.tsv:1: column jurisdiction is missing"),
        ("jurisdiction\tzone\n", "cases.tsv:1: column instant_utc is missing"),
        (HEAD + ROW + "FRANCE\n", 'cases.tsv:3: "FRANCE" is no jurisdiction'),
        (HEAD + ROW + "\n" + ROW.replace("FR", ""), "cases.tsv:4: no jurisdiction is named"),
        (HEAD + ROW.replace("Europe/Paris", "Paris/Europe"), 'cases.tsv:2: "Paris/Europe" is no'),
        (HEAD + ROW.replace("balanced", "lax"), 'cases.tsv:2: "lax" is no profile'),
        (HEAD + ROW.replace("Z", ""), "cases.tsv:2: instant_utc: needs a time zone"),
        (HEAD + ROW.replace("2026-12-01T12:00Z", "noon"), "cases.tsv:2: instant_utc: "),
        (HEAD + ROW.replace("2026", "1926"), "cases.tsv:2: instant_utc: the year 1926"),
        (HEAD + ROW.strip() + "\tmore\n", "cases.tsv:2: 5 cells under 4 columns"),
        (HEAD + "FR\n", "cases.tsv:2: instant_utc: "),
        (b"\xff\xfe", "cases.tsv: is no text in UTF-8"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(
    shell: Shell, content: str | bytes, says: str
) -> None:
    """The exit code is 2, the line is named, and nothing is answered."""
    shell.write("cases.tsv", content)
    result = shell("hours", "--cases", "cases.tsv")
    assert (result.code, result.out) == (2, "")
    assert says in result.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "name a jurisdiction"),
        (("FR", "--cases", CASES), "name a jurisdiction"),
        ((",",), "no jurisdiction is named"),
        (("France",), "is no jurisdiction; write FR"),
        (("FR", "--zone", "../etc/passwd"), "is no time zone"),
        (("FR", "--at", "tomorrow"), "--at"),
        (("FR", "--at", "0001-01-01T00:00Z"), "the year 1 is none of 2000 to 2099"),
        (("FR", "--at", "9999-12-31T00:00Z"), "the year 9999"),
        (("FR", "--profile", "lax"), "lax"),
        (("FR", "--channel", "pigeon"), "pigeon"),
    ],
)
def test_a_question_that_cannot_be_right_is_refused(
    shell: Shell, words: tuple[str, ...], says: str
) -> None:
    """The exit code is 2, and how it is written is said."""
    result = shell("hours", *words)
    assert (result.code, result.out) == (2, "")
    assert says in result.err
    assert "Traceback" not in result.err


def test_a_file_that_is_not_there_is_told(shell: Shell) -> None:
    """No traceback, and the name of the file."""
    result = shell("hours", "--cases", "nowhere.tsv")
    assert result.code != 0
    assert "nowhere.tsv" in result.err


def test_data_that_is_too_old_is_told_beside_the_answer(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever relies on an old build is warned on standard error."""
    monkeypatch.setattr(hours, "stale", lambda book, today: f"more than {FRESH_DAYS} days")
    result = shell("hours", "FR")
    assert f"Beware: more than {FRESH_DAYS} days" in result.err
    assert "Beware" not in result.out


def test_neither_database_nor_settings_are_needed(shell: Shell) -> None:
    """It answers in an empty folder, and leaves it empty."""
    shell.environment.setenv("DISPATCHER_CONFIG", "/nowhere/dispatcher.toml")
    assert shell("hours", "FR").code == 0
    assert list(shell.folder.iterdir()) == []


OWN = entry(
    "ES", brand='"roaster"', windows=week("10:00-18:00"), by='"Ana"', reason='"shops"'
) + entry("US-LA", consent_lifts_hours="true", **COMPLIANCE)
EVENING = ("--zone", "Europe/Madrid", "--at", "2026-12-01T19:00+01:00")


def test_overrides_are_obeyed_for_their_brand(shell: Shell) -> None:
    """Those of the settings; what is said names who decided it."""
    shell.write("hours.toml", OWN)
    shell.environment.setenv("DISPATCHER_RULE_OVERRIDES", "hours.toml")
    told = shell.done("hours", "ES", *EVENING, "--brand", "roaster")
    assert (told["decision"], told["overrides"][0]["by"]) == ("hold", "Ana")
    assert told["data"]["version"].startswith(f"{shipped().version}+")
    other = shell.done("hours", "ES", *EVENING)
    assert (other["decision"], other["overrides"]) == ("allow", [])
    said = shell("hours", "ES", *EVENING, "--brand", "roaster").out
    assert "ES: overridden for brand roaster, always." in said
    assert "By Ana (tenant): shops." in said
    shell.write("cases.tsv", HEAD + "ES\tEurope/Madrid\tbalanced\t2026-12-01T18:00Z\n")
    asked = shell("hours", "--cases", "cases.tsv", "--brand", "roaster")
    assert json.loads(asked.out)["decision"] == "hold"


def test_overrides_may_be_tried_before_they_are_set(shell: Shell) -> None:
    """A file that is named counts instead of that of the settings."""
    shell.write("hours.toml", OWN)
    tried = ("--overrides", "hours.toml")
    told = shell.done("hours", "ES", *EVENING, "--brand", "roaster", *tried)
    assert told["decision"] == "hold"
    sunday = ("hours", "US-LA", "--at", "2026-12-06T12:00-06:00", *tried)
    assert shell.done(*sunday)["decision"] == "hold"
    assert shell.done(*sunday, "--written-consent")["decision"] == "allow"


def test_a_file_of_overrides_is_checked(shell: Shell) -> None:
    """What each entry changes, by whom and why; nothing is started."""
    shell.write("hours.toml", OWN)
    said = shell("hours", "--overrides", "hours.toml")
    assert said.out.splitlines() == [
        "1. Spain (ES, default), brand roaster, always:",
        "   windows shifted. By Ana (tenant): shops.",
        "2. Louisiana (US-LA, should), all brands, always:",
        "   consent_lifts_hours wider. By Ana (compliance): the lawyers agree.",
        "hours.toml: 2 entries, all in order.",
    ]
    told = shell.done("hours", "--overrides", "hours.toml")["overrides"]
    assert [each["changes"] for each in told] == [
        *({"windows": "shifted"}, {"consent_lifts_hours": "wider"})
    ]


@pytest.mark.parametrize("words", [(), ("ES",)])
def test_a_wrong_file_of_overrides_is_refused(shell: Shell, words: tuple[str, ...]) -> None:
    """With its line, whether it is named or set; the exit code is 2."""
    shell.write("hours.toml", entry("FR", windows=week("00:00-24:00"), **COMPLIANCE))
    result = shell("hours", *words, "--overrides", "hours.toml")
    assert (result.code, result.out) == (2, "")
    assert "hours.toml:3: override 1 (FR), windows: opens what the law of France" in result.err
    shell.environment.setenv("DISPATCHER_RULE_OVERRIDES", "hours.toml")
    assert "rule_overrides: hours.toml:3: " in shell("hours", "ES").err
    shell.environment.setenv("DISPATCHER_RULE_OVERRIDES", "nowhere.toml")
    assert "rule_overrides: nowhere.toml cannot be read" in shell("hours", "ES").err
