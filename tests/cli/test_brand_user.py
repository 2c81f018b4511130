"""Who works for a brand sees its campaigns as counts in whole tens, and never a person.

A new command fails here until it is listed, as theirs or with the reason why it is not.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest

from dispatcher.cli.brand_user import ALLOWED
from dispatcher.cli.entry import load
from dispatcher.cli.table import COMMANDS
from dispatcher.domain.reports import FEWER
from dispatcher.domain.tens import SAID
from tests.cli.journey import work
from tests.cli.shell import Result, Shell, campaign_text, make_it_noon

OPERATORS = {
    "audit": "the bundle is evidence on persons, the record names who did what",
    "backup": "the whole database",
    "beat": "runs a process of the operator's",
    "campaign test": "sends to the one customer who is named, and says whether they are there",
    "clock": "moves the clock of everybody",
    "consent": "names the chain that is broken",
    "customer": "persons, one by one",
    "demo": "its pages show made-up persons and their mails",
    "doctor": "servers and settings",
    "down": "ends processes of the operator's",
    "explain": "answers the person who asks why",
    "gateway": "the operator's accounts, keys and DNS, and what people wrote",
    "halt": "stops every brand",
    "init": "writes settings and keys",
    "limits": "what all brands share",
    "logs": "one line for each visit",
    "mail": "what people wrote",
    "migrate": "changes the schema",
    "reply": "what people wrote",
    "reset": "removes the database",
    "restore": "replaces the database",
    "sandbox": "the place where everybody's mails are shown, in safe mode",
    "status": "processes of the operator's",
    "unsure": "names the messages to look up at the gateway",
    "up": "runs processes of the operator's",
    "web": "runs a process of the operator's",
    "worker": "runs a process of the operator's",
}
# Twenty-three who agreed, three who did not.
PEOPLE = [(f"zz{n}unseen@hidden.example", f"+44770090{n:04}", f"Zebedee{n}x") for n in range(26)]
AGREED = 23


def leaves() -> Iterator[tuple[str, ...]]:
    """Give every command there is, from the command line's own tree."""
    for name, entry in COMMANDS.items():
        if entry.group:
            for inner in load(name).commands:
                yield name, inner
        else:
            yield (name,)


def theirs(command: tuple[str, ...]) -> bool:
    """Whether the product gives a command to whoever works for a brand."""
    name, *inner = command
    return name in ALLOWED and (not inner or inner[0] in ALLOWED[name])


REFUSED = [command for command in leaves() if not theirs(command)]
# What a brand's staff do, with the words that make each do its work.
WALK: dict[tuple[str, ...], tuple[object, ...]] = {
    ("campaign", "new"): ("Summer",),
    ("campaign", "validate"): ("spring.toml",),
    ("campaign", "preview"): ("spring.toml",),
    ("campaign", "approve"): ("spring.toml",),
    ("campaign", "enqueue"): ("spring.toml",),
    ("campaign", "pause"): ("Spring", "--note", "a moment"),
    ("campaign", "resume"): ("Spring",),
    ("campaign", "report"): ("Spring",),
    ("campaign", "watch"): ("Spring", "--for", "0.1"),
    ("campaign", "list"): (),
    ("campaign", "clone"): ("Spring", "Spring again"),
    ("campaign", "cancel"): ("Spring", "--yes"),
    ("hours",): ("GB",),
    ("simulate",): ("--decisions", "50"),
}


def test_every_command_is_a_brands_or_has_a_reason() -> None:
    """Nobody adds one without a thought for who will read it; what nobody thought of is refused."""
    assert {command for command in leaves() if theirs(command)} == set(WALK)
    named = {" ".join(command) for command in REFUSED}
    assert {each if each in OPERATORS else each.split()[0] for each in named} == set(OPERATORS)


@pytest.fixture
def planted(shell: Shell) -> list[str]:
    """What may be seen nowhere: addresses, numbers, names and ids of everybody; it is noon."""
    make_it_noon(shell)
    ids = []
    for at, (mail, phone, name) in enumerate(PEOPLE):
        words = ("--email", mail, "--phone", phone, "--field", f"first_name={name}")
        added = shell.done("customer", "add", *words, "--zone", "Europe/London", "--language", "en")
        ids.append(str(added["customer"]))
        if at < AGREED:
            told = ("--topic", "coffee", "--channel", "email", "--wording", "Yes", "--source", "x")
            shell.done("customer", "opt-in", mail, *told)
    return [*ids, *(each for person in PEOPLE for each in (*person, person[1][1:]))]


def as_northwind(shell: Shell, *words: object) -> Result:
    """Type a command as somebody who works for Northwind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISPATCHER_BRAND", "northwind")
        return shell(*words)


def counts_in(data: Any, name: str = "") -> Iterator[int]:
    """Give all numbers of people in what a program is told."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from counts_in(value, key if not name.startswith("by_") else name)
    elif isinstance(data, list):
        for each in data:
            yield from counts_in(each, name)
    elif isinstance(data, int) and (name.startswith("by_") or name in COUNTS):
        yield data


COUNTS = {"people", "planned", "audience", "reached", "open", "missing", "replies", "opt_outs"}


