"""The installation itself: which keys its links and digests were made with."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text

from dispatcher.errors import ConfigError


def check_keys(conn: Connection, key: bytes) -> None:
    """Refuse to work with keys other than those this database was begun with.

    With other keys no suppression would match, and opted-out people would be written to.
    """
    fingerprint = hashlib.sha256(b"dispatcher key fingerprint" + key).hexdigest()[:16]
    conn.execute(_BEGIN, {"fingerprint": fingerprint})
    known = conn.execute(text("SELECT fingerprint FROM key_fingerprint")).scalars().all()
    if fingerprint not in known:
        raise ConfigError(
            "DISPATCHER_KEYS",
            "these keys do not belong to this database, so its suppressions would not match; "
            "restore the keys from your backup, or name the old ones after the new one",
        )


_BEGIN = text("""
    INSERT INTO key_fingerprint (fingerprint)
    SELECT :fingerprint WHERE NOT EXISTS (SELECT FROM key_fingerprint)
""")
