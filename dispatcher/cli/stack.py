"""Commands for the laptop stack: up, down, status, logs, backup, restore and reset."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NoReturn

import typer

from dispatcher import __version__, settings, wiring
from dispatcher.cli.interrupts import signals_interrupt
from dispatcher.cli.show import Json, Yes
from dispatcher.embedded import people_keys, product, runfile
from dispatcher.embedded.backup import make_backup, restore_backup
from dispatcher.embedded.processes import (
    LOOPBACK,
    ServerFailed,
    free_port,
    last_lines,
)
from dispatcher.embedded.stack import (
    Stack,
    open_database,
    remove_data,
    stop_running,
    without_password,
)
from dispatcher.errors import Conflict, NotFound
from dispatcher.gateways_in_use import listeners
from dispatcher.services.erase import forget_again
from dispatcher.settings import Settings
from dispatcher.storage import migrate
from dispatcher.storage.database import Database

app = typer.Typer(help="The servers and workers on this machine.")

Home = Annotated[
    Path | None,
    typer.Option(help="Data folder: database, logs, keys.", show_default="DISPATCHER_HOME"),
]

NOT_RUNNING = 3  # as systemctl has it
_USUAL_PORT = 8025
_USUAL_ADDRESS = f"http://{LOOPBACK}:{_USUAL_PORT}"
_START_SECONDS = 60
_WATCH_SECONDS = 0.2
_PEOPLE_KEYS = "people.keys"

Keys = Annotated[
    Path | None,
    typer.Option(help=f"File of people's keys; else {_PEOPLE_KEYS} beside the backup."),
]


@app.command()
def up(
    home: Home = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the web pages; 0: a free one.")
    ] = 0,
    detach: Annotated[bool, typer.Option("--detach", help="Run in the background.")] = False,
    as_json: Json = False,
) -> None:
    """Start database, broker, workers, beat and web pages; Ctrl-C stops them all."""
    known = _load(home)
    if detach:
        _tell_running(_start_in_background(known.home), as_json=as_json)
        return
    with signals_interrupt():
        try:
            with _start(known) as stack:
                _check_port(port, "choose another with --port")
                _check_port(known.mail_port, "choose another as mail_port")
                _launch_product(stack, known, port or _free_web_port())
                running = runfile.find_running(stack.home)
                if running is not None:
                    _tell_running(running, as_json=as_json)
                _watch(stack)
        except KeyboardInterrupt:
            typer.echo("Stopped.", err=True)


@app.command()
def down(home: Home = None, as_json: Json = False) -> None:
    """Stop the stack, wherever it was started; work in hand is finished first."""
    place = _load(home).home
    stopped = stop_running(place)
    said = "Stopped." if stopped else f"No stack runs in {place}."
    typer.echo(json.dumps({"stopped": stopped}) if as_json else said)


@app.command()
def status(
    home: Home = None,
    urls: Annotated[bool, typer.Option("--urls", help="Show addresses with passwords.")] = False,
    as_json: Json = False,
) -> None:
    """Say what runs; the exit code is 3 when nothing does."""
    place = _load(home).home
    running = runfile.find_running(place)
    if running is None:
        typer.echo(json.dumps({"running": False}) if as_json else f"No stack runs in {place}.")
        raise typer.Exit(NOT_RUNNING)
    _tell_running(running, as_json=as_json, urls=urls)


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="Whose log, e.g. postgres; empty: all.")] = "",
    home: Home = None,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines.")] = 20,
    as_json: Json = False,
) -> None:
    """Show the last lines of the logs."""
    found = {log.stem: log for log in sorted((_load(home).home / "logs").glob("*.log"))}
    if name and name not in found:
        known = ", ".join(found) or "none yet"
        raise NotFound(f"There is no log of {name!r}; there are: {known}.")
    wanted = {one: last_lines(log, lines) for one, log in found.items() if name in ("", one)}
    if as_json:
        typer.echo(json.dumps(wanted))
        return
    for one, said in wanted.items():
        for line in said:
            typer.echo(line if name else f"{one:>10} | {line}")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write, e.g. tonight.backup.")],
    home: Home = None,
    keys: Keys = None,
    as_json: Json = False,
) -> None:
    """Write the database and the settings into one file; the stack may run meanwhile."""
    known = _load(home)
    known.home.mkdir(parents=True, exist_ok=True)
    place = keys or file.parent / _PEOPLE_KEYS
    with open_database(known.home, known.database_url.get_secret_value()) as url:
        made = datetime.now(UTC)
        size = make_backup(known.home, url, file, made, __version__, settings.config_file())
        people_keys.save(url, place, made)
    if as_json:
        typer.echo(json.dumps({"file": str(file), "bytes": size, "keys": str(place)}))
        return
    typer.echo(
        f"Wrote {file} ({size:,} bytes). It holds people's data and your keys: keep it safe."
    )
    typer.echo(f"Wrote {place} in the place of the last one: keep this one only.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that 'dispatcher backup' wrote.")],
    home: Home = None,
    keys: Keys = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the present database; the stack must be down."""
    known = _load(home)
    _ask(f"This replaces the database of {known.home} by {file}.", yes=yes)
    place, config = keys or file.parent / _PEOPLE_KEYS, settings.config_file()
    if keys and not keys.exists():
        raise NotFound(f"{keys}: there is no such file.")
    with _start(known, broker=False) as stack, TemporaryDirectory() as folder:
        present = Path(folder) / _PEOPLE_KEYS
        people_keys.save(stack.database_url, present, datetime.now(UTC))
        sources = [each for each in (place, present) if each.exists()]
        again: list[int] = []
        manifest = restore_backup(
            stack.home,
            stack.database_url,
            file,
            config,
            lambda fresh: again.append(_forget_again(fresh, sources)),
        )
    manifest |= {"erased_again": sum(again), "keys": place.exists()}
    if as_json:
        typer.echo(json.dumps(manifest))
        return
    typer.echo(f"Restored what was saved at {manifest['made']}.")
    if again:
        typer.echo(f"{sum(again):,} people who were erased since then are erased here, too.")
    if not place.exists():
        typer.echo(f"There is no {place}: evidence of consents saved then cannot be read.")
    typer.echo("Whoever opted out since then is opted in again here: import those first.")


