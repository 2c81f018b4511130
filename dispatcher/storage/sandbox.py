"""The sandbox's mailbox and phone: messages that never left the machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel, Message
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


class Place(NamedTuple):
    """A phone or mailbox to which something was sent, and whose it is."""

    customer_id: int
    channel: Channel
    address: str
    name: str
    city: str
    messages: int
    last_id: int


class Said(NamedTuple):
    """One text on a phone: sent to it, or (`own`) typed on it. `label`: how that was understood."""

    text: str
    own: bool
    label: str


class Letter(NamedTuple):
    """One e-mail in the mailbox, as it would have gone out."""

    id: int
    customer_id: int
    recipient: str
    content: bytes


def places(conn: Connection, channel: Channel, limit: int = 200) -> list[Place]:
    """Give the phones or mailboxes with something in them, the newest first."""
    rows = conn.execute(_PLACES, {"channel": channel, "limit": limit})
    return [Place(*row)._replace(channel=channel) for row in rows]


def conversation(conn: Connection, number: str) -> list[Said]:
    """Give what a phone was sent and what was typed on it, in order."""
    return [Said(*row) for row in conn.execute(_CONVERSATION, {"number": number})]


def letter(conn: Connection, message_id: int) -> Letter | None:
    """Give one e-mail."""
    row = conn.execute(_LETTER, {"id": message_id}).one_or_none()
    return Letter(*row) if row else None


def last_writer(conn: Connection, number: str) -> tuple[str, str] | None:
    """Give the gateway and the sender of the newest text to a phone, to whom it answers."""
    row = conn.execute(_LAST_WRITER, {"number": number}).one_or_none()
    return (row.gateway, row.sender) if row else None


def answers_waiting(conn: Connection) -> bool:
    """Tell whether answers to replies are still to be sent."""
    return bool(conn.execute(_WAITING).scalar_one())


_LAST_WRITER = text("""
    SELECT gateway, sender FROM sandbox_message
    WHERE channel = 'sms' AND recipient = :number ORDER BY id DESC LIMIT 1
""")
_WAITING = text("SELECT EXISTS (SELECT FROM service_message WHERE state = 'waiting')")
_PLACES = text("""
    SELECT a.customer_id, m.channel, m.recipient, coalesce(c.attributes ->> 'first_name', ''),
           coalesce(c.attributes ->> 'city', ''), count(*), max(m.id)
    FROM sandbox_message m JOIN address a ON a.channel = m.channel AND a.address = m.recipient
    JOIN customer c ON c.id = a.customer_id
    WHERE m.channel = :channel
    GROUP BY a.customer_id, m.channel, m.recipient, c.attributes
    ORDER BY max(m.id) DESC LIMIT :limit
""")
# All on the programme's clock; the phone's own rows know only the wall's. An answer follows the
# text it answers, whose key it bears.
_CONVERSATION = text("""
    SELECT words, own, label FROM (
        SELECT convert_from(m.content, 'UTF8') AS words, false AS own, '' AS label,
               d.decided_at AS at
        FROM sandbox_message m JOIN delivery d USING (wave_id, customer_id)
        WHERE m.channel = 'sms' AND m.recipient = :number
        UNION ALL
        SELECT r.text, true, r.label, r.received_at
        FROM reply r JOIN address a ON a.customer_id = r.customer_id AND a.channel = 'sms'
        WHERE r.channel = 'sms' AND a.address = :number
        UNION ALL
        SELECT s.text, false, '', r.received_at + interval '1 millisecond'
        FROM service_message s JOIN reply r ON r.dedup_key = s.key
        WHERE s.channel = 'sms' AND s.address = :number AND s.state = 'accepted'
    ) AS said ORDER BY at
""")
_LETTER = text("""
    SELECT m.id, a.customer_id, m.recipient, m.content
    FROM sandbox_message m JOIN address a ON a.channel = m.channel AND a.address = m.recipient
    WHERE m.id = :id AND m.channel = 'email'
""")
