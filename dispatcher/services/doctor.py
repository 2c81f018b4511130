"""Doctor: whether database, keys, clocks and the withdrawal poll are as sending needs them."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic, sleep

from dispatcher.domain.findings import Finding, Level
from dispatcher.errors import ConfigError
from dispatcher.storage import (
    gateway_health,
    health,
    installation,
    kept_mail,
    migrate,
    soft_bounces,
)
from dispatcher.storage.database import Database
from dispatcher.storage.gateway_health import GatewayState
from dispatcher.storage.watch import Watch

OLDEST_POSTGRES = 15
_SKEW = 2.0  # seconds the clocks of machine and database may differ unnoticed by people
_POLL_FIRST = 5.0  # seconds the first poll may take
_POLL_GOOD = 0.1
_STALE_BEAT = 60.0
_SHOWN = 3  # kinds of unknown places that are named

_OK, _WARN, _FAIL = Level.OK, Level.WARN, Level.FAIL


def examine(database: Database, oldest_key: bytes, wall: float) -> Iterator[Finding]:
    """Look at a database that answers; `wall` is this machine's clock in Unix seconds."""
    with database.begin() as conn:
        said = health.health(conn)
        revision = migrate.current(conn)
    yield _version(said.version)
    yield from _schema(revision)
    yield _skew(said.epoch - wall)
    yield _durable(said)
    if revision == migrate.newest():
        yield _keys(database, oldest_key)
        yield from _work(database)
        yield from _resting(database)
        yield _unplaced(database)
        yield from _returned(database)
        yield examine_watch(database.url)


def examine_watch(url: str) -> Finding:
    """Run the poll that lets opt-outs overtake a campaign, for a moment."""
    watch = Watch(url)
    watch.start()
    try:
        began = monotonic()
        while not watch.fresh() and monotonic() - began < _POLL_FIRST:
            sleep(0.002)
        first = monotonic() - began
        stale = sum(_stale_after(watch) for _ in range(20))
    finally:
        watch.stop()
    if first >= _POLL_FIRST:
        remedy = "nothing can be sent like this; is the database overloaded or far away?"
        return Finding(_FAIL, "opt-out watch", "the poll for withdrawals gives no answer", remedy)
    if stale:
        told = f"the poll for withdrawals was late {stale} times in 20"
        return Finding(_WARN, "opt-out watch", told, "sending stalls meanwhile; give it more room")
    return Finding(_OK, "opt-out watch", f"first answer after {first * 1000:.0f} ms, then in time")


def _stale_after(watch: Watch) -> bool:
    sleep(0.02)
    return not watch.fresh()


def _version(version: str) -> Finding:
    major = int(version.split(".")[0].split(" ")[0])
    if major < OLDEST_POSTGRES:
        remedy = f"move to PostgreSQL {OLDEST_POSTGRES} or newer"
        return Finding(_FAIL, "database", f"PostgreSQL {version} is too old", remedy)
    return Finding(_OK, "database", f"PostgreSQL {version} answers")


def _schema(revision: str) -> Iterator[Finding]:
    newest = migrate.newest()
    if revision == newest:
        yield Finding(_OK, "schema", f"is current ({newest})")
    else:
        told = f"is at {revision}, not {newest}" if revision else "is not there yet"
        yield Finding(_FAIL, "schema", told, "run 'dispatcher migrate'")


def _skew(seconds: float) -> Finding:
    told = f"machine and database differ by {abs(seconds):.1f} s"
    if abs(seconds) > _SKEW:
        remedy = "let both get their time from the network; quiet hours go by these clocks"
        return Finding(_WARN, "clocks", told, remedy)
    return Finding(_OK, "clocks", told)


