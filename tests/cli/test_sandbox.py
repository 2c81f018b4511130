"""`dispatcher sandbox`: where to see what safe mode sends."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell


def test_it_gives_an_address_that_cannot_be_guessed(shell: Shell) -> None:
    """The same each time, and under the address of the web pages."""
    url = shell.done("sandbox")["url"]
    root, _, key = url.rstrip("/").rpartition("/")
    assert root.endswith("/sandbox")
    assert len(key) >= 16
    assert shell("sandbox").out.split()[0] == url


def test_there_is_none_once_messages_go_to_people(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so, and gives no address."""
    monkeypatch.setenv("DISPATCHER_SAFE_MODE", "false")
    refused = shell("sandbox")
    assert refused.code == 1
    assert "safe mode is off" in refused.err
    assert "http" not in refused.out
