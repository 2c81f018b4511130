"""A shell for each test of a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell, open_shell


@pytest.fixture
def shell(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    database_url: str,
) -> Shell:
    """A folder of its own, and a fresh database."""
    return open_shell(tmp_path, monkeypatch, capsys, database_url)


@pytest.fixture
def bare_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """A folder of its own, and a database that does not answer."""
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    return open_shell(tmp_path, monkeypatch, capsys, nowhere)
