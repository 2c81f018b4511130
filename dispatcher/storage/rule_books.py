"""Rule books: which rules, data and profile stand behind the hash that decisions carry."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.rules.book import RuleBook


class Sources(NamedTuple):
    """The very bytes that a rule book's data was read from, and under which profile."""

    profile: str
    fingerprint: str
    data: bytes
    overrides: bytes | None


def note(conn: Connection, book: RuleBook) -> None:
    """Keep what a rule book is made of, before anything is decided by it."""
    data = book.law.jurisdictions
    values = {
        "hash": book.hash,
        "name": book.name,
        "version": book.version,
        "data_version": data.version,
        "data_fingerprint": data.fingerprint,
        "profile": book.law.profile,
        "data": data.source,
        "overrides": data.override_source,
    }
    conn.execute(_NOTE, values)


_NOTE = text("""
    INSERT INTO rule_book (hash, name, version, data_version, data_fingerprint, profile, data,
                           overrides)
    VALUES (:hash, :name, :version, :data_version, :data_fingerprint, :profile, :data, :overrides)
    ON CONFLICT (hash) DO NOTHING
""")


def sources(conn: Connection) -> dict[str, Sources]:
    """Give what every rule book that ever decided was made of, by its hash."""
    return {row[0]: Sources(*row[1:]) for row in conn.execute(_SOURCES)}


_SOURCES = text("SELECT hash, profile, data_fingerprint, data, overrides FROM rule_book")
