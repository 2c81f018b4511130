"""The sandbox's mailbox and phone: messages that never left the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Message
from dispatcher.storage.database import copy_rows

_COLUMNS = "channel, gateway, sender, recipient, content, wave_id, customer_id, attempt"


def put(conn: Connection, gateway: str, messages: Sequence[Message]) -> None:
    """Deliver messages into the sandbox, in one COPY."""
    copy_rows(
        conn,
        f"sandbox_message ({_COLUMNS})",
        ((m.channel.value, gateway, m.sender, m.address, m.content, *m.key) for m in messages),
    )


def inbox(conn: Connection, recipient: str = "", limit: int = 50) -> Sequence[Any]:
    """Give the newest messages, of one recipient or of all."""
    return conn.execute(_INBOX, {"recipient": recipient, "limit": limit}).mappings().all()


_INBOX = text("""
    SELECT id, channel, sender, recipient, content, at FROM sandbox_message
    WHERE :recipient = '' OR recipient = :recipient ORDER BY id DESC LIMIT :limit
""")
