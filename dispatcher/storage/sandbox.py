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
    """A phone or mailbox to which something was sent, and whose it is. `wrote`: they write back."""

    customer_id: int
    channel: Channel
    address: str
    name: str
    city: str
    messages: int
    last_id: int
    wrote: bool


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
    """Give the phones or mailboxes with something in them: who wrote back, then the newest."""
    rows = conn.execute(_PLACES, {"channel": channel, "limit": limit})
    return [Place(*row)._replace(channel=channel) for row in rows]


def conversation(conn: Connection, number: str, digests: Sequence[bytes]) -> list[Said]:
    """Give what a phone was sent and what was typed on it, in order.

    `digests` are the number's: before somebody joins, their texts are known by nothing else.
    """
    values = {"number": number, "digests": list(digests)}
    return [Said(*row) for row in conn.execute(_CONVERSATION, values)]


def letters(conn: Connection, recipient: str, limit: int = 20) -> list[Letter]:
    """Give the newest mails in a mailbox, the newest first."""
    return [Letter(*row) for row in conn.execute(_LETTERS, {"to": recipient, "limit": limit})]


def free_number(conn: Connection) -> str:
    """Give a number that is nobody's yet, of those that ring nowhere; "" when there is none."""
    return str(conn.execute(_FREE_NUMBER).scalar() or "")


def letter(conn: Connection, message_id: int) -> Letter | None:
    """Give one e-mail."""
    row = conn.execute(_LETTER, {"id": message_id}).one_or_none()
    return Letter(*row) if row else None


def last_writer(conn: Connection, number: str) -> tuple[str, str] | None:
    """Give the gateway and the sender of the newest text to a phone, to whom it answers."""
    row = conn.execute(_LAST_WRITER, {"number": number}).one_or_none()
    return (row.gateway, row.sender) if row else None


def answers_waiting(conn: Connection) -> bool:
    """Tell whether answers to replies should have been sent by now."""
    return bool(conn.execute(_WAITING).scalar_one())


_LAST_WRITER = text("""
    SELECT gateway, sender FROM sandbox_message
    WHERE channel = 'sms' AND recipient = :number ORDER BY id DESC LIMIT 1
""")
_WAITING = text("""
    SELECT EXISTS (SELECT FROM service_message, clock WHERE state = 'waiting'
                   AND not_before <= clock_timestamp() + clock.ahead)
""")
# Numbers for drama, which are given to nobody. The last of them are those of made-up programmes.
_FREE_NUMBER = text("""
    SELECT '+447700900' || n FROM generate_series(899, 100, -1) AS n
    WHERE NOT EXISTS (SELECT FROM address WHERE channel = 'sms' AND address = '+447700900' || n)
    LIMIT 1
""")
_PLACES = text("""
    SELECT a.customer_id, m.channel, m.recipient, coalesce(c.attributes ->> 'first_name', ''),
           coalesce(c.attributes ->> 'city', ''), count(*), max(m.id),
           EXISTS (SELECT FROM reply r WHERE r.customer_id = a.customer_id) AS wrote
    FROM sandbox_message m JOIN address a ON a.channel = m.channel AND a.address = m.recipient
    JOIN customer c ON c.id = a.customer_id
    WHERE m.channel = :channel
    GROUP BY a.customer_id, m.channel, m.recipient, c.attributes
    ORDER BY wrote DESC, max(m.id) DESC LIMIT :limit
""")
# All on the programme's clock; the phone's own rows know only the wall's. An answer follows the
# text it answers, whose key it bears, with its place behind it where it took several; what answers
# no text is told by its lease.
_CONVERSATION = text("""
    SELECT words, own, label FROM (
        SELECT convert_from(m.content, 'UTF8') AS words, false AS own, '' AS label,
               d.decided_at AS at
        FROM sandbox_message m JOIN delivery d USING (wave_id, customer_id)
        WHERE m.channel = 'sms' AND m.recipient = :number
        UNION ALL
        SELECT r.text, true, r.label, r.received_at
        FROM reply r WHERE r.channel = 'sms' AND r.digest = ANY(:digests)
        UNION ALL
        SELECT s.text, false, '',
               coalesce(r.received_at + interval '1 millisecond' * length(s.key),
                        s.not_before - interval '60 seconds')
        FROM service_message s
        LEFT JOIN reply r ON r.dedup_key IN (s.key, regexp_replace(s.key, ':[2-9]$', ''))
        WHERE s.channel = 'sms' AND s.address = :number AND s.state = 'accepted'
    ) AS said ORDER BY at
""")
_MAIL = """
    SELECT m.id, a.customer_id, m.recipient, m.content
    FROM sandbox_message m JOIN address a ON a.channel = m.channel AND a.address = m.recipient
    WHERE m.channel = 'email' AND
"""
_LETTER = text(f"{_MAIL} m.id = :id")
_LETTERS = text(f"{_MAIL} m.recipient = :to ORDER BY m.id DESC LIMIT :limit")
