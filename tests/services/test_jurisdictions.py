"""Promises about the shipped rule data's file: read once, named by its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dispatcher.errors import ConfigError, FileError
from dispatcher.resources import jurisdictions_file
from dispatcher.services.jurisdictions import in_force, read, shipped
from tests.rules.override_texts import entry, week


def test_it_is_read_once() -> None:
    """Answers are kept by the book they were made from, so there is one in a process."""
    assert shipped() is shipped()


def test_the_fingerprint_is_that_of_the_bytes() -> None:
    """Anybody can check which data an answer was made from."""
    digest = hashlib.sha256(jurisdictions_file().read_bytes()).hexdigest()
    assert shipped().fingerprint == digest[:16]


def test_a_fault_names_the_file(tmp_path: Path) -> None:
    """Whoever edits a copy of the data is told where it is wrong."""
    broken = tmp_path / "mine.toml"
    text = jurisdictions_file().read_text("utf-8")
    broken.write_text(text.replace('tier = "must"', 'tier = "mist"', 1), "utf-8")
    with pytest.raises(FileError, match=r'mine\.toml:\d+: jurisdiction\.US, tier: "mist"'):
        read(broken)


def test_overrides_come_from_the_file_that_is_set(tmp_path: Path) -> None:
    """Without one the shipped data holds; with one its entries do."""
    assert in_force(None) is shipped()
    file = tmp_path / "hours.toml"
    file.write_text(entry("FR", windows=week("", holiday="[]")), "utf-8")
    book = in_force(file).on("any", 0.0)
    assert book.entries["FR"].week.days == ((),) * 7
    assert shipped().entries["FR"].week.days[0]


@pytest.mark.parametrize("content", [b"\xff", b"[[override]]\n", None])
def test_nothing_starts_with_wrong_overrides(tmp_path: Path, content: bytes | None) -> None:
    """Not even where the file is missing: what it forbids would be sent."""
    file = tmp_path / "hours.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"rule_overrides: .*hours\.toml"):
        in_force(file)
