"""`dispatcher customer`: people, and what they agreed to, at the counter."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from dispatcher.domain.reports import FEWER
from dispatcher.storage.database import Database
from tests.cli.shell import Shell, add_anna, campaign_text

ROOT = Path(__file__).resolve().parents[2]

PEOPLE = """\
E-Mail;first_name;language;topics;consent_at;consent_kind;consent_source;consent_wording
ben@example.com;Ben;en;coffee;2026-05-01T10:00:00Z;gdpr_consent;web form;Yes, coffee
carl@example.com;Carl;de;coffee;;;;
nonsense;Dora;fr;coffee;;;;
"""


def test_somebody_is_found_by_any_name_they_have(shell: Shell) -> None:
    """Address in any spelling, phone, with a tag, or number: it is the same person."""
    anna = add_anna(shell)
    for who in ("ANNA@example.com", "anna+news@example.com", "+44 7700 900123", anna):
        assert shell.done("customer", "show", who)["customer"]["id"] == anna


def test_the_card_shows_what_they_allow(shell: Shell) -> None:
    """Facts, consent and the event that says so."""
    add_anna(shell)
    card = shell("customer", "show", "anna@example.com").out
    assert "Anna" in card
    assert "coffee" in card
    assert "active" in card
    assert "\x1b" not in card


def test_a_home_may_have_a_state(shell: Shell) -> None:
    """It is added by code or name, shown, and exported with where the number says they live."""
    home = ("--country", "US", "--region", "Texas")
    shell.done("customer", "add", "--phone", "+1 541 555 0104", *home)
    customer = shell.done("customer", "show", "+15415550104")["customer"]
    assert (customer["country"], customer["region"]) == ("US", "TX")
    assert customer["addresses"][0]["jurisdictions"][0] == "US-OR"
    assert "TX" in shell("customer", "show", "+15415550104").out
    told = json.loads(shell("customer", "export", "+15415550104").out)
    assert told["customer"]["region"] == "TX"
    other = ("customer", "add", "--email", "who@example.com")
    for wrong in (("--region", "TX"), ("--country", "US-TX", "--region", "OR")):
        refused = shell(*other, *wrong)
        assert refused.code == 2
        assert "--region" in refused.err


def test_a_preferred_channel_is_noted_shown_and_taken_back(shell: Shell) -> None:
    """What a person says at the counter about how they want to be reached."""
    add_anna(shell)
    assert shell.done("customer", "prefer", "anna@example.com", "sms")["prefers"] == "sms"
    assert shell.done("customer", "show", "anna@example.com")["customer"]["prefers"] == "sms"
    assert "prefers" in shell("customer", "show", "anna@example.com").out
    assert shell.done("customer", "prefer", "anna@example.com")["prefers"] is None
    assert shell("customer", "prefer", "anna@example.com", "pigeon").code == 2
    acts = shell.done("explain", "anna@example.com")["acts"]
    assert [act["detail"] for act in acts if act["action"] == "prefer"] == [
        {"channel": "sms"},
        {"channel": ""},
    ]


def test_an_operator_cannot_undo_an_opt_out(shell: Shell) -> None:
    """The opt-in is recorded, but only the person's own START is in force."""
    add_anna(shell)
    shell.done("customer", "opt-out", "anna@example.com")
    again = ("customer", "opt-in", "anna@example.com", "--topic", "coffee", "--channel", "sms")
    said = shell.done(*again, "--wording", "Yes", "--source", "a phone call")
    assert said["in_force"] == {"sms": False}
    assert shell.done("reply", "+447700900123", "start")["opted_in"] == 0


def test_opting_out_silences_known_and_unknown(shell: Shell) -> None:
    """A customer is taken off; a stranger's address is suppressed should it ever come."""
    add_anna(shell)
    assert shell.done("customer", "opt-out", "+447700900123")["news"]
    assert not shell.done("customer", "opt-out", "+447700900123")["news"]
    assert shell.done("customer", "opt-out", "who@example.com")["customer"] is None
    new = shell("customer", "show", "who@example.com")
    assert "it is suppressed" in new.err


def test_a_topic_may_be_left_alone(shell: Shell) -> None:
    """Only that topic ends; the address stays unsuppressed."""
    add_anna(shell)
    shell.done("customer", "opt-out", "anna@example.com", "--topic", "coffee")
    card = shell.done("customer", "show", "anna@example.com")
    assert card["suppressions"] == []
    states = {(line["channel"], line["topic"]): line["state"] for line in card["allows"]}
    assert states["email", "coffee"] == "opted_out"


