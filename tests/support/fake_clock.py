"""The clock of a database server, as a test sets it."""

from __future__ import annotations

import psycopg

from dispatcher.storage.database import Database, driver_url

# Stands before the real clock on the path on which the product's own questions look for it.
_FAKED = """
    CREATE SCHEMA faked;
    CREATE TABLE faked.shift (by interval);
    INSERT INTO faked.shift VALUES ('0');
    CREATE FUNCTION faked.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + by FROM faked.shift';
    DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET search_path = faked, public, pg_catalog', current_database());
    END $$
"""


def fake_clock(url: str) -> None:
    """Let the clock of a migrated database be one that can be set; before anybody connects."""
    with psycopg.connect(driver_url(url), autocommit=True) as connection:
        connection.execute(_FAKED)


def shift(database: Database, seconds: float) -> None:
    """Set it, as an operator's slip or a bad time server would."""
    with database.begin() as conn:
        conn.exec_driver_sql(f"UPDATE faked.shift SET by = '{seconds} seconds'")
