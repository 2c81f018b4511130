"""The product's own processes, as command lines: workers, beat, web pages, mail."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from dispatcher.embedded.processes import without_proxy
from dispatcher.embedded.stack import Stack

# A bell needs no talk among workers, and without it they start a second sooner.
_ALONE = ("--without-gossip", "--without-mingle")


def worker_commands(concurrency: int = 0, folder: Path | None = None) -> dict[str, list[str]]:
    """Give the workers by name; `concurrency` 0: as set, `folder`: where they work, else here.

    Opt-outs have one of their own, so that none waits behind a campaign.
    """
    spread = ["--concurrency", str(concurrency)] if concurrency else []
    celery = [*_celery(folder), "worker", *_ALONE]
    queues = "plan,dispatch.email,dispatch.sms,tidy"
    return {
        "outbound": [*celery, "-Q", queues, "-n", "outbound@%h", *spread],
        "inbound": [*celery, "-Q", "inbound", "-n", "inbound@%h", "--concurrency", "1"],
    }


def beat_command(folder: Path | None = None) -> list[str]:
    """Give the clock that rings each second."""
    return [*_celery(folder), "beat", "--pidfile="]


def web_command(port: int) -> list[str]:
    """Give the web pages and hooks."""
    return [*_python("dispatcher"), "web", "--port", str(port)]


def mail_command(port: int) -> list[str]:
    """Give the receiver of mail that comes back."""
    return [*_python("dispatcher"), "mail", "receive", "--port", str(port)]


def listen_command() -> list[str]:
    """Give the ear for gateways that are heard on lines of their own."""
    return [*_python("dispatcher"), "gateway", "listen"]


def environment_of(stack: Stack, own: Mapping[str, str]) -> dict[str, str]:
    """Give the caller's environment, with this stack's addresses."""
    return {
        **without_proxy(own),
        "DATABASE_URL": stack.database_url,
        "BROKER_URL": stack.broker_url,
        "DISPATCHER_HOME": str(stack.home),
    }


def _celery(folder: Path | None) -> list[str]:
    place = ["--workdir", str(folder)] if folder else []
    return [*_python("celery"), *place, "-A", "workers"]


def _python(module: str) -> list[str]:
    # -P: a file in the present folder never stands in for a package of the same name.
    return [sys.executable, "-P", "-m", module]