def test_forgetting_leaves_silence(shell: Shell) -> None:
    """Nothing of the person is left but what keeps the address silent."""
    anna = add_anna(shell)
    assert shell("customer", "forget", anna).code == 1  # nobody said yes
    receipt = shell.done("customer", "forget", anna, "--yes")["receipt"]
    assert receipt["erased"]["address"] == 2
    assert receipt["finished_at"]
    assert shell.done("customer", "show", anna)["customer"]["erased"]
    assert "is forgotten" in shell("customer", "forget", anna, "--yes").out
    assert "it is suppressed" in shell("customer", "show", "anna@example.com").err


def test_export_gives_everything_as_json(shell: Shell) -> None:
    """What a person may ask for: facts, consents with the words shown, campaigns, replies."""
    add_anna(shell)
    shell.done("reply", "+447700900123", "Hello")
    told = json.loads(shell("customer", "export", "anna@example.com").out)
    assert told["consents"][0]["wording"] == "Yes, coffee"
    assert told["replies"][0]["text"] == "Hello"
    assert "digest" not in json.dumps(told["customer"])
    shell.done("customer", "export", "anna@example.com", "--out", "anna.json")
    assert json.loads((shell.folder / "anna.json").read_text()) == told
    written = shell.done("customer", "export", "anna@example.com", "--out", "anna")["files"]
    assert {"everything.json", "consents.csv", "replies.csv", "README.txt"} <= set(written)
    assert json.loads((shell.folder / "anna" / "everything.json").read_text()) == told
    shell.done("customer", "export", "anna@example.com", "--out", "anna.zip")
    with zipfile.ZipFile(shell.folder / "anna.zip") as archive:
        assert sorted(archive.namelist()) == written


def test_every_act_is_in_the_audit_trail(shell: Shell, database_url: str) -> None:
    """Who did what to whom, without an address."""
    anna = add_anna(shell)
    shell.done("customer", "opt-out", anna)
    shell.done("customer", "suppress", "who@example.com")
    shell.done("customer", "forget", anna, "--yes")
    database = Database(database_url, pool_size=1)
    with database.begin() as conn:
        lines = conn.execute(text("SELECT action, subject FROM audit ORDER BY id")).all()
    database.dispose()
    assert [line.action for line in lines] == ["add", "opt_in", "opt_out", "suppress", "forget"]
    assert "@" not in str(lines)


def test_an_import_names_each_bad_row(shell: Shell) -> None:
    """Good rows are in, bad ones in the rejects file, and consent without proof does not count."""
    shell.write("people.csv", PEOPLE)
    said = shell.done("customer", "import", "people.csv", "--map", "email=E-Mail")
    assert (said["imported"]["people"], said["imported"]["rejects"]) == (2, 1)
    assert (said["imported"]["proven"], said["imported"]["unproven"]) == (1, 1)
    assert "4,email,nonsense," in (shell.folder / said["rejects"]).read_text("utf-8-sig")
    shown = shell("customer", "import", "people.csv", "--map", "email=E-Mail")
    assert "imported before" in shown.out
    assert "reading: done" in shown.err


def test_control_characters_never_reach_the_terminal(shell: Shell, database_url: str) -> None:
    """Whatever a person is called, the cursor stays where it is."""
    anna = add_anna(shell)
    database = Database(database_url, pool_size=1)
    name = json.dumps({"first_name": "\x1b[2JAnna\x07"})
    with database.begin() as conn:
        change = text("UPDATE customer SET attributes = CAST(:name AS jsonb) WHERE id = :id")
        conn.execute(change, {"name": name, "id": anna})
    database.dispose()
    card = shell("customer", "show", anna).out
    assert "Anna" in card
    assert "\x1b" not in card
    assert "\x07" not in card


def test_offers_are_held_released_and_kept_quiet(shell: Shell) -> None:
    """Each is shown on the person's card and in the export, with its end."""
    anna = add_anna(shell)
    assert shell.done("customer", "hold", "anna@example.com", "--because", "complaint")["news"]
    assert not shell.done("customer", "hold", anna, "--because", "complaint")["news"]
    (held,) = shell.done("customer", "show", anna)["holds"]
    assert (held["flag"], held["brand"], held["until"]) == ("complaint", "*", None)
    assert "complaint" in shell("customer", "show", anna).out
    assert shell.done("customer", "release", anna)["closed"] == 1
    (held,) = json.loads(shell("customer", "export", anna).out)["holds"]
    assert held["closed_at"] < held["until"]
    assert shell.done("customer", "quiet", anna, "--for", "3 months")["news"]
    assert shell.done("customer", "release", anna, "--because", "quiet")["closed"] == 1


