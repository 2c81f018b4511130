"""Answer: the confirmations and help texts people are owed, at least once, with one key."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import TypeVar

from dispatcher.domain.gsm7 import count
from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome, Receipt
from dispatcher.domain.throttles import NO_PACE
from dispatcher.errors import GatewayDown, Unavailable
from dispatcher.services.gate import OpenGate
from dispatcher.services.outbound import Outbound
from dispatcher.storage import clock, gateway_health, service_messages
from dispatcher.storage.database import Database
from dispatcher.storage.service_messages import ServiceMessage

T = TypeVar("T")
log = logging.getLogger(__name__)
_BATCH = 50
_LOOK = 0.25  # seconds between looks while this process is busy with something else
_LEASE = timedelta(seconds=60)
_AGAIN = timedelta(seconds=30)


async def answering(out: Outbound, work: Awaitable[T]) -> T:
    """Do long work, and answer people meanwhile: they wait for no campaign to let a process go."""
    over = asyncio.Event()
    answers = asyncio.create_task(_answer_until(over, out))
    try:
        return await work
    finally:
        over.set()
        await answers  # what is on the wire is settled first


async def _answer_until(over: asyncio.Event, out: Outbound) -> None:
    while not over.is_set():
        try:
            await answer(out)
        except Unavailable as outage:
            log.warning("answers wait: %s", outage)
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), _LOOK)


async def answer(out: Outbound) -> int:
    """Send every answer that is due; give how many were taken up."""
    count = 0
    for gateway in await out.in_store(partial(_waiting, out.database)):
        if gateway in out.gateways:
            count += await _answer_through(out, gateway)
    return count


async def _answer_through(out: Outbound, gateway: str) -> int:
    answers = await out.in_store(partial(_take, out, gateway))
    by_key = {_key(each): each for each in answers}
    messages = [_message(key, each) for key, each in by_key.items()]
    receipts: list[Receipt] = []
    try:
        async for receipt in out.gateways[gateway].send(messages, OpenGate()):
            receipts.append(receipt)  # noqa: PERF401 - what came before an outage counts
    except GatewayDown as outage:  # what has no receipt comes back when its lease ends
        log.warning("answers wait: %s", outage)
        rest = await out.in_store(partial(_trip, out.database, gateway, outage))
        out.pulse(gateway).trip(monotonic(), rest)
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
        eight_bit=not answer.text.isascii(),
        envelope_from=answer.sender if answer.channel is Channel.EMAIL else "",
        message_id=answer.key,
    )


def _waiting(database: Database) -> list[str]:
    with database.begin() as conn:
        return service_messages.gateways_waiting(conn, _instant(clock.now(conn)))


def _take(out: Outbound, gateway: str) -> list[ServiceMessage]:
    """Take up answers; they wait for no slot of any rate, but use them up for campaigns."""
    pace = out.tariffs[gateway].pace if gateway in out.tariffs else NO_PACE
    with out.database.begin() as conn:
        now = _instant(clock.now(conn))
        answers = service_messages.take(conn, gateway, now, _BATCH, _LEASE)
        if answers:
            sent = [(each.sender, _parts(each)) for each in answers]
            out.patience.pacing.use_up(conn, gateway, pace, sent, clock.server(conn))
        return answers


def _parts(answer: ServiceMessage) -> int:
    return count(answer.text).parts if answer.channel is Channel.SMS else 1


def _trip(database: Database, gateway: str, outage: GatewayDown) -> float:
    with database.begin() as conn:
        return gateway_health.trip(conn, gateway, str(outage), outage.retry_after)


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
