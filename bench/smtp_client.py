"""Our SMTP client against Postfix's smtp-source, both into the same sink, in the same run.

    python -m bench.smtp_client [--messages 10000] [--size 10000] [--connections 10] [--rounds 5]

The mails are made beforehand: this measures the hand-over alone. Rates move with the machine; the
ratio is what counts: at least 0.9, better 1.5.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import time
from typing import NamedTuple

from bench.sink import find, sink
from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome
from dispatcher.gateways.email.smtp import SmtpGateway
from dispatcher.services.gate import OpenGate

SIZE = 10_000  # bytes of a mail
CONNECTIONS = 10


class Rate(NamedTuple):
    """Mails a second, and CPU microseconds a mail."""

    per_second: float
    cpu: float


def smtp_source(port: int, messages: int, size: int = SIZE, connections: int = CONNECTIONS) -> Rate:
    """Let smtp-source send: C, one mail over and over, sessions kept. Raises Missing."""
    command = [find("smtp-source"), "-d", "-s", str(connections), "-m", str(messages)]
    command += ["-l", str(size), f"127.0.0.1:{port}"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd="/")
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Rate(messages / took, cpu / messages * 1e6)


def prebuilt(messages: int, size: int) -> list[Message]:
    """Build mails of about `size` bytes beforehand."""
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: bench\r\n\r\n"
    line = b"x" * 70 + b"\r\n"
    content = head + line * ((size - len(head)) // len(line))
    return [
        Message(
            key=DeliveryKey(1, number, 1),
            channel=Channel.EMAIL,
            address=f"person{number}@example.com",
            sender="a@example.com",
            content=content,
            envelope_from=f"b+{number}@bounce.example.com",
        )
        for number in range(messages)
    ]


async def send_all(port: int, mails: list[Message], connections: int) -> Rate:
    """Send by our gateway, in batches of 500 as a worker does."""
    gateway = SmtpGateway(
        "bench", host="127.0.0.1", port=port, security="none", connections=connections
    )
    cpu, began = time.process_time(), time.perf_counter()
    accepted = 0
    for start in range(0, len(mails), 500):
        async for receipt in gateway.send(mails[start : start + 500], OpenGate()):
            accepted += receipt.outcome is Outcome.ACCEPTED
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    await gateway.aclose()
    if accepted != len(mails):
        raise AssertionError(f"only {accepted} of {len(mails)} mails were accepted")
    return Rate(len(mails) / took, spent / len(mails) * 1e6)


def measure(
    messages: int, rounds: int, size: int = SIZE, connections: int = CONNECTIONS
) -> dict[str, object]:
    """Run both in turn and give the medians. Raises Missing without smtp-source."""
    find("smtp-source")
    mails = prebuilt(messages, size)
    theirs, ours = [], []
    with sink() as port:
        for _ in range(rounds):
            theirs.append(smtp_source(port, messages, size, connections))
            ours.append(asyncio.run(send_all(port, mails, connections)))
            print(f"smtp-source {theirs[-1].per_second:8,.0f}/s   ours {ours[-1]}", flush=True)
    ratios = [one.per_second / other.per_second for one, other in zip(ours, theirs, strict=True)]
    return {
        "ratio_to_smtp_source": round(statistics.median(ratios), 3),
        "messages_per_second": round(statistics.median(one.per_second for one in ours)),
        "smtp_source_per_second": round(statistics.median(one.per_second for one in theirs)),
        "cpu_us_per_message": round(statistics.median(one.cpu for one in ours), 1),
        "smtp_source_cpu_us": round(statistics.median(one.cpu for one in theirs), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=SIZE)
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    found = measure(options.messages, options.rounds, options.size, options.connections)
    for name, value in found.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
