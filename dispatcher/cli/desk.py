"""What commands work at: settings read, the product wired, and outages told with their remedy."""

from __future__ import annotations

import getpass
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from psycopg import errors
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, ProgrammingError

from dispatcher import settings, wiring
from dispatcher.bell import SilentBell
from dispatcher.cli.show import notice
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.errors import (
    CampaignError,
    CampaignErrors,
    ConfigError,
    NotFound,
    StorageDown,
    WrongInput,
)
from dispatcher.gateways.registry import national_tables
from dispatcher.gateways_in_use import (
    channel_of,
    gateway_settings,
    real_mail_gateways,
    ways,
)
from dispatcher.rendering.source import load as load_template
from dispatcher.resources import templates_folder
from dispatcher.services import programme
from dispatcher.services.care import Care
from dispatcher.services.known_facts import declared, told_when_asked
from dispatcher.services.validate import Workbench
from dispatcher.settings import Settings
from dispatcher.wiring import Dispatcher

# This folder's own templates win over those that are shipped.
TEMPLATES = (Path("templates"), templates_folder())
FACTS = Path("facts.toml")
_SCHEMES = ("postgresql://", "postgres://", "postgresql+psycopg://")
_NO_SCHEMA = (errors.UndefinedTable, errors.UndefinedColumn, errors.InvalidSchemaName)
_NO_ROOM = (errors.DiskFull, errors.OutOfMemory, errors.TooManyConnections)


@contextmanager
def at_work(*, bell: bool = False) -> Iterator[Dispatcher]:
    """Wire the product for one command; with a `bell` when the command makes work for workers."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    known = load()
    check_address(known.database)
    with told_plainly():
        dispatcher = wiring.build_with_bell(known) if bell else wiring.build(known)
        try:
            yield dispatcher
        finally:
            dispatcher.close()


def load() -> Settings:
    """Read the settings of this process."""
    return settings.load()


def check_address(url: str) -> None:
    """Refuse an address that is none of PostgreSQL; its password is not repeated."""
    example = "as in postgresql://user@host:5432/name"
    if not url.startswith(_SCHEMES):
        raise ConfigError("DATABASE_URL", f"must begin with postgresql://, {example}")
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("DATABASE_URL", f"cannot be read; write it {example}") from None


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn what the database's driver raises into sentences with a remedy."""
    try:
        yield
    except StorageDown as outage:
        raise StorageDown(
            f"{outage}; is DATABASE_URL right, and does the server run? "
            "'dispatcher doctor' looks closer",
            outage.retry_after,
        ) from outage
    except (ProgrammingError, InternalError) as error:
        if isinstance(error.orig, _NO_SCHEMA):
            raise ConfigError(
                "DATABASE_URL",
                "this database has no schema of ours, or an older one; run 'dispatcher migrate'",
            ) from error
        raise
    except DBAPIError as error:
        if isinstance(error.orig, _NO_ROOM):
            raise StorageDown(f"the database has no room: {error.orig}") from error
        raise


def ring(dispatcher: Dispatcher, *queues: str) -> None:
    """Ring for new work, or say that it waits."""
    if isinstance(dispatcher.bell, SilentBell):
        notice("No broker is running, so nobody was woken; workers find the work when they start.")
    for queue in queues:
        dispatcher.bell.ring(queue)


def actor() -> str:
    """Name who gives the order, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a passwd entry
        return f"uid {os.getuid()}"


def instant(text: str, option: str) -> datetime:
    """Read a date and time with its zone; WrongInput names the option that has none."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise WrongInput(
            f'{option}: "{text[:40]}" is no date and time; write 2026-05-03T12:00:00Z'
        ) from None
    if read.tzinfo is None:
        raise WrongInput(f"{option}: needs a time zone; end it with Z for UTC")
    return read.astimezone(UTC)


def workbench(known: Settings) -> Workbench:
    """Give what campaign files may speak of: this folder's templates, then those shipped."""
    gateways = gateway_settings(known)
    return Workbench(
        templates=TEMPLATES,
        gateways={name: channel_of(name, gateway) for name, gateway in gateways.items()},
        prices={name: gateway.price for name, gateway in gateways.items()},
        facts=known_facts(known),
        tables={name: national_tables(gateway.kind) for name, gateway in gateways.items()},
        ways=ways(known),
    )


def known_facts(known: Settings) -> KnownFacts:
    """Give what this programme declares to know of people."""
    try:
        asked = told_when_asked(programme.declared(known.programme))
    except (CampaignError, CampaignErrors):
        asked = KnownFacts()  # 'dispatcher doctor' says what is wrong with it
    return asked.also(declared(known.facts or FACTS, needed=known.facts is not None))


def care(known: Settings) -> Care:
    """Give what must be so before a campaign may go out."""
    few, many = known.smallest_audience, known.four_eyes_over
    return Care(known_facts(known), few, many, real_mail_gateways(known))


def sample_of(template: str) -> Mapping[str, str]:
    """Give a template's sample values; NotFound names those templates that are there."""
    folders = {each.name: each for at in reversed(TEMPLATES) for each in folders_in(at)}
    if template not in folders:
        near = get_close_matches(template, folders, 1)
        told = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(sorted(folders))}"
        raise NotFound(f'there is no template "{template}"; {told}')
    return load_template(folders[template]).sample


def folders_in(folder: Path) -> list[Path]:
    """Give the folders in a folder, if it is there."""
    return [each for each in folder.iterdir() if each.is_dir()] if folder.is_dir() else []
