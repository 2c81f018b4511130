"""Measures our SMTP client against Postfix's smtp-source, both into smtp-sink, in the same run.

    python bench/smtp_client.py [--messages 10000] [--size 10000] [--connections 10] [--rounds 3]

Prints mails a second and CPU microseconds a mail of both, and the ratio of the rates (median of
the rounds). Rates move with the machine; the ratio is what counts: at least 0.9, better 1.5.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome
from dispatcher.domain.ports import Passage
from dispatcher.gateways.email.smtp import SmtpGateway


class Rate(NamedTuple):
    """Mails a second, and CPU microseconds a mail."""

    per_second: float
    cpu: float


class OpenGate:
    """Lets everybody through."""

    def begin(self, message: Message) -> Passage:  # noqa: ARG002
        """Say GO."""
        return Passage.GO

    async def opens(self) -> None:
        """Is open."""


def find(tool: str) -> str:
    """Find a Postfix tool, or say what to install."""
    found = shutil.which(tool, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/postfix/sbin")
    return found or sys.exit(f"{tool} is missing: install Postfix (Debian: apt install postfix)")


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    command = [find("smtp-sink"), *user, f"127.0.0.1:{port}", "1000"]
    process = subprocess.Popen(command, cwd="/")
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Wait until somebody listens."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("smtp-sink did not start within 10 s")


def measure(work: float, cpu: float, count: int) -> Rate:
    """Turn seconds of wall clock and CPU into a rate."""
    return Rate(count / work, cpu / count * 1e6)


def source(port: int, options: argparse.Namespace) -> Rate:
    """Let smtp-source send: C, one message over and over, sessions kept."""
    command = [find("smtp-source"), "-d", "-s", str(options.connections), "-m"]
    command += [str(options.messages), "-l", str(options.size), f"127.0.0.1:{port}"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, cwd="/")
    took = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return measure(took, cpu, options.messages)


def prebuilt(options: argparse.Namespace) -> list[Message]:
    """Build the mails beforehand: this measures the hand-over alone."""
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: bench\r\n\r\n"
    line = b"x" * 70 + b"\r\n"
    content = head + line * ((options.size - len(head)) // len(line))
    return [
        Message(
            key=DeliveryKey(1, number, 1),
            channel=Channel.EMAIL,
            address=f"person{number}@example.com",
            sender="a@example.com",
            content=content,
            envelope_from=f"b+{number}@bounce.example.com",
        )
        for number in range(options.messages)
    ]


async def send_all(port: int, options: argparse.Namespace, mails: list[Message]) -> Rate:
    """Send by our gateway, in batches of 500 as a worker does."""
    gateway = SmtpGateway(
        "bench", host="127.0.0.1", port=port, security="none", connections=options.connections
    )
    cpu, began = time.process_time(), time.perf_counter()
    accepted = 0
    for start in range(0, len(mails), 500):
        async for receipt in gateway.send(mails[start : start + 500], OpenGate()):
            accepted += receipt.outcome is Outcome.ACCEPTED
    rate = measure(time.perf_counter() - began, time.process_time() - cpu, len(mails))
    await gateway.aclose()
    if accepted != len(mails):
        sys.exit(f"only {accepted} of {len(mails)} mails were accepted")
    return rate


def main() -> None:
    """Run the rounds and print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (
        ("messages", 10_000),
        ("size", 10_000),
        ("connections", 10),
        ("rounds", 3),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    mails = prebuilt(options)
    ratios = []
    with sink() as port:
        for _ in range(options.rounds):
            theirs, ours = source(port, options), asyncio.run(send_all(port, options, mails))
            ratios.append(ours.per_second / theirs.per_second)
            print(
                f"smtp-source {theirs.per_second:8,.0f}/s {theirs.cpu:5.1f} us   "
                f"dispatcher {ours.per_second:8,.0f}/s {ours.cpu:5.1f} us   "
                f"ratio {ratios[-1]:.2f}"
            )
    print(f"ratio (median of {options.rounds}): {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
