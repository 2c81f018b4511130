"""Promises about SMPP with a server of another make: messages, receipts and replies, both ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import smpp34

from dispatcher.domain import gsm7
from dispatcher.domain.messages import EventKind, Outcome
from dispatcher.embedded.processes import free_port
from tests.gateways.gate import FakeGate
from tests.gateways.letters import phone, run, send, text_message
from tests.gateways.sms.smpp_house import Ledger, bound

LONG = "Zwanzig Prozent auf alles am Sonntag, nur im Café Müller {am Markt}. " * 6
MANY = 300


class Smsc:
    """The other make's server: takes what is sent, and knows who is bound."""

    def __init__(self) -> None:
        self.port = free_port()
        self.server = smpp34.Server("127.0.0.1", self.port)
        self.taken: list[Any] = []
        self.bound: asyncio.Queue[Any] = asyncio.Queue()
        self.refused: dict[str, int] = {}

    async def serve(self) -> None:
        """Take everything, but for what is to be refused."""
        while True:
            came = await self.server.next()
            if isinstance(came, smpp34.SubmitSmEvent):
                self.taken.append(came)
                if came.destination_addr in self.refused:
                    came.reject(self.refused[came.destination_addr])
                else:
                    came.accept(f"{len(self.taken):x}")
            elif isinstance(came, smpp34.Esme):
                await self.bound.put(came)


@asynccontextmanager
async def smsc() -> AsyncIterator[Smsc]:
    there = Smsc()
    await there.server.start()
    serving = asyncio.create_task(there.serve())
    try:
        yield there
    finally:
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        await there.server.stop()


def test_hundreds_of_messages_arrive_once_each() -> None:
    """With a window of a hundred, one of them refused, and with their ids."""

    async def scenario() -> None:
        async with smsc() as there, bound(there, window=100) as gateway:
            there.refused[phone(5).removeprefix("+")] = 0x0B
            messages = [text_message(n) for n in range(MANY)]
            receipts, down = await send(gateway, messages, FakeGate())
            assert down is None
            assert [each.key for each in receipts] == [each.key for each in messages]
            refused = receipts.pop(5)
            assert (refused.outcome, refused.dead_address) == (Outcome.REFUSED, True)
            assert {each.outcome for each in receipts} == {Outcome.ACCEPTED}
            assert len({each.reference for each in receipts}) == MANY - 1
            taken = sorted(there.taken, key=lambda each: str(each.destination_addr))
            assert [f"+{each.destination_addr}" for each in taken] == [m.address for m in messages]
            first = taken[0]
            assert first.short_message == gsm7.encode(messages[0].content.decode())
            assert (first.source_addr, first.source_addr_ton) == ("Brand", 5)

    run(scenario())


@pytest.mark.parametrize("how", ["udh8", "udh16", "sar", "payload"])
def test_long_messages_are_understood(how: str) -> None:
    """The other make reads headers and parameters as they were meant."""

    async def scenario() -> None:
        async with smsc() as there, bound(there, long_messages=how) as gateway:
            [sent], down = await send(gateway, [text_message(1, LONG)], FakeGate())
            assert (sent.outcome, down) == (Outcome.ACCEPTED, None)
            parts = sorted(there.taken, key=_number)  # it passes them on in any order
            assert sent.reference == f"{there.taken.index(parts[-1]) + 1:x}"
            texts = [each.short_message or each.tlvs[0].value for each in parts]
            head = {"udh8": 6, "udh16": 7}.get(how, 0)
            assert "".join(gsm7.decode(text[head:]) for text in texts) == LONG

    run(scenario())


def _number(part: Any) -> int:
    """Give the place of a part, in its header or among its parameters."""
    if part.esm_class & 0x40:
        return int(part.short_message[part.short_message[0]])
    [*_, last] = part.tlvs
    return int(last.as_int()) if last.tag == 0x020F else 0


def test_replies_and_receipts_come_back() -> None:
    """A listener of ours, bound as the other make can bear it, hears and says so."""

    async def scenario() -> None:
        ledger, stopped = Ledger(), asyncio.Event()
        async with smsc() as there, bound(there, ledger, listen_bind="transceiver") as gateway:
            listener = asyncio.create_task(gateway.listen(stopped, lambda _: None))
            esme = await there.bound.get()
            assert esme.can_receive
            stop = {"source_addr": "447700900001", "source_addr_ton": 1, "source_addr_npi": 1}
            heard = await esme.deliver_sm(
                "60123", "ARRÊT".encode("utf-16-be"), data_coding=8, **stop
            )
            assert heard.is_success
            told = b"id:00000000A7 sub:001 dlvrd:000 stat:UNDELIV err:027 text:"
            assert (await esme.deliver_sm("60123", told, esm_class=4, **stop)).is_success
            ledger.down = True
            again = await esme.deliver_sm("60123", b"STOP", **stop)
            assert again.command_status == 0x64
            stopped.set()
            await listener
        reply, receipt = ledger.events
        assert (reply.kind, reply.text) == (EventKind.REPLIED, "ARRÊT")
        assert (receipt.kind, receipt.reference) == (EventKind.BOUNCED, "a7")

    run(scenario())
