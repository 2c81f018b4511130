"""The story's ingredients: the same people for ever, and an error where a count is another."""

from __future__ import annotations

from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from dispatcher.demo import counts
from dispatcher.demo.guest import PHONE
from dispatcher.demo.people import BAD_ROWS, SIZE, SLEEPER, customers, write_file
from dispatcher.demo.stage import DemoFailed
from dispatcher.demo.story import (
    AT_THE_END,
    BIKES,
    COFFEE,
    EVENING,
    SEATS,
    TEMPLATES,
    expect,
)
from dispatcher.domain.messages import Channel
from dispatcher.resources import templates_folder
from dispatcher.services.validate import Workbench, validate


def test_the_file_is_always_the_same(tmp_path: Path) -> None:
    """Everybody has an address of their own, and the sleeper is one person."""
    write_file(tmp_path / "one.csv")
    write_file(tmp_path / "two.csv")
    text = (tmp_path / "one.csv").read_text("utf-8")
    assert text == (tmp_path / "two.csv").read_text("utf-8")
    assert len(text.splitlines()) == 1 + SIZE + BAD_ROWS
    everybody = list(customers())
    addresses = Counter(at for each in everybody for at in (each.email, each.phone) if at)
    assert max(addresses.values()) == 1
    assert [each.crowd.place.city for each in everybody if each.first_name == SLEEPER] == [
        "Honolulu"
    ]


def test_nobody_real_could_ever_be_reached() -> None:
    """Addresses are of a reserved domain, numbers of a reserved range."""
    for each in customers():
        assert each.email == "" or each.email.endswith("@example.com")
        assert each.phone == "" or each.phone.startswith("+447700900")
        assert each.phone != PHONE
    assert PHONE.startswith("+447700900")


@pytest.mark.parametrize("name", [COFFEE, SEATS, BIKES, EVENING])
def test_its_campaign_files_are_right(name: str) -> None:
    """What is shipped can be approved."""
    bench = Workbench([templates_folder(), TEMPLATES], {"email": Channel.EMAIL, "sms": Channel.SMS})
    with as_file(files("dispatcher.demo") / "campaigns" / f"{name}.toml") as path:
        assert validate(path, bench).file.notices == ()


def test_another_count_is_a_failure() -> None:
    """The demo is a test of the product: it says which count is another, and which was expected."""
    expect(AT_THE_END, AT_THE_END)
    with pytest.raises(DemoFailed, match="sent: 188, not 194"):
        expect(AT_THE_END | {"sent": 188}, AT_THE_END)


def test_a_verdict_without_a_word_is_not_lost() -> None:
    """What the story does not know of is counted as other, and so fails it."""
    found = counts.in_words({("accepted", "ok"): 3, ("unsure", "ok"): 1})
    assert found["sent"] == 3
    assert list(counts.differences(found, {"sent": 3})) == ["other: 1, not 0"]
