"""The watch sees every withdrawal, in whatever order they commit, and says when it is blind."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import psycopg
import pytest
from sqlalchemy import make_url

from dispatcher.storage.database import driver_url
from dispatcher.storage.watch import Watch
from tests.support.patience import eventually
from tests.support.servers import DatabaseServer

LONG_AGO = 0.0
EARLY, LATE = 7, 8
PERSON = "INSERT INTO withdrawal (person_id) VALUES (%s)"
SCOPE = "INSERT INTO withdrawal (scope) VALUES (%s)"
HANG_UP = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'withdrawals' AND datname = %s
"""


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    """A watch that has had its first answer."""
    watch = Watch(database_url)
    watch.start()
    assert eventually(watch.fresh)
    yield watch
    watch.stop()


def connect(url: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Connect as somebody who withdraws."""
    return psycopg.connect(driver_url(url), autocommit=autocommit)


def test_a_withdrawal_that_commits_after_a_younger_one_is_seen(
    watch: Watch, database_url: str
) -> None:
    """Numbers are given in the order of beginning, not of committing: none may be passed over."""
    with connect(database_url) as slow, connect(database_url) as quick:
        slow.execute(PERSON, [EARLY])
        quick.execute(PERSON, [LATE])
        quick.commit()
        assert eventually(lambda: watch.withdrawn(LATE, LONG_AGO))
        assert not watch.withdrawn(EARLY, LONG_AGO)
        slow.commit()
        assert eventually(lambda: watch.withdrawn(EARLY, LONG_AGO), seconds=1)


def test_whole_scopes_are_seen_like_people(watch: Watch, database_url: str) -> None:
    """A halt or a pause comes the same way."""
    with connect(database_url, autocommit=True) as somebody:
        somebody.execute(SCOPE, ["campaign:3"])
    assert eventually(lambda: watch.any_withdrawn([EARLY, "campaign:3"], LONG_AGO), seconds=1)
    assert not watch.any_withdrawn([EARLY, "campaign:4", "all"], LONG_AGO)


def test_it_is_quiet_until_somebody_withdraws_and_again_for_what_is_claimed_later(
    watch: Watch, database_url: str
) -> None:
    """What was claimed before the withdrawal is told; what is claimed after it has read it."""
    claimed = monotonic()
    assert watch.quiet(claimed)
    with connect(database_url, autocommit=True) as somebody:
        somebody.execute(PERSON, [EARLY])
    assert eventually(lambda: not watch.quiet(claimed), seconds=1)
    assert watch.withdrawn(EARLY, claimed)
    assert not watch.withdrawn(LATE, claimed)
    claimed_later = monotonic()
    assert watch.quiet(claimed_later)
    assert not watch.withdrawn(EARLY, claimed_later)


def test_without_the_server_it_is_not_fresh_and_afterwards_it_has_missed_nothing(
    watch: Watch, database_url: str, database_server: DatabaseServer
) -> None:
    """No answer is never taken for "nobody withdrew"."""
    name = make_url(database_url).database
    with (
        connect(database_url, autocommit=True) as somebody,
        connect(database_server.administration, autocommit=True) as operator,
    ):
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        operator.execute(HANG_UP, [name])
        assert eventually(lambda: not watch.fresh())
        somebody.execute(PERSON, [EARLY])
        assert not watch.withdrawn(EARLY, LONG_AGO)
        assert not watch.fresh()
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
    assert eventually(watch.fresh)
    assert eventually(lambda: watch.withdrawn(EARLY, LONG_AGO), seconds=1)


def test_once_stopped_it_is_never_fresh_again(watch: Watch) -> None:
    """Who stopped watching may write nothing more."""
    watch.stop()
    assert not watch.fresh()
