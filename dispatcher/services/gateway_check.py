"""Gateway check: each way out called without a message, each sending domain seen from outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, runtime_checkable

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.findings import Finding, Level
from dispatcher.domain.messages import Channel
from dispatcher.domain.ports import Gateway
from dispatcher.errors import Conflict
from dispatcher.gateways.email.names import Names
from dispatcher.gateways.email.preflight import Sending, preflight
from dispatcher.storage import gateway_checks
from dispatcher.storage.database import Database


@runtime_checkable
class Checkable(Protocol):
    """A gateway that can call its server without a message."""

    async def check(self, now: float) -> Sequence[Finding]:
        """Call it; `now` is in Unix seconds."""


@runtime_checkable
class Sender(Protocol):
    """A gateway for e-mail that knows how its mail leaves."""

    def sending(self, domain: str, returns: str) -> Sending:
        """Say how mail from a domain leaves, whose return paths are at `returns`."""


class Look(NamedTuple):
    """What was found of a gateway (no domain), or of a domain that sends by it."""

    gateway: str
    domain: str
    findings: tuple[Finding, ...]


async def call(name: str, gateway: Gateway, now: float) -> Look:
    """Call a gateway's server, if the gateway can."""
    if isinstance(gateway, Checkable):
        return Look(name, "", tuple(await gateway.check(now)))
    told = Finding(Level.OK, f"gateway {name}", "well configured; it offers no check")
    return Look(name, "", (told,))


def look_at(name: str, gateway: Gateway, domain: str, returns: str, names: Names) -> Look:
    """Look at a domain that sends by a gateway, as those look who receive its mail."""
    sending = gateway.sending(domain, returns) if isinstance(gateway, Sender) else Sending(domain)
    return Look(name, domain, tuple(preflight(sending, names)))


def record(database: Database, looks: Sequence[Look]) -> None:
    """Keep what was found of domains: campaigns are enqueued by it."""
    with database.begin() as conn:
        for gateway, domain, findings in looks:
            if domain:
                gateway_checks.keep(conn, gateway, domain, findings)


class Unfit(NamedTuple):
    """What speaks against mail from a domain: `failed` must be mended, else nobody has looked."""

    told: str
    failed: bool


def unfit(conn: Connection, spec: CampaignSpec, real: frozenset[str]) -> Unfit | None:
    """Say what speaks against the mail of a campaign; `real` are the gateways that are real now."""
    if Channel.EMAIL not in spec.channels:
        return None
    named = spec.gateways.get(Channel.EMAIL)
    ways = sorted(real if named is None else real & {named})
    found = [against for name in ways if (against := _against(conn, name, spec.brand.email))]
    return next((each for each in found if each.failed), found[0] if found else None)


def _against(conn: Connection, gateway: str, sender: str) -> Unfit | None:
    domain = sender.rpartition("@")[2]
    last = gateway_checks.latest(conn, gateway, domain)
    command = f"'dispatcher gateway check {gateway}'"
    if last is None:
        told = f"nobody has looked yet whether {domain} may send by {gateway}: run {command}"
        return Unfit(told, failed=False)
    if not last.failures:
        return None
    day = datetime.fromtimestamp(last.at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    first = last.failures[0]
    more = f" (and {len(last.failures) - 1} more)" if len(last.failures) > 1 else ""
    told = f"{domain} is not fit to send by {gateway}, as of {day}: {first.subject}: {first.told}"
    return Unfit(f"{told}{more}. Mend it and run {command}", failed=True)


def require_fit(conn: Connection, spec: CampaignSpec, real: frozenset[str], override: str) -> str:
    """Refuse mail from a domain whose last look failed; give what else should be told.

    Large receivers refuse such mail, and remember who sent it.
    """
    found = unfit(conn, spec, real)
    if found is None:
        return ""
    if found.failed and not override:
        raise Conflict(f"{found.told}; or say why it must go nevertheless with --unfit REASON")
    return found.told
