"""Texts over SMPP on loopback, 100 under way, against our own gateway over HTTP in the same run.

    python -m bench.smpp_window [--messages 20000] [--rounds 5]

Both numbers of a ratio come from the same round. Processor time is our side's alone.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from bench import http_client
from bench.http_client import messages
from dispatcher.domain.messages import Outcome
from dispatcher.gateways.registry import Supplies, build
from dispatcher.services.gate import OpenGate

WINDOW = 100
HTTP_PART = 4  # it gets one message in so many, being so much slower
_HEADER = struct.Struct(">IIII")
_SUBMIT_SM, _ANSWER = 0x04, 0x80000000


class Operator(asyncio.Protocol):
    """Answers each packet; each message gets an id."""

    def __init__(self) -> None:
        self._rest = b""
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer all that is whole, in one write."""
        data = self._rest + data
        at, answers = 0, []
        while len(data) - at >= 16:
            size, command, _, sequence = _HEADER.unpack_from(data, at)
            if len(data) - at < size:
                break
            at += size
            self._count += 1
            body = b"%016x\0" % self._count if command == _SUBMIT_SM else b"\0"
            answers.append(_HEADER.pack(16 + len(body), command | _ANSWER, 0, sequence) + body)
        self._rest = data[at:]
        self._transport.write(b"".join(answers))


def serve(pipe: Connection) -> None:
    """Run the operator in a process of its own and tell its port."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Operator, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def operator() -> Iterator[int]:
    """Run the operator; give its port."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=serve, args=(sender,), daemon=True)
    process.start()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


async def over_smpp(port: int, count: int) -> None:
    """Send through the gateway as the product does."""

    async def hear(_: object) -> None: ...

    options: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "system_id": "bench",
        "window": WINDOW,
    }
    gateway = build("bench", "smpp", options, Supplies(hear=hear))
    taken = 0
    async for receipt in gateway.send(messages(count), OpenGate()):
        taken += receipt.outcome is Outcome.ACCEPTED and bool(receipt.reference)
    await gateway.aclose()
    assert taken == count


def rate(port: int, count: int) -> tuple[float, float]:
    """Give messages a second, and microseconds of processor time a message."""
    begun, used = time.perf_counter(), time.process_time()
    asyncio.run(over_smpp(port, count))
    spent = time.process_time() - used
    return count / (time.perf_counter() - begun), spent / count * 1e6


def measure(messages: int, rounds: int) -> dict[str, object]:
    """Run both in turn and give the medians."""
    found: list[tuple[float, float, float]] = []
    with operator() as port, http_client.provider() as url:
        for _ in range(rounds):
            mine, cpu = rate(port, messages)
            http = http_client.rate(http_client.ours, url, max(messages // HTTP_PART, 100))
            found.append((mine, http, cpu))
            print(f"SMPP {mine:,.0f}/s, {cpu:.1f} us   HTTP {http:,.0f}/s")
    mine, http, cpu = (statistics.median(each) for each in zip(*found, strict=True))
    return {
        "ratio_to_http": round(statistics.median(one[0] / one[1] for one in found), 2),
        "messages_per_second": round(mine),
        "http_per_second": round(http),
        "cpu_us_per_message": round(cpu, 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, value in measure(options.messages, options.rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