def _durable(said: health.Health) -> Finding:
    if not said.durable:
        remedy = "set fsync and synchronous_commit to on: a crash could repeat messages"
        return Finding(_FAIL, "durability", "the server does not wait for its disk", remedy)
    if not said.standbys:
        told = "no synchronous standby: promise 2 excludes loss of the database's disk"
        remedy = "fine for one machine; for more, name a standby in synchronous_standby_names"
        return Finding(_WARN, "durability", told, remedy)
    return Finding(_OK, "durability", f"{said.standbys} synchronous standby")


def _keys(database: Database, oldest_key: bytes) -> Finding:
    try:
        with database.begin() as conn:
            installation.check_keys(conn, oldest_key)
    except ConfigError as error:
        problem, _, remedy = str(error).partition("; ")
        return Finding(_FAIL, "keys", problem, remedy)
    return Finding(_OK, "keys", "belong to this database")


def _work(database: Database) -> Iterator[Finding]:
    with database.begin() as conn:
        now = health.work(conn)
    if abs(now.ahead) > _SKEW:
        told = f"the programme's clock is {now.ahead / 3600:.1f} h ahead"
        yield Finding(_WARN, "programme clock", told, "'dispatcher clock --reset' sets it right")
    if now.jumped:
        told = f"clock_jumped: {now.jumped} workers hand nothing over, as clocks moved apart"
        told += f" by {abs(now.jump) / 3600:.1f} h"
        remedy = "set the clocks of machine and database right; if they are, restart the workers"
        yield Finding(_FAIL, "clock jump", told, remedy)
    if not now.workers:
        waiting = f"; {now.ready_batches:,} batches wait" if now.ready_batches else ""
        remedy = "'dispatcher up' or 'dispatcher worker' starts some"
        yield Finding(_WARN, "workers", f"none is running{waiting}", remedy)
    elif now.beat_age is not None and now.beat_age > _STALE_BEAT:
        yield Finding(_WARN, "workers", "none was heard of for a minute", "look into their logs")
    else:
        yield Finding(_OK, "workers", f"{now.workers} running")
    if now.unsure:
        told = f"nobody knows whether {now.unsure:,} messages arrived"
        yield Finding(_WARN, "unsure", told, "'dispatcher unsure list' names them")


def _resting(database: Database) -> Iterator[Finding]:
    """Name the gateways that fell ill and are left alone for now."""
    with database.begin() as conn:
        standings = gateway_health.standings(conn)
    for name, each in standings.items():
        if each.state is not GatewayState.READY:
            told = f"{each.state} since {each.since:%H:%M:%S} UTC: {each.reason}"
            remedy = "'dispatcher gateway status' tells who carries its messages meanwhile"
            yield Finding(_WARN, f"gateway {name}", told, remedy)


def _unplaced(database: Database) -> Finding:
    """Count people whom no offer reached in the last day, as nobody knows their hours."""
    with database.begin() as conn:
        found = health.unplaced(conn)
    if not found:
        return Finding(_OK, "hours", "known for everybody who was to be written to in a day")
    most = "; ".join(f"{people:,}: {detail}" for detail, people in list(found.items())[:_SHOWN])
    told = (
        f"{sum(found.values()):,} people got nothing in a day, as their hours are unknown ({most})"
    )
    remedy = "import their zone or country, or let them say it; unknown hours count as closed"
    return Finding(_WARN, "hours", told, remedy)


def _returned(database: Database) -> Iterator[Finding]:
    """Tell of mails refused as spam, which no person is to blame for, and of mail nobody read."""
    with database.begin() as conn:
        blocked, waiting = soft_bounces.blocked_in_a_day(conn), kept_mail.count(conn)
    if blocked:
        told = f"{blocked:,} mails of a day were refused as spam or for their sender"
        remedy = "look into SPF, DKIM, DMARC and the block lists that know your servers"
        yield Finding(_WARN, "refused mail", told, remedy)
    if waiting:
        told = f"{waiting:,} mails that came in wait for a person"
        yield Finding(_WARN, "kept mail", told, "'dispatcher mail kept' lists them")
