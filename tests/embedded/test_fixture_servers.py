"""The servers every other test stands on."""

from __future__ import annotations

import psycopg
import redis
from sqlalchemy import create_engine, text


def test_each_test_gets_a_database_of_its_own_in_utf8_and_c_locale(empty_database_url: str) -> None:
    """A database is fresh, sorts by code point and holds every script."""
    with create_engine(empty_database_url).connect() as connection:
        settings = connection.execute(
            text(
                "SELECT current_setting('server_encoding'), datcollate, "
                "current_setting('TimeZone'), "
                "(SELECT count(*) FROM pg_tables WHERE schemaname = 'public') "
                "FROM pg_database WHERE datname = current_database()"
            )
        ).one()
    assert tuple(settings) == ("UTF8", "C", "UTC", 0)


def test_a_broker_is_empty_when_a_test_gets_it(broker_url: str) -> None:
    """No test hears another one's bell."""
    with redis.Redis.from_url(broker_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_a_broker_is_empty_when_the_next_test_gets_it(broker_url: str) -> None:
    """No test hears another one's bell, whatever the order."""
    with redis.Redis.from_url(broker_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_migrated_database_has_tables(database_url: str) -> None:
    """The template is migrated before it is copied."""
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    assert row is not None
    assert row[0] > 0
