"""Rule books: which rules, data and profile stand behind the hash that decisions carry."""

from __future__ import annotations

from sqlalchemy import Connection, text

from dispatcher.rules.book import RuleBook


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
    }
    conn.execute(_NOTE, values)


_NOTE = text("""
    INSERT INTO rule_book (hash, name, version, data_version, data_fingerprint, profile)
    VALUES (:hash, :name, :version, :data_version, :data_fingerprint, :profile)
    ON CONFLICT (hash) DO NOTHING
""")
