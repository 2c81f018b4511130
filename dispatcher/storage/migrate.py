"""Brings a database to the newest schema, from the migrations shipped with the package."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from dispatcher.resources import migrations_folder
from dispatcher.storage.database import Database


def upgrade(url: str) -> str:
    """Upgrade to the newest revision, which is returned; several callers at once are harmless."""
    database = Database(url, pool_size=1)
    try:
        with database.begin() as connection:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('migrate'))")
            command.upgrade(_config(connection), "head")
        return newest()
    finally:
        database.dispose()


def current(connection: Connection) -> str:
    """Give the database's revision, or "" when it has no schema yet."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def newest() -> str:
    """Give the newest revision this version of the product knows."""
    return ScriptDirectory.from_config(_config(None)).get_current_head() or ""


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
