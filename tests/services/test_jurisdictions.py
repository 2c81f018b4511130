"""Promises about the shipped rule data's file: read once, named by its bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dispatcher.errors import FileError
from dispatcher.resources import jurisdictions_file
from dispatcher.services.jurisdictions import read, shipped


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
