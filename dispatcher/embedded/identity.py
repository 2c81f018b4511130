"""As whom a server runs: PostgreSQL refuses root, and its initdb wants a user that has a name."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dispatcher.errors import ConfigError

_NOBODY = 65534


class IdentityKind(StrEnum):
    """The three ways; the words are the watchdog's."""

    SELF = "self"
    NAMESPACE = "namespace"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Identity:
    """The way, and the user a server becomes (its own uid means: stays who it is)."""

    kind: IdentityKind
    uid: int


AS_SELF = Identity(IdentityKind.SELF, os.geteuid())


def choose_identity(program: str) -> Identity:
    """The identity under which the program (one of PostgreSQL's) can run here."""
    uid = os.geteuid()
    if uid != 0 and _has_name(uid):
        return AS_SELF
    stand_in = _named_stand_in()
    if stand_in is not None:
        namespace = Identity(IdentityKind.NAMESPACE, stand_in)
        if can_run(namespace, program):
            return namespace
        if uid == 0:
            return Identity(IdentityKind.NOBODY, stand_in)
    raise ConfigError("DATABASE_URL", _why_not(uid))


def can_run(identity: Identity, program: str) -> bool:
    """Whether `program --version` works under the identity; the only honest test there is."""
    reading, writing = os.pipe()
    order = {
        "lifeline": reading,
        "signal": 15,
        "grace": 5,
        "identity": identity.kind,
        "uid": identity.uid,
        "remove": [],
    }
    guard = str(Path(__file__).with_name("guard.py"))
    command = [sys.executable, "-I", "-S", guard, json.dumps(order), program, "--version"]
    try:
        done = subprocess.run(
            command, capture_output=True, pass_fds=(reading,), check=False, env={}, cwd="/"
        )
    finally:
        os.close(reading)
        os.close(writing)
    return done.returncode == 0


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


def _named_stand_in() -> int | None:
    """An unprivileged user with a name: nobody, or the highest numbered one there is."""
    if _has_name(_NOBODY):
        return _NOBODY
    return max((entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid != 0), default=None)


def _why_not(uid: int) -> str:
    if uid == 0:
        return (
            "is not set, and PostgreSQL does not run as root where no other user exists: "
            "add a line for 'nobody' to /etc/passwd, or set DATABASE_URL to a server of yours."
        )
    return (
        f"is not set, and PostgreSQL cannot be started by uid {uid}, which has no name in "
        "/etc/passwd while user namespaces are not allowed here: run as a user with a name, "
        "or set DATABASE_URL to a server of yours."
    )
