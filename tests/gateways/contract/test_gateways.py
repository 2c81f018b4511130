"""What every gateway promises, whatever it speaks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import fields
from typing import cast

import pytest

from dispatcher.domain.messages import DeliveryKey, Message, Outcome
from dispatcher.domain.ports import Passage
from dispatcher.gateways.registry import KINDS, GatewayKind
from tests.gateways.contract.peers import PEERS as OWN_PEERS
from tests.gateways.contract.peers import Case, Peer
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send
from tests.gateways.providers import PROVIDERS

PEERS: tuple[type[Peer], ...] = (*OWN_PEERS, *PROVIDERS)

each_gateway = pytest.mark.parametrize("row", PEERS, ids=lambda row: row.name)
each_case = pytest.mark.parametrize(
    ("row", "case"),
    [pytest.param(row, case, id=f"{row.name}: {case}") for row in PEERS for case in row.outcomes],
)


def test_every_kind_of_gateway_is_under_contract() -> None:
    """A gateway that is registered has a row in this suite."""
    assert {row.kind for row in PEERS} == set(KINDS)


@each_gateway
def test_receipts_match_messages_one_to_one(row: type[Peer]) -> None:
    """Fifty messages get fifty receipts, each for its own message, and arrive once."""

    async def scenario() -> None:
        peer, gate = row(), FakeGate()
        messages = [peer.message(n) for n in range(50)]
        async with peer.ready() as gateway:
            receipts, down = await send(gateway, messages, gate)
            assert down is None
            assert [receipt.key for receipt in receipts] == [message.key for message in messages]
            assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
            assert sorted(peer.reached()) == [message.key for message in messages]

    run(scenario())


@each_case
def test_what_the_far_side_does_is_told_as_it_is(row: type[Peer], case: Case) -> None:
    """Taken, refused, too busy, broken, opted out, no such address, died after the last byte."""

    async def scenario() -> None:
        peer, gate = row(), FakeGate()
        peer.behave(1, case)
        async with peer.ready() as gateway:
            [receipt], _ = await send(gateway, [peer.message(1)], gate)
            assert receipt.outcome is row.outcomes[case]
            assert receipt.contact_stopped is (case is Case.STOPPED)
            assert receipt.dead_address is (case is Case.DEAD)
            assert (receipt.retry_after > 0) is (receipt.outcome is Outcome.DEFERRED)
            if case is Case.LOST:
                assert peer.reached() == [receipt.key]

    run(scenario())


@pytest.mark.parametrize(
    "row", [row for row in PEERS if Case.REFUSE in row.outcomes], ids=lambda row: row.name
)
def test_one_persons_trouble_is_not_the_others(row: type[Peer]) -> None:
    """A refused message in the middle leaves its neighbours alone."""

    async def scenario() -> None:
        peer = row()
        peer.behave(1, Case.REFUSE)
        async with peer.ready() as gateway:
            receipts, down = await send(gateway, [peer.message(n) for n in range(3)], FakeGate())
            outcomes = [receipt.outcome for receipt in receipts]
            assert outcomes == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED]
            assert down is None

    run(scenario())


class WatchfulGate(FakeGate):
    """Checks at each GO that the message has not reached the far side yet."""

    def __init__(self, peer: Peer, script: dict[int, list[Passage]]) -> None:
        super().__init__(script)
        self.peer = peer

    def begin(self, message: Message) -> Passage:
        assert message.key not in self.peer.reached(), (
            "the last byte left before the gate was asked"
        )
        return super().begin(message)


@each_gateway
def test_no_last_byte_leaves_without_the_gate(row: type[Peer]) -> None:
    """What reached the far side is exactly what the gate let go, once each, and only afterwards."""

    async def scenario() -> None:
        peer = row()
        script = {
            2: [Passage.WITHHELD],
            3: [Passage.WAIT, Passage.GO],
            7: [Passage.WAIT, Passage.WAIT, Passage.WITHHELD],
            8: [Passage.WAIT],
            11: [Passage.WITHHELD],
        }
        gate = WatchfulGate(peer, script)
        messages = [peer.message(n) for n in range(20)]
        async with peer.ready() as gateway:
            receipts, down = await send(gateway, messages, gate)
            assert down is None
            withheld = [r.key for r in receipts if r.outcome is Outcome.WITHHELD]
            assert withheld == [messages[n].key for n in (2, 7, 11)]
            assert sorted(peer.reached()) == sorted(gate.begun)
            assert not gate.begun_twice
            assert len(receipts) == 20
            assert gate.waits > 0

    run(scenario())


@each_gateway
def test_no_more_are_in_doubt_than_are_in_flight(row: type[Peer]) -> None:
    """A receipt is journalled before its line begins another: a death leaves one a line unsure."""

    async def scenario() -> None:
        peer, gate = row(), FakeGate()
        async with peer.ready() as gateway:
            await send(gateway, [peer.message(n) for n in range(200)], gate)
            limits = gateway.limits
            assert gate.most_in_doubt <= limits.in_flight * limits.max_batch
            assert not gate.in_doubt

    run(scenario())


@each_gateway
def test_a_gate_that_stays_shut_keeps_everything_in_the_house(row: type[Peer]) -> None:
    """With every message withheld nothing reaches the far side, and each gets its receipt."""

    async def scenario() -> None:
        peer = row()
        gate = FakeGate({n: [Passage.WITHHELD] for n in range(10)})
        async with peer.ready() as gateway:
            receipts, down = await send(gateway, [peer.message(n) for n in range(10)], gate)
            assert down is None
            assert [receipt.outcome for receipt in receipts] == [Outcome.WITHHELD] * 10
            assert peer.reached() == []

    run(scenario())


@each_gateway
def test_an_outage_is_an_exception_and_leaves_the_rest_unpulled(row: type[Peer]) -> None:
    """Nobody listens: GatewayDown with a time to come back, and nobody is told anything certain."""

    async def scenario() -> None:
        peer, gate = row(), FakeGate()
        pulled: list[DeliveryKey] = []

        def feed() -> Iterator[Message]:
            for n in range(2000):
                pulled.append(peer.message(n).key)
                yield peer.message(n)

        async with peer.ready() as gateway:
            await peer.vanish()
            receipts, down = await send(gateway, feed(), gate)
            assert down is not None
            assert down.retry_after > 0
            assert gateway.name in str(down) or "127.0.0.1" in str(down)
            assert len(pulled) < 2000
            assert [receipt.key for receipt in receipts] == pulled
            outcomes = {receipt.outcome for receipt in receipts}
            assert outcomes <= {Outcome.DEFERRED, Outcome.UNSURE}
            begun = set(gate.begun)
            assert all(r.outcome is Outcome.DEFERRED for r in receipts if r.key not in begun)

    run(scenario())


@each_gateway
def test_messages_are_pulled_as_they_can_be_sent(row: type[Peer]) -> None:
    """Rendering happens while others are on the wire: no more is pulled than can be in flight."""

    async def scenario() -> None:
        peer = row()
        pulled = 0

        def feed() -> Iterator[Message]:
            nonlocal pulled
            for n in range(500):
                pulled += 1
                yield peer.message(n)

        async with peer.ready() as gateway:
            limits = gateway.limits
            receipts = gateway.send(feed(), FakeGate())
            await anext(receipts)
            # One more round may have been pulled by those that are through already.
            assert pulled <= 3 * limits.in_flight * limits.max_batch
            await receipts.aclose()

    run(scenario())


@each_gateway
def test_a_caller_who_leaves_early_leaves_nothing_running(row: type[Peer]) -> None:
    """After the stream of receipts is closed no task pulls or sends any more."""

    async def scenario() -> None:
        peer = row()
        async with peer.ready() as gateway:
            before = asyncio.all_tasks()
            receipts = gateway.send((peer.message(n) for n in range(500)), FakeGate())
            await anext(receipts)
            await receipts.aclose()
            ours = asyncio.all_tasks() - before
            assert not [task for task in ours if "/tests/servers/" not in repr(task)]

    run(scenario())


@pytest.mark.parametrize("row", [row for row in PEERS if row.secret], ids=lambda row: row.name)
def test_secrets_stay_secret(row: type[Peer], caplog: pytest.LogCaptureFixture) -> None:
    """No secret is in a repr, log, receipt or outage, though the far side repeats it."""
    caplog.set_level(logging.DEBUG)

    async def scenario() -> None:
        peer = row()
        if Case.REFUSE in row.outcomes:
            peer.behave(1, Case.REFUSE)
        async with peer.ready() as gateway:
            seen = [repr(gateway), str(gateway), repr(getattr(gateway, "settings", ""))]
            receipts, _ = await send(gateway, [peer.message(1)], FakeGate())
            await peer.vanish()
            later, down = await send(gateway, [peer.message(2)], FakeGate())
            seen += [repr(receipts), repr(later), repr(down), caplog.text]
            assert not [text for text in seen if row.secret in text]
            assert peer.message(1).address not in repr(receipts)

    run(scenario())


@each_gateway
def test_limits_say_what_it_can_do(row: type[Peer]) -> None:
    """The numbers that workers rely on are there and make sense."""

    async def scenario() -> None:
        async with row().ready() as gateway:
            limits = gateway.limits
            assert limits.max_batch >= 1
            assert limits.in_flight >= 1
            assert limits.per_second >= 0
            assert limits.idempotency >= 0
            assert gateway.kind in KINDS
            settings = cast(GatewayKind, KINDS[gateway.kind]).settings_type
            assert all(f.metadata.get("help") for f in fields(settings))

    run(scenario())
