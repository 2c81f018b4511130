"""The SMTP gateway against servers that others wrote: Postfix's smtp-sink and aiosmtpd."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, Envelope, Session

from dispatcher.domain.messages import Outcome
from dispatcher.embedded.processes import free_port
from tests.gateways.email.sending import CONTENT, Sent, gateway, mail, mails, send
from tests.servers.smtp import SmtpServer
from tests.support.requirements import require


class Keeper(Sink):
    """Keeps what aiosmtpd hands over."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[tuple[str, bytes | str | None]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.kept.append((envelope.rcpt_tos[0], envelope.content))
        return "250 2.0.0 Ok: queued as ABC123"


def deliver(port: int, count: int, **changes: object) -> Sent:
    """Send some mails to a port."""

    async def scenario() -> Sent:
        sender = gateway(SmtpServer(port=port), connections=3)
        letters = [mail(n, **changes) for n in range(1, count + 1)]
        result = await asyncio.wait_for(send(sender, letters), 60)
        await sender.aclose()
        return result

    return asyncio.run(scenario())


@pytest.mark.parametrize("content", [CONTENT, b".\r\n..x\r\n" * 10_000, "Grüße\r\n".encode()])
def test_aiosmtpd_gets_every_mail_unchanged(content: bytes) -> None:
    """A server without pipelining, written by others, reads back what we wrote."""
    keeper = Keeper()
    controller = Controller(keeper, hostname="127.0.0.1", port=free_port(), data_size_limit=None)
    controller.start()
    try:
        result = deliver(controller.port, 20, content=content)
    finally:
        controller.stop()
    assert result.outcomes == [Outcome.ACCEPTED] * 20
    assert {receipt.detail for receipt in result.receipts} == {"queued as ABC123"}
    assert dict(keeper.kept) == {message.address: content for message in mails(20)}
    assert len(keeper.kept) == 20


@contextmanager
def smtp_sink(*options: str, folder: Path | None = None) -> Iterator[int]:
    """Run Postfix's test server."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/postfix/sbin"
    program = shutil.which("smtp-sink", path=path)
    require(program, "smtp-sink", "hand mail to a real SMTP server", "apt install postfix")
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    process = subprocess.Popen(
        [str(program), *user, *options, f"127.0.0.1:{port}", "100"], cwd=folder or "/"
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    pytest.fail("smtp-sink did not start within 20 s")


@pytest.mark.parametrize("options", [(), ("-p",), ("-e",)], ids=["pipelining", "lock-step", "HELO"])
def test_postfix_takes_every_mail(options: tuple[str, ...]) -> None:
    """Pipelined, in lock-step and without EHLO."""
    with smtp_sink(*options) as port:
        result = deliver(port, 200, content=CONTENT * 50)
    assert result.outcomes == [Outcome.ACCEPTED] * 200


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    ("flag", "outcome"),
    [("-r", Outcome.DEFERRED), ("-f", Outcome.REFUSED), ("-q", None)],
    ids=["soft", "hard", "cut"],
)
def test_postfix_in_a_bad_mood(stage: str, flag: str, outcome: Outcome | None) -> None:
    """Refusals are receipts of their kind, and cuts defer before the dot and are UNSURE after.

    Who stood behind a dot that was cut may have lost too many lines, and is put off unsent.
    """
    with smtp_sink(flag, stage) as port:
        result = deliver(port, 5)
    cut = Outcome.UNSURE if stage == "." else Outcome.DEFERRED
    behind = "unsent" if stage == "." else None
    told = {receipt.outcome for receipt in result.receipts if receipt.code != behind}
    assert told == {outcome or cut}
    assert len(result.receipts) == 5
