"""The how-to on asking people to stay, typed as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

from dispatcher.domain.reports import FEWER
from tests.cli.shell import Shell

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "ask-again-before-a-permission-ends.md"
EXAMPLE = "docs/examples/stay-in-touch.toml"


def test_the_how_to_can_be_followed(shell: Shell) -> None:
    """Preview, approve, enqueue; counts are told, people are not; the example is the page's."""
    page, example = PAGE.read_text("utf-8"), (ROOT / EXAMPLE).read_text("utf-8")
    block = page.partition("```toml\n")[2].partition("```")[0]
    assert block in example
    (shell.folder / EXAMPLE).parent.mkdir(parents=True)
    shell.write(EXAMPLE, example)
    shell.done("customer", "add", "--email", "anna@example.com", "--zone", "Europe/London")
    typed = [line.strip() for line in page.splitlines() if line.startswith("    dispatcher ")]
    assert [line.split()[2] for line in typed] == ["preview", "approve", "enqueue"]
    for line in typed:
        told = shell.done(*shlex.split(line)[1:])
        if "preview" in line:
            assert told["audience"] in (0, FEWER)
            assert {sample["channel"] for sample in told["samples"]} == {"sms", "email"}
