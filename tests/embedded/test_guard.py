"""The watchdog between a launcher and a server."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from dispatcher.embedded.processes import Guarded, Lifeline, Order, ServerFailed
from tests.support.patience import eventually

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    print("child", os.getpid(), flush=True)
time.sleep(600)
"""


def start(lifeline: Lifeline, folder: Path, command: list[str], **more: float) -> Guarded:
    order = Order("server", command, folder / "log", lifeline, environment=ENVIRONMENT, **more)  # type: ignore[arg-type]
    return Guarded.start(order)


def test_letting_go_of_the_lifeline_stops_the_server(lifeline: Lifeline, tmp_path: Path) -> None:
    """The watchdog notices the end of its launcher by a pipe, whatever the reason."""
    server = start(lifeline, tmp_path, ["sleep", "600"])
    lifeline.close()
    assert server.process.wait(10) == 128 + signal.SIGTERM


def test_a_server_that_will_not_stop_is_killed_with_its_children(
    lifeline: Lifeline, tmp_path: Path
) -> None:
    """After the grace comes SIGKILL, for the whole group."""
    server = start(lifeline, tmp_path, [sys.executable, "-c", STUBBORN], grace=0.2)
    log = tmp_path / "log"
    assert eventually(lambda: "child" in log.read_text())
    child = int(log.read_text().split()[1])
    server.stop()
    assert server.process.returncode == 128 + signal.SIGKILL
    assert eventually(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_the_exit_code_of_the_server_is_passed_on(lifeline: Lifeline, tmp_path: Path) -> None:
    """A server that fails is reported with its last words."""
    server = start(lifeline, tmp_path, ["sh", "-c", "echo the disk is full; exit 3"])
    with pytest.raises(ServerFailed, match="server failed: the disk is full"):
        server.wait()
    assert server.process.returncode == 3


@pytest.mark.parametrize(
    ("before", "said", "told"),
    [
        ("FATAL: of an earlier start", "one; two", "failed: one; two"),
        ("", "FATAL:  cannot; LOG:  shutting down; closed", "failed: FATAL:  cannot"),
        ("", "File x.py; raise; a.ConfigError: no keys; bye", "failed: a.ConfigError: no keys"),
        (
            "",
            "wrote 9 bytes; HINT:  Check free disk space.; Aborted",
            "the disk of .* is full: make room",
        ),
    ],
)
def test_of_many_last_words_the_telling_ones_are_told(
    lifeline: Lifeline, tmp_path: Path, before: str, said: str, told: str
) -> None:
    """What it failed of, not what it said on the way out, nor what it said another time."""
    (tmp_path / "log").write_text(f"{before}\n")
    lines = " ".join(f"'{line}'" for line in said.split("; "))
    server = start(lifeline, tmp_path, ["sh", "-c", f"printf '%s\\n' {lines}; exit 1"])
    with pytest.raises(ServerFailed, match=rf"{told}.* \(whole log: "):
        server.wait()


def test_a_missing_program_is_named(lifeline: Lifeline, tmp_path: Path) -> None:
    """What cannot be run is said, not hung upon."""
    server = start(lifeline, tmp_path, ["no-such-program"])
    with pytest.raises(ServerFailed, match="cannot run no-such-program"):
        server.wait_until(lambda: False, 10)


def test_a_server_that_is_never_ready_is_stopped(lifeline: Lifeline, tmp_path: Path) -> None:
    """Waiting has an end, and the server does not outlive it."""
    server = start(lifeline, tmp_path, ["sleep", "600"])
    with pytest.raises(ServerFailed, match="was not ready within 0 s: it said nothing"):
        server.wait_until(lambda: False, 0)
    assert not server.running


def test_a_server_does_not_hear_the_terminal(lifeline: Lifeline, tmp_path: Path) -> None:
    """Ctrl-C reaches the launcher only, which then stops its servers in order."""
    command = [sys.executable, "-c", "import os; print(os.getsid(0), os.getpgid(0))"]
    server = start(lifeline, tmp_path, command)
    server.wait()
    session, group = map(int, (tmp_path / "log").read_text().split())
    assert session == server.pid
    assert group != server.pid
