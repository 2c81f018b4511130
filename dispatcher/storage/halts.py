"""Halts: what an operator has stopped at once, and everything that is stopped now."""

from __future__ import annotations

import re
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.errors import NotFound
from dispatcher.storage.withdrawals import withdraw_scope

ALL = "all"
_SCOPE = re.compile(r"all|brand:[a-z0-9][a-z0-9-]*|campaign:\d+|gateway:[A-Za-z0-9][\w.-]*")


class Halt(NamedTuple):
    """One stop: since when (Unix seconds), and who asked for it."""

    scope: str
    actor: str
    at: float


def halt(conn: Connection, scope: str, actor: str) -> bool:
    """Stop a scope and tell running workers; False when it was stopped already."""
    _check(scope)
    new = conn.execute(_HALT, {"scope": scope, "actor": actor}).rowcount == 1
    withdraw_scope(conn, scope)
    return new


def lift(conn: Connection, scope: str) -> bool:
    """Let a scope go on; False when it was not stopped. Other halts on it stand."""
    _check(scope)
    return conn.execute(_LIFT, {"scope": scope}).rowcount == 1


def standing(conn: Connection) -> list[Halt]:
    """Give everything that is stopped."""
    return [Halt(row.scope, row.actor, float(row.at)) for row in conn.execute(_STANDING)]


def halted(conn: Connection, brand: str, campaign_id: int) -> Halt | None:
    """Give a halt that keeps this campaign from running, if there is one."""
    scopes = (ALL, f"brand:{brand}", f"campaign:{campaign_id}")
    return next((halt for halt in standing(conn) if halt.scope in scopes), None)


def _check(scope: str) -> None:
    if not _SCOPE.fullmatch(scope):
        remedy = "say all, brand:northwind, campaign:7 or gateway:smtp"
        raise NotFound(f'"{scope}" is nothing that can be halted; {remedy}')


_HALT = text("""
    INSERT INTO halt (scope, actor) VALUES (:scope, :actor) ON CONFLICT (scope) DO NOTHING
""")
_LIFT = text("DELETE FROM halt WHERE scope = :scope")
_STANDING = text("""
    SELECT scope, actor, extract(epoch FROM at)::float8 AS at FROM halt ORDER BY at, scope
""")
