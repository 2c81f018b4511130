"""`dispatcher init` makes a folder one can work in."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

from dispatcher import settings, wiring
from dispatcher.campaign_files.programme_file import read
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.find import find
from dispatcher.services.question_texts import too_long
from dispatcher.storage import consents, sandbox
from tests.cli.journey import work
from tests.cli.shell import Shell

_PHONE = "+447700900555"
_TALK = ("JOIN coffee", "YES", "espresso", "Bristol")


def test_what_it_writes_can_be_used_at_once(shell: Shell) -> None:
    """The settings can be read, the campaign is right, the keys are nobody else's."""
    said = shell.done("init")
    assert said["kept"] == []
    assert tomllib.loads((shell.folder / "dispatcher.toml").read_text()) == {}
    assert settings.load().safe_mode
    assert stat.S_IMODE((shell.folder / "home" / "keys").stat().st_mode) == 0o600
    assert shell.done("campaign", "validate", "campaigns/first-offer.toml")["valid"]
    assert shell.done("campaign", "approve", "campaigns/first-offer.toml")["version"] == 1


def test_people_can_join_its_programme_by_text(shell: Shell) -> None:
    """The file is right as it is: a word with a topic, a YES, and two answers."""
    shell("init")
    programme = read((shell.folder / "programme.toml").read_bytes(), "programme.toml")
    assert (programme.keywords, len(programme.topics)) == (("join",), 2)
    assert [bool(question.gives) for question in programme.questions] == [True, True]
    assert too_long(programme) == []
    for words in _TALK:
        shell.done("reply", _PHONE, words)
        work()
    here = wiring.build(settings.load())
    with here.database.begin() as conn:
        person = find(conn, here.digests, _PHONE)
        standings = consents.standings_of(conn, person.id)
        digests = here.digests.look_up(Channel.SMS, _PHONE)
        talk = sandbox.conversation(conn, _PHONE, digests)
    assert person.attributes == {"drinks": "espresso", "town": "Bristol"}
    assert [(each.topic, each.state) for each in standings] == [("coffee", ConsentState.ACTIVE)]
    assert [said.text for said in talk if said.own] == list(_TALK)
    heard = [said.text for said in talk if not said.own]
    assert "reply YES to get offers by text on Coffee and tea, max 8 a month" in heard[0]
    assert "Then you hear of what is near you." in heard[2]


def test_every_setting_in_it_may_be_switched_on(shell: Shell) -> None:
    """Each remark that shows a setting is one that holds when the # is taken away."""
    shell("init")
    file = shell.folder / "dispatcher.toml"
    lines = [line.removeprefix("# ") for line in file.read_text().split("\n") if " = " in line]
    shown = [line for line in lines if not line.startswith(("In the", "DATABASE_URL"))]
    own = "\n".join(shown[: next(at for at, line in enumerate(shown) if line.startswith("kind"))])
    file.write_text(own)
    assert settings.load().default_country == "GB"


def test_what_is_there_is_kept(shell: Shell) -> None:
    """A second time changes nothing."""
    shell("init")
    keys = (shell.folder / "home" / "keys").read_bytes()
    shell.write("dispatcher.toml", "safe_mode = true\n")
    assert shell.done("init")["wrote"] == []
    assert (shell.folder / "dispatcher.toml").read_text() == "safe_mode = true\n"
    assert (shell.folder / "home" / "keys").read_bytes() == keys


def test_another_folder_may_be_named(bare_shell: Shell, tmp_path: Path) -> None:
    """It is made if it is not there."""
    bare_shell.done("init", tmp_path / "new" / "shop")
    assert (tmp_path / "new" / "shop" / ".dispatcher" / "keys").exists()
