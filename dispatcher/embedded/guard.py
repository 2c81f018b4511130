"""A watchdog between a launcher and one server: when the launcher is gone, so is the server.

It is run by its path, on the standard library alone: `python -I -S guard.py ORDER COMMAND...`.
ORDER is JSON with these keys:

    lifeline   file descriptor to read; end of file on it means that the launcher is gone
    signal     number of the signal that asks the server to stop
    grace      seconds from that signal to SIGKILL
    identity   "self", "namespace" (`uid` inside a user namespace) or "nobody" (`uid` itself)
    uid        an unprivileged user that has a name here
    remove     folders to remove when the server has ended
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import shutil
import signal
import sys
import time
from typing import Any, NoReturn

_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_CANNOT_RUN = 127
_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def _enter_namespace(uid: int) -> None:
    """Become that user inside a user namespace; outside of it nothing changes (Linux only)."""
    own_uid, own_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {own_uid} 1"),
        ("gid_map", f"{uid} {own_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib costs start-up time
            file.write(text)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)


def _die_with_parent(signal_number: int, parent: int) -> None:
    """Ask Linux to stop this process should the watchdog itself be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(_CANNOT_RUN)


def _run_server(order: dict[str, Any], command: list[str], parent: int) -> NoReturn:
    try:
        os.setpgid(0, 0)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        if order["identity"] == "namespace":
            _enter_namespace(order["uid"])
        elif order["identity"] == "nobody":
            _become(order["uid"])
        # An immediate stop: nobody would be left to enforce a graceful one.
        _die_with_parent(signal.SIGQUIT if order["signal"] == signal.SIGINT else 9, parent)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error}\n".encode())
    os._exit(_CANNOT_RUN)


def _ended(pid: int) -> int | None:
    """The exit code of the server in shell fashion, or None while it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    if done == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _read(descriptor: int) -> bytes | None:
    """What there is to read: b"" at the end of file, None if nothing has come after all."""
    try:
        return os.read(descriptor, 512)
    except BlockingIOError:
        return None


def _wait(pid: int, wake: int, lifeline: int) -> int | None:
    """Until the server ends (its exit code), or until it has to be stopped (None)."""
    with selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        selector.register(lifeline, selectors.EVENT_READ)
        while (code := _ended(pid)) is None:
            for key, _ in selector.select():
                received = _read(key.fd)
                if key.fd == lifeline and received == b"":
                    return None
                if key.fd == wake and set(received or b"") & {signal.SIGTERM, signal.SIGINT}:
                    return None
    return code


def _stop(pid: int, order: dict[str, Any]) -> int:
    """Ask, wait, insist. A second request to stop does not shorten the grace."""
    os.kill(pid, order["signal"])
    deadline = time.monotonic() + float(order["grace"])
    while time.monotonic() < deadline:
        code = _ended(pid)
        if code is not None:
            return code
        time.sleep(0.02)
    _kill_group(pid)
    return 128 - os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _kill_group(pid: int) -> None:
    """Whatever is left of the server's children goes with it."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _listen_for_signals() -> int:
    wake, inbox = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(inbox, False)
    signal.set_wakeup_fd(inbox, warn_on_full_buffer=False)
    # Handlers, not SIG_IGN: a server would inherit the ignoring.
    for number in _HEARD:
        signal.signal(number, lambda *_: None)
    return wake


def main(order: dict[str, Any], command: list[str]) -> int:
    """Run the command until it ends or the launcher is gone; the exit code is the command's."""
    lifeline = int(order["lifeline"])
    os.set_inheritable(lifeline, False)
    wake, parent = _listen_for_signals(), os.getpid()
    # Held back over the fork: a plea to stop must not be lost in the child before it is a server.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    pid = os.fork()
    if pid == 0:
        _run_server(order, command, parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
    code = _wait(pid, wake, lifeline)
    if code is None:
        code = _stop(pid, order)
    _kill_group(pid)
    for folder in order["remove"]:
        shutil.rmtree(folder, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
