"""Service messages: answers to a person's own act, waiting to be sent at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from dispatcher.domain.messages import Channel, MessageClass

ANSWER_KEPT = timedelta(hours=24)  # for how long an answer that is late is still one

_QUEUE = text(
    "INSERT INTO service_message (key, customer_id, channel, address, gateway, sender, class,"
    " text, not_before, expires_at) SELECT * FROM unnest(CAST(:key AS text[]),"
    " CAST(:customer_id AS bigint[]), CAST(:channel AS text[]), CAST(:address AS text[]),"
    " CAST(:gateway AS text[]), CAST(:sender AS text[]), CAST(:message_class AS text[]),"
    " CAST(:text AS text[]), CAST(:not_before AS timestamptz[]),"
    " CAST(:expires_at AS timestamptz[])) ON CONFLICT (key) DO NOTHING RETURNING key"
)
# That there is nothing new is not said once an offer has answered the person instead.
_EXPIRE = text(
    "UPDATE service_message s SET state = 'expired' WHERE state = 'waiting'"
    " AND (expires_at <= :now OR class = 'nothing_new' AND EXISTS (SELECT FROM contact c"
    " WHERE c.customer_id = s.customer_id AND c.asked AND c.at >= s.expires_at - :kept))"
)
_TAKE = text(
    "UPDATE service_message SET attempts = attempts + 1, not_before = :again WHERE key IN"
    " (SELECT key FROM service_message WHERE state = 'waiting' AND gateway = :gateway"
    " AND not_before <= :now ORDER BY not_before LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " RETURNING key, customer_id, channel, address, gateway, sender, class AS message_class,"
    " text, attempts"
)
_GATEWAYS = text(
    "SELECT DISTINCT gateway FROM service_message s WHERE state = 'waiting' AND not_before <= :now"
    " AND NOT EXISTS (SELECT FROM gateway_health g WHERE g.gateway = s.gateway"
    " AND g.state <> 'ready' AND g.until > clock_timestamp())"
)
_SETTLE = text(
    "UPDATE service_message SET state = :state, reference = :reference"
    " WHERE key = :key AND state = 'waiting'"
)
_TO_NEWEST = text(
    "SELECT s.text FROM service_message s, (SELECT dedup_key FROM reply"
    " WHERE digest = ANY(:digests) ORDER BY id DESC LIMIT 1) r"
    " WHERE r.dedup_key IN (s.key, regexp_replace(s.key, ':[2-9]$', '')) ORDER BY s.key"
)
_LATER = text(
    "UPDATE service_message SET not_before = :not_before WHERE key = :key AND state = 'waiting'"
)
_BELONG = text(
    "UPDATE service_message SET customer_id = :customer_id"
    " WHERE key = ANY(:keys) AND customer_id = 0"
)
_FORGET_STRANGERS = text(
    "DELETE FROM service_message WHERE key IN (SELECT key FROM service_message"
    " WHERE customer_id = 0 AND expires_at <= :now AND not_before <= :now - :kept LIMIT :most)"
)
_FORGOTTEN_AT_ONCE = 1000
_COUNT = text(
    "SELECT count(*) FROM service_message WHERE customer_id = :customer_id"
    " AND class = :message_class AND not_before > :since"
)


class ServiceMessage(NamedTuple):
    """One answer. `key` is its idempotency key; `customer_id` is 0 for a stranger."""

    key: str
    customer_id: int
    channel: Channel
    address: str
    gateway: str
    sender: str
    message_class: MessageClass
    text: str
    attempts: int = 0


class Due(NamedTuple):
    """An answer, not to be sent before a time nor after another."""

    message: ServiceMessage
    not_before: datetime
    expires_at: datetime


def queue(
    conn: Connection, message: ServiceMessage, not_before: datetime, expires_at: datetime
) -> bool:
    """Queue an answer once for each key; give whether it is new. Both on the programme's clock."""
    return bool(queue_all(conn, [Due(message, not_before, expires_at)]))


def queue_all(conn: Connection, answers: Sequence[Due]) -> set[str]:
    """Queue answers once for each key; give the keys that are new."""
    if not answers:
        return set()
    keys = [name for name in ServiceMessage._fields if name != "attempts"]
    values: dict[str, list[Any]] = {
        key: [getattr(due.message, key) for due in answers] for key in keys
    }
    values["not_before"] = [due.not_before for due in answers]
    values["expires_at"] = [due.expires_at for due in answers]
    return set(conn.execute(_QUEUE, values).scalars())


def count_since(
    conn: Connection, customer_id: int, message_class: MessageClass, since: datetime
) -> int:
    """Count what somebody was answered of a kind since then."""
    values = {"customer_id": customer_id, "message_class": message_class, "since": since}
    return int(conn.execute(_COUNT, values).scalar_one())


def gateways_waiting(conn: Connection, now: datetime) -> list[str]:
    """Name the gateways that have answers to send, after dropping what came too late."""
    _expire(conn, now)
    return list(conn.execute(_GATEWAYS, {"now": now}).scalars())


def take(
    conn: Connection, gateway: str, now: datetime, limit: int, lease: timedelta
) -> list[ServiceMessage]:
    """Take answers to send; those not settled within the lease come back, with the same key."""
    _expire(conn, now)
    values = {"gateway": gateway, "now": now, "again": now + lease, "limit": limit}
    return [
        ServiceMessage(**row._mapping)._replace(
            channel=Channel(row.channel), message_class=MessageClass(row.message_class)
        )
        for row in conn.execute(_TAKE, values)
    ]


def _expire(conn: Connection, now: datetime) -> None:
    conn.execute(_EXPIRE, {"now": now, "kept": ANSWER_KEPT})


def answers_to_newest(conn: Connection, digests: Sequence[bytes]) -> list[str]:
    """Give the answers to the newest text from an address, known by its digests, in order."""
    return list(conn.execute(_TO_NEWEST, {"digests": list(digests)}).scalars())


def belong(conn: Connection, customer_id: int, keys: Sequence[str]) -> None:
    """Note that a stranger who was asked by these is a customer now."""
    conn.execute(_BELONG, {"customer_id": customer_id, "keys": list(keys)})


def forget_strangers(conn: Connection, now: datetime) -> int:
    """Forget what people were answered who are nobody's customers, after a day; give how many."""
    values = {"now": now, "kept": ANSWER_KEPT, "most": _FORGOTTEN_AT_ONCE}
    return conn.execute(_FORGET_STRANGERS, values).rowcount


def settle(conn: Connection, key: str, *, accepted: bool, reference: str = "") -> None:
    """Note that the gateway has taken an answer, or never will."""
    state = "accepted" if accepted else "refused"
    conn.execute(_SETTLE, {"key": key, "state": state, "reference": reference})


def later(conn: Connection, key: str, not_before: datetime) -> None:
    """Try an answer again, not before that."""
    conn.execute(_LATER, {"key": key, "not_before": not_before})
