"""CI runs what people are told to run."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT


def test_ci_runs_the_commands_of_the_readme() -> None:
    """Nothing of its own, so that whoever follows the README sees what CI sees."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"^\./dispatch \w+$", script, re.MULTILINE)
    assert set(commands) == {"./dispatch check", "./dispatch test", "./dispatch demo"}
    for command in commands:
        assert command in readme, command
