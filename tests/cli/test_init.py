"""`dispatcher init` makes a folder one can work in."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path

from dispatcher import settings
from tests.cli.shell import Shell


def test_what_it_writes_can_be_used_at_once(shell: Shell) -> None:
    """The settings can be read, the campaign is right, the keys are nobody else's."""
    said = shell.done("init")
    assert said["kept"] == []
    assert tomllib.loads((shell.folder / "dispatcher.toml").read_text()) == {}
    assert settings.load().safe_mode
    assert stat.S_IMODE((shell.folder / "home" / "keys").stat().st_mode) == 0o600
    assert shell.done("campaign", "validate", "campaigns/first-offer.toml")["valid"]
    assert shell.done("campaign", "approve", "campaigns/first-offer.toml")["version"] == 1


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
