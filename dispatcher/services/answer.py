"""Answer: the confirmations and help texts people are owed, at least once, with one key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial

from dispatcher.domain.messages import DeliveryKey, Message, Outcome, Receipt
from dispatcher.errors import GatewayDown
from dispatcher.services.dispatch import Outbound
from dispatcher.services.gate import OpenGate
from dispatcher.storage import clock, service_messages
from dispatcher.storage.database import Database
from dispatcher.storage.service_messages import ServiceMessage

_BATCH = 50
_LEASE = timedelta(seconds=60)
_AGAIN = timedelta(seconds=30)


async def answer(out: Outbound) -> int:
    """Send every answer that is due; give how many were taken up."""
    count = 0
    for gateway in await out.in_store(partial(_waiting, out.database)):
        if gateway in out.gateways:
            count += await _answer_through(out, gateway)
    return count


async def _answer_through(out: Outbound, gateway: str) -> int:
    answers = await out.in_store(partial(_take, out.database, gateway))
    by_key = {_key(each): each for each in answers}
    messages = [_message(key, each) for key, each in by_key.items()]
    receipts: list[Receipt] = []
    try:
        async for receipt in out.gateways[gateway].send(messages, OpenGate()):
            receipts.append(receipt)  # noqa: PERF401 - what came before an outage counts
    except GatewayDown:
        pass  # what has no receipt comes back when its lease ends
    await out.in_store(partial(_settle, out.database, by_key, receipts))
    return len(answers)


def _key(answer: ServiceMessage) -> DeliveryKey:
    """Name an answer by its idempotency key, so that a repeat carries the same name."""
    number = int.from_bytes(hashlib.sha256(answer.key.encode()).digest()[:7], "big")
    return DeliveryKey(0, number, 1)


def _message(key: DeliveryKey, answer: ServiceMessage) -> Message:
    return Message(
        key=key,
        channel=answer.channel,
        address=answer.address,
        sender=answer.sender,
        content=answer.text.encode(),
        message_id=answer.key,
    )


def _waiting(database: Database) -> list[str]:
    with database.begin() as conn:
        return service_messages.gateways_waiting(conn, _instant(clock.now(conn)))


def _take(database: Database, gateway: str) -> list[ServiceMessage]:
    with database.begin() as conn:
        now = _instant(clock.now(conn))
        return service_messages.take(conn, gateway, now, _BATCH, _LEASE)


def _settle(
    database: Database, by_key: dict[DeliveryKey, ServiceMessage], receipts: list[Receipt]
) -> None:
    with database.begin() as conn:
        now = _instant(clock.now(conn))
        for receipt in receipts:
            key = by_key[receipt.key].key
            if receipt.outcome in (Outcome.ACCEPTED, Outcome.REFUSED):
                accepted = receipt.outcome is Outcome.ACCEPTED
                service_messages.settle(conn, key, accepted=accepted, reference=receipt.reference)
            else:  # unsure too: an answer that is owed goes at least once
                wait = max(_AGAIN, timedelta(seconds=receipt.retry_after))
                service_messages.later(conn, key, now + wait)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
