"""SMS over HTTP on loopback: our gateway against bare aiohttp and stock httpx, 20 in flight.

    python -m bench.http_client [--messages 10000] [--rounds 5]

It gives messages a second (medians of the rounds) and our ratio to each of the others; both
numbers of a ratio come from the same round. Stock httpx gets a part of the messages only.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import aiohttp
import httpx

from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome
from dispatcher.gateways.registry import build
from dispatcher.services.gate import OpenGate

IN_FLIGHT = 20
HTTPX_PART = 16  # it gets one message in so many, being so much slower
ANSWER = b'{"id":"7f3c2a90-55aa-4c1e-9d0b-0d7c1f3e8a11","status":"queued"}'
HEAD = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
TEXT = (
    "Brand: 20% off running shoes at Main Street until Sunday. Show this text. Reply STOP to end."
)

Client = Callable[[str, int], Awaitable[None]]


class Stub(asyncio.Protocol):
    """Answers each whole request with the same 202."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whom to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the body is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self._buffer) < end + 4 + size:
                return
            body = self._buffer[end + 4 : end + 4 + size]
            self._buffer = self._buffer[end + 4 + size :]
            self.came(body)
            self._transport.write(HEAD % len(ANSWER) + ANSWER)

    def came(self, body: bytes) -> None:
        """Do nothing with what a request says."""


def serve(pipe: Connection) -> None:
    """Run the stub in a process of its own and tell its port."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def messages(count: int) -> Iterator[Message]:
    """Give messages as a worker would."""
    for n in range(count):
        key = DeliveryKey(1, n, 1)
        yield Message(key, Channel.SMS, f"+4477009{n % 100000:05}", "Brand", TEXT.encode())


async def ours(url: str, count: int) -> None:
    """Send through the gateway as the product does."""
    gateway = build("bench", "http_sms", {"url": url, "in_flight": IN_FLIGHT})
    taken = 0
    async for receipt in gateway.send(messages(count), OpenGate()):
        taken += receipt.outcome is Outcome.ACCEPTED and bool(receipt.reference)
    await gateway.aclose()
    assert taken == count


async def with_aiohttp(url: str, count: int) -> None:
    """Send with aiohttp, nothing around it."""
    async with aiohttp.ClientSession() as session:

        async def one(body: dict[str, str]) -> None:
            async with session.post(url, json=body) as response:
                assert (await response.json())["id"]

        await _all(one, count)


async def with_httpx(url: str, count: int) -> None:
    """Send with httpx as it comes."""
    async with httpx.AsyncClient() as client:

        async def one(body: dict[str, str]) -> None:
            assert (await client.post(url, json=body)).json()["id"]

        await _all(one, count)


async def _all(one: Callable[[dict[str, str]], Awaitable[None]], count: int) -> None:
    feed = messages(count)

    async def hand() -> None:
        for message in feed:
            reference = "-".join(map(str, message.key))
            await one(
                {
                    "to": message.address,
                    "from": message.sender,
                    "text": message.content.decode(),
                    "reference": reference,
                }
            )

    await asyncio.gather(*(hand() for _ in range(IN_FLIGHT)))


def rate(client: Client, url: str, count: int) -> float:
    """Give messages per second."""
    begun = time.perf_counter()
    asyncio.run(client(url, count))  # type: ignore[arg-type]
    return count / (time.perf_counter() - begun)


@contextmanager
def provider() -> Iterator[str]:
    """Run the stub; give its address."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(sender,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}/sms"
    finally:
        server.terminate()
        server.join()


def measure(messages: int, rounds: int) -> dict[str, object]:
    """Run all three in turn and give the medians."""
    parts = max(messages // HTTPX_PART, IN_FLIGHT)
    found: list[tuple[float, float, float]] = []
    with provider() as url:
        for _ in range(rounds):
            mine, bare = rate(ours, url, messages), rate(with_aiohttp, url, messages)
            found.append((mine, bare, rate(with_httpx, url, parts)))
            print("ours {:,.0f}/s   aiohttp {:,.0f}/s   httpx {:,.0f}/s".format(*found[-1]))
    mine, bare, stock = (statistics.median(each) for each in zip(*found, strict=True))
    return {
        "ratio_to_aiohttp": round(statistics.median(one[0] / one[1] for one in found), 2),
        "ratio_to_httpx": round(statistics.median(one[0] / one[2] for one in found), 1),
        "messages_per_second": round(mine),
        "aiohttp_per_second": round(bare),
        "httpx_per_second": round(stock),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for name, value in measure(options.messages, options.rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
