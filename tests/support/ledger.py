"""A ledger whose events all lie below what a checkpoint may cover."""

from __future__ import annotations

from sqlalchemy import text

from dispatcher.storage.database import Database
from tests.support.patience import eventually

_SETTLED = text("""
    SELECT coalesce(max(xid), 0) < CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text)
                                        AS bigint) FROM consent_event
""")


def settled(database: Database) -> None:
    """Wait for transactions of other tests on the same server: checkpoints wait for them, too."""

    def is_settled() -> bool:
        with database.begin() as conn:
            return bool(conn.execute(_SETTLED).scalar_one())

    assert eventually(is_settled)
