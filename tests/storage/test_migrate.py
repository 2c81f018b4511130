"""The schema comes up on the oldest and the newest PostgreSQL we support, and does its work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from dispatcher.embedded import postgres
from dispatcher.embedded.binaries import find_postgres
from dispatcher.embedded.processes import Lifeline
from dispatcher.errors import DispatcherError
from dispatcher.services.campaigns import halt
from dispatcher.storage import migrate
from dispatcher.storage.chains import checkpoint
from dispatcher.storage.database import Database
from tests.support.house import House, house_on
from tests.support.patience import eventually
from tests.support.requirements import require


@pytest.fixture(params=[15, 18])
def server_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A PostgreSQL of that version, for this test alone."""
    version = int(request.param)
    try:
        binaries = find_postgres(version)
    except DispatcherError:
        binaries = None
    require(
        binaries,
        f"PostgreSQL {version}",
        "try the schema on it",
        f"apt install postgresql-{version}",
    )
    monkeypatch.setattr(postgres, "find_postgres", lambda _: binaries)
    lifeline = Lifeline.anonymous()
    server = postgres.start_postgres(tmp_path, lifeline, durable=False)
    yield server.url()
    server.stop()
    lifeline.close()


def test_a_campaign_runs_on_every_supported_postgresql(server_url: str, tmp_path: Path) -> None:
    """Old or new, the database does the same work."""
    assert migrate.upgrade(server_url) == migrate.newest()
    with house_on(server_url, tmp_path / "home") as house:
        house.people(10)
        house.campaign()
        house.run()
        assert house.inbox() == list(range(1, 11))


def _checkpointed(house: House) -> bool:
    with house.dispatcher.database.begin() as conn:
        return checkpoint(conn) == 1


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    """`dispatcher migrate` may be run as often as one likes."""
    assert migrate.upgrade(database_url) == migrate.newest()
    database = Database(database_url)
    with database.begin() as conn:
        assert migrate.current(conn) == migrate.newest()
    database.dispose()


def test_what_must_not_change_cannot_be_changed(database_url: str, tmp_path: Path) -> None:
    """Consent, its checkpoints, approved versions, decisions and audit: append-only for all."""
    with house_on(database_url, tmp_path / "home") as house:
        house.people(1)
        house.campaign()
        house.run()
        halt(house.dispatcher.database, "all", "tests")
        assert eventually(lambda: _checkpointed(house))  # other databases' transactions hide it
        for change in (
            "DELETE FROM consent_event RETURNING 1",
            "DELETE FROM campaign_version RETURNING 1",
            "DELETE FROM audit RETURNING 1",
            "DELETE FROM consent_checkpoint RETURNING 1",
            "UPDATE decision SET verdicts = reasons RETURNING 1",
        ):
            with pytest.raises(DBAPIError, match="append-only"):
                house.query(change)