def _forget_again(fresh: str, sources: Sequence[Path]) -> int:
    """Bring back keys and silence, and forget again whoever was erased since the backup."""
    migrate.upgrade(fresh)
    erased = people_keys.load(fresh, sources)
    database = Database(fresh, pool_size=1)
    try:
        return forget_again(wiring.desk_for_erasing(database), erased)
    finally:
        database.dispose()


@app.command()
def reset(home: Home = None, yes: Yes = False, as_json: Json = False) -> None:
    """Remove the private database, its logs and the broker's files; settings and keys stay."""
    place = _load(home).home
    if runfile.is_alive(place):
        raise Conflict(f"A stack runs in {place}: 'dispatcher down' first.")
    _ask(f"This removes every customer, campaign and consent in {place}.", yes=yes)
    remove_data(place)
    typer.echo(json.dumps({"reset": str(place)}) if as_json else f"{place} is as new.")


def _load(home: Path | None) -> Settings:
    return settings.load(**({"home": home} if home else {}))


def _start(known: Settings, *, broker: bool = True) -> Stack:
    return Stack.start(
        known.home,
        database_url=known.database_url.get_secret_value(),
        broker_url=known.broker_url.get_secret_value(),
        broker=broker,
    )


def _launch_product(stack: Stack, known: Settings, port: int) -> None:
    """Bring the schema up to date, then start workers, beat, web pages and ears, if set."""
    migrate.upgrade(stack.database_url)
    stack.web_url = f"http://{LOOPBACK}:{port}"
    environment = _environment(stack, known, os.environ)
    for name, command in product.worker_commands().items():
        stack.launch(name, command, environment)
    stack.launch("beat", product.beat_command(), environment)
    web = stack.launch("web", product.web_command(port), environment)
    if known.mail_port:
        stack.launch("mail", product.mail_command(known.mail_port), environment)
    if not known.safe_mode and listeners(known):
        stack.launch("listen", product.listen_command(), environment)
    stack.record()
    web.wait_until(lambda: _listens(port), _START_SECONDS)
    if known.mail_port:
        stack.workers["mail"].wait_until(lambda: _listens(known.mail_port), _START_SECONDS)
    stack.record(ready=True)


def _environment(stack: Stack, known: Settings, own: Mapping[str, str]) -> dict[str, str]:
    """What the processes of the stack are told; links lead to the port that is really served."""
    given = product.environment_of(stack, own)
    if known.public_url == _USUAL_ADDRESS:
        given["DISPATCHER_PUBLIC_URL"] = stack.web_url
    return given


def _watch(stack: Stack) -> NoReturn:
    """Until Ctrl-C; a process that ends by itself ends the stack, and its last words are shown."""
    while True:
        for name in stack.ended():
            words = stack.last_words(name)
            raise ServerFailed(f"{name} ended by itself, so all is stopped: {words}")
        time.sleep(_WATCH_SECONDS)


def _start_in_background(home: Path) -> runfile.RunFile:
    """Start this very command again in a session of its own, and wait until it is ready."""
    log = home / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [word for word in sys.argv[1:] if word != "--detach"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dispatcher", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while True:
        running = runfile.find_running(home)
        if running is not None and running.ready:
            return running
        if process.poll() is not None:
            words = [line.removeprefix("error: ") for line in last_lines(log, 3)]
            raise ServerFailed("; ".join(words) or "The stack did not start.")
        time.sleep(_WATCH_SECONDS)


def _tell_running(running: runfile.RunFile, *, as_json: bool, urls: bool = False) -> None:
    shown = running if urls else without_password(running)
    if as_json:
        facts: dict[str, Any] = {"running": True, **asdict(shown)}
        typer.echo(json.dumps(facts))
        return
    for label, text in (
        ("Web", shown.web_url),
        ("Database", shown.database_url),
        ("Broker", shown.broker_url),
        ("Processes", ", ".join(shown.processes)),
    ):
        if text:
            typer.echo(f"{label:<10} {text}")
    typer.echo("" if running.ready else "It is still starting.", nl=not running.ready)


def _free_web_port() -> int:
    return free_port() if _listens(_USUAL_PORT) else _USUAL_PORT


def _check_port(port: int, remedy: str) -> None:
    """Whoever names a port wants that one, and no other program on it."""
    if port and _listens(port):
        raise Conflict(f"Port {port} is taken by another program: {remedy}.")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _ask(warning: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(f"{warning} Go on?", abort=True)
