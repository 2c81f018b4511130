"""Brands: in whose name offers go out, as the newest approved campaign file describes them."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import Brand
from dispatcher.errors import NotFound

_COLUMNS = "id, name, email, sms_sender, postal_address, contact"
_SAVE = text(f"""
    INSERT INTO brand ({_COLUMNS})
    VALUES (:id, :name, :email, :sms_sender, :postal_address, :contact)
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, email = excluded.email, sms_sender = excluded.sms_sender,
        postal_address = excluded.postal_address, contact = excluded.contact
""")
_ALL = text(f"SELECT {_COLUMNS} FROM brand ORDER BY id")
_ONE = text(f"SELECT {_COLUMNS} FROM brand WHERE id = :id")


def save(conn: Connection, brand: Brand) -> None:
    """Add a brand, or bring it up to date."""
    conn.execute(_SAVE, asdict(brand))


def load(conn: Connection, brand_id: str) -> Brand:
    """Give one brand."""
    row = conn.execute(_ONE, {"id": brand_id}).one_or_none()
    if row is None:
        raise NotFound(f'there is no brand "{brand_id}"')
    return Brand(*row)


def every(conn: Connection) -> list[Brand]:
    """Give all brands."""
    return [Brand(*row) for row in conn.execute(_ALL)]
