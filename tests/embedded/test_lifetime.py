"""However a launcher ends, it leaves no process, no port and no socket behind."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Timer

import pytest

from dispatcher.embedded import runfile
from dispatcher.embedded.stack import Stack, stop_running
from tests.embedded.launchers import Launcher, leftovers, socket_folder_of
from tests.support.patience import eventually

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGHUP)


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.name)
def test_nothing_is_left_when_the_launcher_ends(tmp_path: Path, ending: signal.Signals) -> None:
    """Ctrl-C, a plea to stop, a closed terminal and kill -9 all clear up."""
    launcher = Launcher.start(tmp_path)
    facts = launcher.facts()
    launcher.end_with(ending)
    assert eventually(lambda: not leftovers(tmp_path, facts)), leftovers(tmp_path, facts)
    assert runfile.find_running(tmp_path) is None


def test_a_killed_watchdog_takes_its_server_along(tmp_path: Path) -> None:
    """Even kill -9 of the watchdogs leaves no server; the next start clears their sockets."""
    launcher = Launcher.start(tmp_path)
    facts = launcher.facts()
    for pid in facts.processes.values():
        os.kill(pid, signal.SIGKILL)
    launcher.end_with(signal.SIGKILL)
    assert eventually(lambda: not runfile.is_alive(tmp_path))
    assert socket_folder_of(facts).exists()
    Stack.start(tmp_path, broker=False, durable=False).stop()
    assert not socket_folder_of(facts).exists()


def test_a_second_terminal_stops_the_stack(tmp_path: Path) -> None:
    """`down` returns when nothing is left, and says whether there was anything to stop."""
    launcher = Launcher.start(tmp_path)
    facts = launcher.facts()
    assert stop_running(tmp_path)
    assert leftovers(tmp_path, facts) == []
    launcher.process.wait(10)
    assert not stop_running(tmp_path)


def test_the_data_survives_a_kill(tmp_path: Path) -> None:
    """After kill -9 the next start recovers and needs no help."""
    for _ in range(2):
        launcher = Launcher.start(tmp_path)
        assert launcher.facts().ready
        launcher.end_with(signal.SIGKILL)
        assert eventually(lambda: not runfile.is_alive(tmp_path))


def test_a_start_right_after_a_kill_waits_for_what_is_still_stopping(tmp_path: Path) -> None:
    """A stack without a launcher is not taken for a running one, nor does it bar the next."""
    launcher = Launcher.start(tmp_path)
    former = launcher.facts()
    os.kill(former.processes["sleeper"], signal.SIGSTOP)  # it holds the lock until we let it go
    launcher.end_with(signal.SIGKILL)
    assert runfile.is_orphaned(tmp_path)
    assert runfile.find_running(tmp_path) is None
    Timer(0.5, os.kill, (former.processes["sleeper"], signal.SIGCONT)).start()
    with Stack.start(tmp_path, broker=False, durable=False) as stack:
        assert stack.database_url != former.database_url
    assert leftovers(tmp_path, former) == []
