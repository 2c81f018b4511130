"""Evidence of consent: personal values and their salts, sealed with a key of each person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, text

from dispatcher.storage.database import copy_rows

Entropy = Callable[[int], bytes]  # gives that many random bytes, as secrets.token_bytes does

_KEY_BYTES = 32
_SALT_BYTES = 16
_NONCE_BYTES = 12

# People are locked, so that nobody gets a key between the two halves.
_KEYS = text(
    "WITH new AS (INSERT INTO vault.person_key (customer_id, key)"
    " SELECT * FROM unnest(CAST(:people AS bigint[]), CAST(:keys AS bytea[]))"
    " ON CONFLICT DO NOTHING RETURNING customer_id, key)"
    " SELECT customer_id, key FROM new UNION ALL"
    " SELECT customer_id, key FROM vault.person_key WHERE customer_id = ANY(:people)"
)
_SEALED = text(
    "SELECT e.event_id, e.customer_id, e.sealed, k.key FROM consent_evidence e"
    " JOIN vault.person_key k USING (customer_id) WHERE e.customer_id = ANY(:people)"
)


class Salted(NamedTuple):
    """Personal values with their salts, and the commitments the chain holds in their place."""

    values: Mapping[str, tuple[str, str]]
    commitments: Mapping[str, str]


def salt(evidence: Mapping[str, str], entropy: Entropy) -> Salted:
    """Salt each value: who knows the salt can prove the value, nobody can guess it."""
    values = {name: (entropy(_SALT_BYTES).hex(), value) for name, value in evidence.items()}
    return Salted(values, {name: commitment(*pair) for name, pair in values.items()})


def commitment(salt_hex: str, value: str) -> str:
    """Give H(salt, value) in hex."""
    return hashlib.sha256(bytes.fromhex(salt_hex) + value.encode()).hexdigest()


def store(conn: Connection, salted: Iterable[tuple[int, int, Salted]], entropy: Entropy) -> None:
    """Seal and keep the values of (event id, customer id, salted values)."""
    rows = [row for row in salted if row[2].values]
    if not rows:
        return
    keys = _keys(conn, sorted({customer_id for _, customer_id, _ in rows}), entropy)
    copy_rows(
        conn,
        "consent_evidence (event_id, customer_id, sealed)",
        (
            (event, person, _seal(keys[person], event, person, values, entropy))
            for event, person, values in rows
        ),
    )


def reveal(conn: Connection, person_ids: list[int]) -> dict[int, dict[str, tuple[str, str]]]:
    """Open what is kept of these people: event id -> field -> (salt, value).

    A value that was tampered with is left out: verification then misses it.
    """
    opened = {}
    for event_id, customer_id, sealed, key in conn.execute(_SEALED, {"people": person_ids}):
        try:
            opened[event_id] = _open(key, event_id, customer_id, sealed)
        except InvalidTag:
            continue
    return opened


def _keys(conn: Connection, people: list[int], entropy: Entropy) -> dict[int, bytes]:
    fresh = [entropy(_KEY_BYTES) for _ in people]
    rows = conn.execute(_KEYS, {"people": people, "keys": fresh})
    return {row.customer_id: bytes(row.key) for row in rows}


def _seal(key: bytes, event_id: int, customer_id: int, salted: Salted, entropy: Entropy) -> bytes:
    nonce = entropy(_NONCE_BYTES)
    plain = orjson.dumps(salted.values)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound(event_id, customer_id))


def _open(key: bytes, event_id: int, customer_id: int, sealed: bytes) -> dict[str, tuple[str, str]]:
    nonce, box = bytes(sealed[:_NONCE_BYTES]), bytes(sealed[_NONCE_BYTES:])
    plain = AESGCM(bytes(key)).decrypt(nonce, box, _bound(event_id, customer_id))
    return {name: (pair[0], pair[1]) for name, pair in orjson.loads(plain).items()}


def _bound(event_id: int, customer_id: int) -> bytes:
    return f"{customer_id}:{event_id}".encode()  # a sealed value cannot move to another event
