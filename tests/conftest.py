"""Servers for tests: the real PostgreSQL and Valkey, private to the run and started on demand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from dispatcher.embedded.processes import Lifeline
from dispatcher.embedded.valkey import start_valkey
from dispatcher.storage import migrate
from tests.support.isolation import namespaces_work
from tests.support.requirements import require
from tests.support.servers import TEMPLATE, DatabaseServer, TestRun

_RUN = pytest.StashKey[TestRun]()
_FOLDER = "dispatcher_run_folder"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Begin a run; where it is in memory, its files are gone with it (--basetemp keeps them)."""
    if not hasattr(config, "workerinput"):
        config.stash[_RUN] = run = TestRun.begin()
        config.option.basetemp = config.option.basetemp or run.temporary


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Tell an xdist worker where the run's servers are."""
    node.workerinput[_FOLDER] = str(node.config.stash[_RUN].folder)  # type: ignore[attr-defined]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.end()


@pytest.fixture(scope="session")
def run_folder(pytestconfig: pytest.Config) -> Path:
    """The folder of this test run, shared by all xdist workers."""
    run = pytestconfig.stash.get(_RUN, None)
    return run.folder if run else Path(pytestconfig.workerinput[_FOLDER])  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def database_server(run_folder: Path) -> DatabaseServer:
    """The run's PostgreSQL; `new_database()` gives an empty database, with a URL to it."""
    return DatabaseServer.join(run_folder)


@pytest.fixture
def database_url(database_server: DatabaseServer) -> Iterator[str]:
    """A fresh database with the schema of today, for one test."""
    database_server.prepare_template(migrate.upgrade)
    with database_server.new_database(TEMPLATE) as url:
        yield url


@pytest.fixture
def empty_database_url(database_server: DatabaseServer) -> Iterator[str]:
    """A fresh database without any table, for one test."""
    with database_server.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def broker_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Valkey for this test process alone."""
    lifeline = Lifeline.anonymous()
    server = start_valkey(tmp_path_factory.mktemp("valkey"), lifeline)
    yield server.url()
    server.stop()
    lifeline.close()


@pytest.fixture
def broker_url(broker_server: str) -> str:
    """The address of an empty Valkey."""
    with redis.Redis.from_url(broker_server) as client:
        client.flushall()
    return broker_server


@pytest.fixture(scope="session")
def namespaces() -> None:
    """For tests that run something as another user, in a namespace of its own."""
    require(
        namespaces_work(),
        "user namespaces",
        "play the part of another user",
        "sysctl -w user.max_user_namespaces=1000",
    )
