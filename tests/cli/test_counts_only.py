"""Who plans campaigns sees counts, never a person: no command of theirs names one, nor any log.

A new command fails here until it is listed, as a marketer's or with the reason why it is not.
"""

from __future__ import annotations

import json
import logging

import pytest

from dispatcher.cli.campaign import app
from dispatcher.cli.table import COMMANDS
from dispatcher.domain.reports import FEWER
from tests.cli.journey import work
from tests.cli.shell import Shell, campaign_text, make_it_noon

# Of these nobody sees a person, whoever runs them.
MARKETERS = ("campaign", "hours", "simulate", "demo")
EXEMPT = {
    "customer": "an operator's: answers the person whom it is about",
    "reply": "an operator's: takes what a person wrote, lists what is in doubt",
    "gateway": "an operator's: servers, keys and domains, no person",
    "mail": "an operator's: lists mails that wait for somebody to read them",
    "explain": "an operator's: answers the person who asks why",
    "unsure": "an operator's: names the messages to look up at the gateway",
    "consent": "an auditor's: names the chain that is broken",
    "audit": "an auditor's: the bundle is evidence on persons",
    "sandbox": "in safe mode only: it shows the made-up world its mails",
    "halt": "names scopes, not persons",
    "limits": "names gateways, senders and brands",
    "doctor": "names servers and settings",
    "init": "writes settings",
    "migrate": "names the schema",
    "clock": "names instants",
    "worker": "runs",
    "beat": "runs",
    "web": "runs; its routes have a test of their own",
    "up": "runs",
    "down": "runs",
    "status": "names processes",
    "logs": "an operator's; addresses in logs are masked",
    "backup": "an operator's: the whole database",
    "restore": "an operator's",
    "reset": "an operator's",
}
OPERATORS_TOO = {"test": "sends to the one customer who is named on the command line"}
PEOPLE = [(f"zz{n}unseen@hidden.example", f"+44770090{n:04}", f"Zebedee{n}") for n in range(12)]


@pytest.fixture
def numbers(shell: Shell) -> list[str]:
    """Twelve people, three of whom never agreed; their ids. It is noon."""
    make_it_noon(shell)
    ids = []
    for at, (mail, phone, name) in enumerate(PEOPLE):
        words = ("--email", mail, "--phone", phone, "--field", f"first_name={name}")
        added = shell.done("customer", "add", *words, "--zone", "Europe/London", "--language", "en")
        ids.append(str(added["customer"]))
        if at >= 3:
            told = ("--topic", "coffee", "--channel", "email", "--wording", "Yes", "--source", "x")
            shell.done("customer", "opt-in", mail, *told)
    return ids


def test_every_command_is_a_marketers_or_has_a_reason() -> None:
    """Nobody adds one without a thought for who will read it."""
    assert set(MARKETERS) | set(EXEMPT) == set(COMMANDS)
    assert not set(MARKETERS) & set(EXEMPT)


def test_no_command_of_a_marketer_names_a_person(
    shell: Shell, numbers: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In words and as JSON, from the file to the report, with what is logged on the way."""
    caplog.set_level(logging.DEBUG)
    shell.write("spring.toml", campaign_text("Spring"))
    walk: dict[str, tuple[object, ...]] = {
        "new": ("Summer",),
        "validate": ("spring.toml",),
        "preview": ("spring.toml",),
        "approve": ("spring.toml",),
        "enqueue": ("Spring",),
        "pause": ("Spring",),
        "resume": ("Spring",),
        "report": ("Spring",),
        "watch": ("Spring", "--for", "0.1"),
        "list": (),
        "clone": ("Spring", "Spring again"),
        "cancel": ("Spring", "--yes"),
    }
    commands = {
        each.name or getattr(each.callback, "__name__", "") for each in app.registered_commands
    }
    assert commands == set(walk) | set(OPERATORS_TOO)
    said = []
    for name, words in walk.items():
        for more in ((), ("--json",)):
            result = shell("campaign", name, *words, *more)
            said += [result.out, result.err]
        if name == "resume":
            work()
    for name in ("report", "preview"):
        result = shell("campaign", name, "Spring" if name == "report" else "spring.toml", "--json")
        assert result.code == 0, result.err
        said.append(result.out)
    told = "\n".join([*said, caplog.text])
    planted = [each for person in PEOPLE for each in (*person, person[1][1:])] + numbers
    assert [each for each in planted if each in told] == []


def test_a_small_group_is_not_told_in_any_number(shell: Shell, numbers: list[str]) -> None:
    """Nine get it, three do not: neither stands anywhere, nor do parts or cost that count them."""
    shell.write("spring.toml", campaign_text("Spring"))
    seen = shell.done("campaign", "preview", "spring.toml")
    assert (seen["audience"], seen["reached"]) == ("not told", FEWER)
    assert seen["cost"] == "not told"
    shell.done("campaign", "approve", "spring.toml")
    shell.done("campaign", "enqueue", "Spring")
    work()
    done = shell.done("campaign", "report", "Spring")
    kept = {name: value for name, value in done.items() if name != "waves"}
    assert {each["people"] for each in done["rows"]} <= {FEWER, "not told"}
    assert (done["parts"], done["cost"]) == ("not told", "not told")
    assert not {"9", "3"} & set(json.dumps(kept).replace(",", " ").replace("}", " ").split())
    assert len(numbers) == len(PEOPLE)
