"""`dispatcher halt`: stopped at once, and only what was meant."""

from __future__ import annotations

import pytest

from dispatcher.domain.reports import FEWER
from tests.cli.journey import work
from tests.cli.shell import Shell, add_anna, campaign_text
from tests.support.patience import eventually

LINES = {"hours": 'hours = "00:00-24:00"', "channels": 'channels = ["email"]'}


@pytest.fixture
def spring(shell: Shell) -> int:
    """An approved campaign that would reach Anna."""
    add_anna(shell)
    file = shell.write("spring.toml", campaign_text(**LINES))
    return int(shell.done("campaign", "approve", file)["campaign"])


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ((), "all"),
        (("all",), "all"),
        (("--brand", "northwind"), "brand:northwind"),
        (("--campaign", "Spring"), "campaign:{spring}"),
        (("campaign:Spring",), "campaign:{spring}"),
        (("gateway:email",), "gateway:email"),
    ],
)
def test_it_stops_and_goes_on(
    shell: Shell, spring: int, words: tuple[str, ...], scope: str
) -> None:
    """Nothing of it is sent while halted; lifted, it goes out."""
    shell.done("campaign", "enqueue", "Spring")
    scope = scope.format(spring=spring)
    assert shell.done("halt", *words)["scope"] == scope
    assert shell.done("halt", "--list")["halted"][0]["scope"] == scope
    work()
    assert "accepted" not in shell.done("campaign", "report", "Spring")["by_state"]
    assert shell.done("halt", "--lift", *words)["news"]
    assert eventually(lambda: worked(shell) == {"accepted": FEWER})


def worked(shell: Shell) -> dict[str, int | str]:
    """Give every worker a turn; a halt just lifted may still hold the first of them back."""
    work()
    by_state: dict[str, int | str] = shell.done("campaign", "report", "Spring")["by_state"]
    return by_state


def test_what_is_halted_cannot_be_enqueued(shell: Shell, spring: int) -> None:
    """The refusal says by whom, and how to lift it; that very command works."""
    shell.done("halt")
    refused = shell("campaign", "enqueue", "Spring")
    assert refused.code == 1
    assert "dispatcher halt --lift all" in refused.err
    assert shell("halt", "--lift", "all").code == 0
    shell.done("campaign", "enqueue", "Spring")


def test_lifting_one_leaves_the_other(shell: Shell, spring: int) -> None:
    """What is still halted is named."""
    shell.done("halt")
    shell.done("halt", "--brand", "northwind")
    assert shell.done("halt", "--lift")["still"] == ["brand:northwind"]
    assert "was not halted" in shell("halt", "--lift").out
