"""Requests go out over connections that are kept, doubted and dropped at the right moments."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence

import httpx
import pytest

from dispatcher.domain.messages import Message
from dispatcher.domain.ports import Passage
from dispatcher.gateways.http_transport import GatedTransport, HandOver, Timeouts
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, text_message
from tests.servers.http import Fault, Reply, SmsServer


async def hand_over(
    transport: GatedTransport, url: str, *messages: Message, gate: FakeGate | None = None
) -> HandOver:
    """Hand messages over in one request that is simply their texts."""

    def compose(chosen: Sequence[Message]) -> httpx.Request:
        return httpx.Request("POST", url, content=b"\n".join(m.content for m in chosen))

    return await transport.hand_over(messages, gate or FakeGate(), compose)


def test_one_connection_serves_many_requests() -> None:
    """A connection that is free is used again."""

    async def scenario() -> None:
        transport = GatedTransport()
        async with SmsServer() as server:
            for n in range(20):
                done = await hand_over(transport, server.url, text_message(n))
                assert done.response is not None
            assert (server.connections, len(server.requests)) == (1, 20)
            await transport.aclose()

    run(scenario())


@pytest.mark.parametrize("fault", [Fault.GONE_AFTER, Fault.UNTIL_CLOSE])
def test_a_connection_that_was_closed_meanwhile_is_not_written_to(fault: Fault) -> None:
    """A server that hangs up between two requests costs nobody a message."""

    async def scenario() -> None:
        transport = GatedTransport()
        async with SmsServer() as server:
            server.default = Reply(fault=fault)
            for n in range(5):
                done = await hand_over(transport, server.url, text_message(n))
                assert done.failure is None
                await server.all_left()
            assert (server.connections, len(server.requests)) == (5, 5)
            await transport.aclose()

    run(scenario())


def test_an_old_connection_is_not_trusted() -> None:
    """After the idle time, or what the server promises by Keep-Alive, a new connection is made."""

    async def scenario() -> None:
        async with SmsServer() as server:
            patient = GatedTransport(Timeouts(idle=0.0))
            for n in range(3):
                await hand_over(patient, server.url, text_message(n))
            assert server.connections == 3
            await patient.aclose()
            server.default = Reply(headers={"Keep-Alive": "timeout=1, max=100"})
            trusting = GatedTransport(Timeouts(idle=60.0))
            for n in range(3):
                await hand_over(trusting, server.url, text_message(n))
            assert server.connections == 6
            await trusting.aclose()

    run(scenario())


def test_a_request_with_some_messages_withheld_holds_the_others_only() -> None:
    """The body is made again without them, and those from the first that waits stay for later."""

    async def scenario() -> None:
        transport = GatedTransport()
        gate = FakeGate({1: [Passage.WITHHELD], 3: [Passage.WAIT]})
        messages = [text_message(n, f"text {n}") for n in range(5)]
        async with SmsServer() as server:
            done = await hand_over(transport, server.url, *messages, gate=gate)
            assert [m.ordinal for m in done.passed] == [0, 2]
            assert [m.ordinal for m in done.withheld] == [1]
            assert [m.ordinal for m in done.waiting] == [3, 4]
            assert server.requests[0].body == b"text 0\ntext 2"
            await transport.aclose()

    run(scenario())


def test_a_request_that_never_left_whole_is_known_to_be_unsent() -> None:
    """The peer resets while most of the body is still here: WriteError, not a mere loss."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.setblocking(False)

        async def reset_after_a_taste() -> None:
            peer, _ = await loop.sock_accept(listener)
            await loop.sock_recv(peer, 1000)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

        peer = asyncio.create_task(reset_after_a_taste())
        transport = GatedTransport()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        done = await hand_over(transport, url, text_message(1, "x" * 30_000_000))
        assert isinstance(done.failure, httpx.WriteError)
        await peer
        await transport.aclose()
        listener.close()

    run(scenario())


def test_the_bytes_leave_in_the_tick_of_the_gates_word() -> None:
    """Between GO and the last byte nothing else runs: in the next tick the peer has it all."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(5)
        heard: asyncio.Future[bytes] = loop.create_future()

        class TickingGate(FakeGate):
            def begin(self, message: Message) -> Passage:
                loop.call_soon(hear)
                return super().begin(message)

        def hear() -> None:
            # The loop stands still here, so only what was written before can arrive.
            peer, _ = listener.accept()
            peer.settimeout(5)
            heard.set_result(peer.recv(65536))
            peer.close()

        transport = GatedTransport()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        done = await hand_over(transport, url, text_message(1, "the text"), gate=TickingGate())
        assert (await heard).endswith(b"\r\n\r\nthe text")
        assert isinstance(done.failure, httpx.ReadError)
        await transport.aclose()
        listener.close()

    run(scenario())


def test_only_the_gate_lets_changes_out() -> None:
    """Plain httpx use of the transport may ask questions, but not post anything."""

    async def scenario() -> None:
        async with SmsServer() as server, httpx.AsyncClient(transport=GatedTransport()) as client:
            assert (await client.get(server.url)).status_code == 202
            with pytest.raises(RuntimeError, match="through the gate"):
                await client.post(server.url, content=b"free!")
            assert [request.method for request in server.requests] == ["GET"]

    run(scenario())


def test_a_line_break_cannot_smuggle_a_header() -> None:
    """A header with a line break in it is never written."""

    async def scenario() -> None:
        async with SmsServer() as server:
            transport = GatedTransport()
            request = httpx.Request("GET", server.url, headers={"X-Id": "1\r\nX-Evil: 1"})
            with pytest.raises(ValueError, match="line break"):
                await transport.handle_async_request(request)
            assert server.requests == []
            await transport.aclose()

    run(scenario())