@pytest.mark.parametrize("command", REFUSED, ids=" ".join)
def test_what_is_the_operators_is_refused_before_anything_is_done(
    bare_shell: Shell, command: tuple[str, ...]
) -> None:
    """In a sentence that says why, whatever words follow it, without a look into the database."""
    for more in ((), ("zz1unseen@hidden.example", "--json"), ("--yes",)):
        result = as_northwind(bare_shell, *command, *more)
        assert result.code == 1, result.err
        assert "is the operator's: you work for northwind" in result.err
        assert "zz1unseen" not in result.out + result.err
    assert list(bare_shell.folder.iterdir()) == []


def test_no_command_of_a_brand_names_a_person(
    shell: Shell, planted: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In words and as JSON, in files and in logs, from the file to the report."""
    caplog.set_level(logging.DEBUG)
    shell.write("spring.toml", campaign_text("Spring"))
    said: list[str] = []
    counted: list[int] = []
    for command, words in WALK.items():
        plain, told = (as_northwind(shell, *command, *words, *more) for more in ((), ("--json",)))
        ended = command == ("campaign", "cancel")  # it is finished by then
        assert plain.code == int(ended), plain.err
        said += [plain.out, plain.err, told.out, told.err]
        if told.code == 0 and command[0] == "campaign" and told.out.count("\n") == 1:
            counted += counts_in(told.json())
        if command == ("campaign", "resume"):
            work()
    files = [each for each in shell.folder.iterdir() if each.is_file()]
    assert {"summer.toml", "spring-again.toml"} <= {each.name for each in files}
    said += [each.read_text("utf-8") for each in files]
    everything = "\n".join([*said, caplog.text])
    assert [each for each in planted if re.search(rf"(?<!\d){re.escape(each)}", everything)] == []
    assert 20 in counted
    assert {each % 10 for each in counted} == {0}
    assert SAID in everything


def test_a_group_of_few_shows_in_no_number_and_in_no_key(shell: Shell, planted: list[str]) -> None:
    """Twenty-three got it, three did not: only that there were twenty is told."""
    shell.write("spring.toml", campaign_text("Spring"))
    seen = as_northwind(shell, "campaign", "preview", "spring.toml", "--json").json()
    assert (seen["audience"], seen["reached"]) == (20, 20)
    assert seen["by_reason"] == {"ok": 20}
    assert (seen["first_at"], seen["last_at"]) == (None, None)
    for words in (("approve", "spring.toml"), ("enqueue", "Spring")):
        assert as_northwind(shell, "campaign", *words).code == 0
    work()
    done = as_northwind(shell, "campaign", "report", "Spring", "--json").json()
    assert done["by_reason"] == {"ok": 20}
    assert done["opt_outs"] == FEWER
    assert not {"26", "23", "3", "6"} & set(re.findall(r"\d+", json.dumps(done["rows"])))
    assert len(planted) == 5 * len(PEOPLE)


def test_an_audience_of_one_cannot_be_picked_out(shell: Shell, planted: list[str]) -> None:
    """Whether somebody of that name is there is told by no preview, and nothing goes to them."""
    assert planted
    previews = []
    for name in ("Zebedee3x", "Nobody"):
        picked = f'{campaign_text("Spring")}\n[audience.attributes]\nfirst_name = "{name}"\n'
        shell.write("spring.toml", picked)
        previews.append(as_northwind(shell, "campaign", "preview", "spring.toml", "--json"))
    assert [each.code for each in previews] == [0, 0], previews[0].err
    assert previews[0] == previews[1]
    words = ("campaign", "enqueue", "Spring", "--small-audience", "a friend")
    assert "is the operator's" in as_northwind(shell, *words).err


def test_another_brands_campaigns_are_not_there(shell: Shell) -> None:
    """Neither in the list nor by name or number; its files are refused."""
    shell.write("spring.toml", campaign_text("Spring"))
    shell.done("campaign", "approve", "spring.toml")
    shell.environment.setenv("DISPATCHER_BRAND", "fabrikam")
    assert shell.done("campaign", "list") == {"campaigns": []}
    for word in ("report", "pause", "resume", "cancel", "enqueue", "watch"):
        for which in ("Spring", "1"):
            result = shell("campaign", word, which)
            assert (result.code, "of the brand fabrikam" in result.err) == (1, True)
    for word in ("validate", "preview", "approve", "enqueue"):
        result = shell("campaign", word, "spring.toml")
        assert (result.code, "you work for fabrikam" in result.err) == (1, True)
    assert shell("campaign", "clone", "Spring", "Ours").code == 1


def test_a_brand_in_the_settings_file_is_widened_by_nothing(shell: Shell) -> None:
    """Whatever the environment says, in whatever letters its name is written."""
    shell.write("dispatcher.toml", 'brand = "northwind"\n')
    for value in ("", "fabrikam"):
        shell.environment.setenv("DISPATCHER_BRAND", value)
        assert "you work for northwind" in shell("customer", "show", "1").err
    (shell.folder / "dispatcher.toml").unlink()
    shell.environment.delenv("DISPATCHER_BRAND")
    shell.environment.setenv("dispatcher_brand", "northwind")
    assert "you work for northwind" in shell("customer", "show", "1").err
