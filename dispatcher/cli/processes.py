"""`dispatcher worker | beat | web`: the long-running processes, under the names everybody knows."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer

from dispatcher.bell import QUEUES
from dispatcher.cli.desk import check_address, load
from dispatcher.cli.show import Json, json_line, notice
from dispatcher.errors import WrongInput
from dispatcher.settings import Settings

app = typer.Typer()

# Named, not imported: the edges of the house know nothing of each other.
_CELERY = ("celery", "-A", "workers")
_WEB = ("uvicorn", "--factory", "dispatcher.web.serve:from_settings", "--no-server-header")


@app.command()
def worker(
    queue: Annotated[
        list[str] | None, typer.Option(help="Only this queue, e.g. dispatch.sms. Repeatable.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=0, help="Processes; 0: as set.")] = 0,
    pool: Annotated[str, typer.Option(help="prefork, threads or solo.")] = "prefork",
    as_json: Json = False,
) -> None:
    """Run a worker that plans and sends."""
    unknown = [name for name in queue or () if name not in QUEUES]
    if unknown:
        raise WrongInput(f'there is no queue "{unknown[0]}"; there are {", ".join(QUEUES)}')
    if pool not in ("prefork", "threads", "solo"):
        raise WrongInput(f'there is no pool "{pool}"; say prefork, threads or solo')
    _need_servers(load())
    # Two workers on a machine must not share a name.
    words = ["worker", "-n", f"worker-{os.getpid()}@%h", "--pool", pool]
    words += ["-Q", ",".join(queue)] if queue else []
    words += ["--concurrency", str(concurrency)] if concurrency else []
    _become(*_CELERY, *words, as_json=as_json)


@app.command()
def beat(as_json: Json = False) -> None:
    """Run the clock that rings each second."""
    _need_servers(load())
    _become(*_CELERY, "beat", "--pidfile=", as_json=as_json)


@app.command()
def web(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8025,
    as_json: Json = False,
) -> None:
    """Run the web pages and hooks."""
    check_address(load().database)
    _become(*_WEB, "--host", host, "--port", str(port), as_json=as_json)


def _need_servers(known: Settings) -> None:
    """Say in a sentence what is missing, before Celery says it in fifty lines."""
    check_address(known.database)
    if not known.broker:
        raise WrongInput("BROKER_URL: is empty")
    if "://" not in known.broker:
        raise WrongInput("BROKER_URL: must begin with redis:// or amqp://")


def _become(module: str, *words: str, as_json: bool) -> NoReturn:
    """Go on as that module in this very process, so that signals reach it."""
    command = [sys.executable, "-P", "-m", module, *words]
    if as_json:
        json_line({"starting": [module, *words]})
    else:
        notice(f"Starting {module} {' '.join(words)}")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(command[0], command)
