"""Gateway checks: what was found when a gateway, and a domain that sends by it, were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.findings import Finding, Level


class GatewayCheck(NamedTuple):
    """The latest look at a domain that sends by a gateway, at an instant in Unix seconds."""

    gateway: str
    domain: str
    at: float
    findings: tuple[Finding, ...]

    @property
    def failures(self) -> list[Finding]:
        """What must be mended."""
        return [each for each in self.findings if each.level is Level.FAIL]


def keep(conn: Connection, gateway: str, domain: str, findings: Sequence[Finding]) -> None:
    """Put a look in the place of the one before."""
    told = orjson.dumps([list(each) for each in findings]).decode()
    conn.execute(_KEEP, {"gateway": gateway, "domain": domain, "findings": told})


def latest(conn: Connection, gateway: str, domain: str) -> GatewayCheck | None:
    """Give the latest look, if there ever was one."""
    row = conn.execute(_LATEST, {"gateway": gateway, "domain": domain}).one_or_none()
    if row is None:
        return None
    findings = (Finding(Level(each[0]), *each[1:]) for each in row.findings)
    return GatewayCheck(gateway, domain, float(row.at), tuple(findings))


_KEEP = text("""
    INSERT INTO gateway_check (gateway, domain, findings)
    VALUES (:gateway, :domain, CAST(:findings AS jsonb))
    ON CONFLICT (gateway, domain) DO UPDATE
    SET findings = excluded.findings, at = clock_timestamp()
""")
_LATEST = text("""
    SELECT extract(epoch FROM at)::float8 AS at, findings FROM gateway_check
    WHERE gateway = :gateway AND domain = :domain
""")
