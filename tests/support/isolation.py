"""Runs a command as somebody else: inside a user namespace of its own (Linux)."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_NAMELESS = 12345
_ISOLATED = (sys.executable, "-I", "-S", __file__)
_LIMIT = Path("/proc/sys/user/max_user_namespaces")


def run_as_nameless(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    namespaces: bool,
    folder: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """As uid 12345, which has no line in /etc/passwd; further namespaces allowed or not."""
    words = ["nameless", "allow" if namespaces else "forbid"]
    return _run(words, command, environment, folder)


def run_as_root_without_namespaces(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """As root who may become any user, but may make no namespace; only root can arrange that."""
    return _run(["root", "forbid"], command, environment)


def as_nameless(command: Sequence[str]) -> list[str]:
    """Give the command that runs another one as uid 12345, for who starts it himself."""
    return [*_ISOLATED, "nameless", "allow", *command]


def namespaces_work() -> bool:
    """Whether this machine lets us make a user namespace at all."""
    if sys.platform != "linux":
        return False
    return run_as_nameless(["true"], os.environ, namespaces=False).returncode == 0


def _run(
    words: list[str],
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: str | None = None,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_ISOLATED, *words, *command],
        env=dict(environment),
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=90,
        check=False,
    )


def _unshare() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "user namespaces are not allowed here")


def _become_nameless() -> None:
    maps = {"uid_map": os.geteuid(), "gid_map": os.getegid()}
    _unshare()
    Path("/proc/self/setgroups").write_text("deny")
    for name, own in maps.items():
        Path(f"/proc/self/{name}").write_text(f"{_NAMELESS} {own} 1")


def _become_root_of_all() -> None:
    """The outer root, from a helper process, maps every uid; that cannot be done from inside."""
    to_child, from_parent = os.pipe()
    child_ready, parent_told = os.pipe()
    owner = os.getpid()
    if os.fork() == 0:
        os.read(child_ready, 1)
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{owner}/{name}").write_text("0 0 65536")
        os.write(from_parent, b"done")
        os._exit(0)
    _unshare()
    os.write(parent_told, b"unshared")
    os.read(to_child, 4)
    os.wait()


if __name__ == "__main__":
    if sys.argv[1] == "nameless":
        _become_nameless()
    else:
        _become_root_of_all()
    if sys.argv[2] == "forbid":
        _LIMIT.write_text("0")
    os.execvp(sys.argv[3], sys.argv[3:])