def test_a_hold_that_cannot_be_meant_is_refused(shell: Shell) -> None:
    """A brand nobody knows, quiet without an end, a span nobody can read."""
    anna = add_anna(shell)
    unknown = shell("customer", "hold", anna, "--because", "complaint", "--brand", "nobody")
    assert 'there is no brand "nobody"' in unknown.err
    assert "customer quiet" in shell("customer", "hold", anna, "--because", "quiet").err
    assert "3 months" in shell("customer", "quiet", anna, "--for", "ever").err
    assert "a year" in shell("customer", "quiet", anna, "--for", "20 months").err


def how_to(language: str) -> str:
    """Give the one block of the how-to on reminders in a language."""
    page = ROOT / "docs" / "how-to" / "remind-people-of-what-they-looked-at.md"
    (block,) = re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return str(block)


def test_what_people_did_about_products_is_taken_shown_and_exported(shell: Shell) -> None:
    """The how-to as it stands: its file is taken, its campaign reminds who looked, till the end."""
    anna = add_anna(shell)
    text = campaign_text(channels='channels = ["email"]')
    shell.write("spring.toml", text + how_to("toml"))
    shell.done("campaign", "approve", "spring.toml")
    brand = tomllib.loads(text)["brand"]["id"]
    file = re.sub(r"2026[^,\n]+Z", datetime.now(UTC).isoformat(), how_to("text"))
    shell.write("week.csv", file.replace("northwind", brand))
    taken = shell.done("customer", "signals", "week.csv")
    assert (taken["taken"]["rows"], taken["taken"]["news"]) == (2, 1)
    assert "ben@example.com" in (shell.folder / "week.rejects.csv").read_text("utf-8-sig")
    again = shell("customer", "signals", "week.csv").out
    assert "known already" in again
    (signal,) = shell.done("customer", "show", anna)["signals"]
    assert (signal["product"], signal["kind"]) == ("espresso-machine", "viewed")
    assert json.loads(shell("customer", "export", anna).out)["signals"] == [signal]
    assert shell.done("campaign", "preview", "spring.toml")["audience"] == FEWER
    did = ("customer", "signal", anna, "bought", "espresso-machine", "--brand", brand)
    assert shell.done(*did)["news"]
    assert shell.done("campaign", "preview", "spring.toml")["audience"] == 0
    shell.done("customer", "forget", anna, "--yes")
    assert shell.done("customer", "show", anna)["signals"] == []


def test_signals_that_cannot_be_meant_are_refused(shell: Shell) -> None:
    """A brand nobody knows, no product, the future, a file without what is needed."""
    anna = add_anna(shell)
    viewed = ("customer", "signal", anna, "viewed")
    assert 'no brand "nobody"' in shell(*viewed, "kettle", "--brand", "nobody").err
    assert "without spaces" in shell(*viewed, "a kettle", "--brand", "b").err
    future = ("--brand", "b", "--at", "2199-01-01T00:00:00Z")
    assert "in the future" in shell(*viewed, "kettle", *future).err
    for header, says in (
        ("email,product,kind\n", "no column is called at"),
        ("product,kind,at\n", "no column says who"),
        ("email,product,kind,at\n", "--brand"),
    ):
        shell.write("week.csv", header)
        refused = shell("customer", "signals", "week.csv")
        assert (refused.code, says in refused.err) == (2, True), refused.err


def test_terms_of_their_own_are_noted_shown_and_lifted(shell: Shell) -> None:
    """When and how much somebody wants to hear, said at the counter."""
    add_anna(shell)
    asked = ("--days", "mon-fri", "--most-a-month", "4", "--hours", "18:00-21:00")
    told = shell.done("customer", "terms", "anna@example.com", *asked)
    assert (told["days"], told["most_a_month"], told["hours_from"]) == ("12345", 4, 18 * 60)
    card = shell("customer", "show", "anna@example.com").out
    assert "Mon-Fri" in card
    assert "18:00-21:00" in card
    told = shell.done("customer", "terms", "anna@example.com", "--days", "any", "--hours", "any")
    assert (told["days"], told["most_a_month"], told["hours_from"]) == ("", 4, 0)
    for wrong in ((), ("--days", "workdays"), ("--most-a-month", "1000")):
        assert shell("customer", "terms", "anna@example.com", *wrong).code == 2


def test_a_question_at_the_counter_is_noted(shell: Shell) -> None:
    """It wakes what waits, of which there is nothing here."""
    add_anna(shell)
    assert shell.done("customer", "asked", "anna@example.com")["woken"] == 0
