"""The SMTP gateway against Postfix itself: STARTTLS, login, SMTPUTF8, 8BITMIME, SIZE, DKIM."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.messages import Message, Outcome
from dispatcher.gateways.email.dkim_keys import Kind, load_key, make_key
from tests.gateways.email.referee import judged
from tests.gateways.email.sending import Sent, gateway, mail, send
from tests.servers.postfix import LOGIN, SIZE, Postfix, postfix
from tests.servers.smtp import SmtpServer

USER, PASSWORD = LOGIN
LETTER = """\
From: Shop <shop@example.com>
To: {to}
Date: Mon, 08 Jun 2026 09:00:00 +0000
Message-ID: <1@example.com>
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße,
.
..
""".replace("\n", "\r\n")


@pytest.fixture(scope="module")
def server() -> Iterator[Postfix]:
    """A Postfix for the tests of this module."""
    with postfix() as running:
        yield running


def letter(number: int, address: str = "") -> Message:
    """A mail with letters beyond ASCII, and dots at the start of lines."""
    to = address or f"person{number}@example.com"
    content = LETTER.format(to=to).encode()
    return mail(number, address=to, content=content, eight_bit=True)


def deliver(server: Postfix, letters: Iterable[Message], **options: Any) -> Sent:
    """Send by STARTTLS, with the login, trusting the server's own certificate."""
    usual = {
        "port": server.port,
        "security": "starttls",
        "ca_file": str(server.certificate),
        "username": USER,
        "password": PASSWORD,
        "connections": 2,
    }

    async def scenario() -> Sent:
        sender = gateway(SmtpServer(), **(usual | options))
        result = await asyncio.wait_for(send(sender, letters), 60)
        await sender.aclose()
        return result

    return asyncio.run(scenario())


def test_mail_goes_by_starttls_with_a_login(server: Postfix) -> None:
    """Each mail arrives once and as written, over a verified connection."""
    letters = [letter(number) for number in range(1, 31)]
    result = deliver(server, letters)
    assert result.outcomes == [Outcome.ACCEPTED] * 30
    assert all(receipt.detail.startswith("queued as ") for receipt in result.receipts)
    assert server.mails(30) == {each.address: each.content for each in letters}


def test_a_certificate_nobody_vouches_for_ends_it(server: Postfix) -> None:
    """Nothing is said to a server that cannot prove its name."""
    result = deliver(server, [letter(1)], ca_file="")
    assert result.down is not None
    assert "certificate" in str(result.down)
    assert result.gate.asked == []


def test_a_wrong_password_ends_it(server: Postfix) -> None:
    """The gateway counts as down; nobody is refused for it."""
    result = deliver(server, [letter(1)], password="wrong")
    assert "did not take the user name and password (535" in str(result.down)
    assert "wrong" not in str(result.down).replace("did not", "")


def test_without_a_login_nobody_is_refused(server: Postfix) -> None:
    """Postfix turns away the recipient, in words about ourselves: the address is not dead."""
    result = deliver(server, [letter(1)], username="")
    assert not any(receipt.dead_address for receipt in result.receipts)


def test_an_address_beyond_ascii_arrives(server: Postfix) -> None:
    """SMTPUTF8 for the local part; a domain alone goes as A-labels."""
    letters = [letter(1, "zoë@example.com"), letter(2, "anna@bücher.example"), letter(3)]
    result = deliver(server, letters)
    assert result.outcomes == [Outcome.ACCEPTED] * 3
    arrived = server.mails(3)
    assert set(arrived) == {"zoë@example.com", "anna@xn--bcher-kva.example", "person3@example.com"}
    assert arrived["zoë@example.com"] == letters[0].content


def test_a_server_for_ascii_gets_what_it_can_take(server: Postfix) -> None:
    """The body is re-encoded; only who cannot be addressed without SMTPUTF8 is refused."""
    letters = [letter(1), letter(2, "zoë@example.com"), letter(3, "anna@xn--bcher-kva.example")]
    result = deliver(server, letters, port=server.narrow)
    assert result.outcomes == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED]
    refused = sorted(result.receipts)[1]
    assert "SMTPUTF8" in refused.detail
    assert not refused.dead_address
    arrived = server.mails(2)["person1@example.com"]
    assert arrived.isascii()
    read = message_from_bytes(arrived, policy=policy.default)
    assert read.get_content().splitlines() == ["Grüße,", ".", ".."]


def test_a_mail_too_large_for_the_server_is_refused_here(server: Postfix) -> None:
    """By the SIZE it told, before a byte of it leaves."""
    large = mail(1, content=b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" * SIZE)
    result = deliver(server, [large, letter(2)])
    assert result.outcomes == [Outcome.REFUSED, Outcome.ACCEPTED]
    assert str(SIZE) in min(result.receipts).detail
    assert set(server.mails(1)) == {"person2@example.com"}


@pytest.mark.parametrize("port", ["port", "narrow"], ids=["8-bit", "7-bit"])
def test_signatures_survive_postfix(server: Postfix, tmp_path: Path, port: str) -> None:
    """Queued, given a date where it had none, delivered: both signatures verify."""
    tables = []
    for kind in Kind:
        make_key(tmp_path / kind, kind)
        tables.append({"selector": str(kind), "key_file": str(tmp_path / kind)})
    dkim = {"example.com": tables}
    head, _, rest = LETTER.partition("To: ")
    bare = letter(2)._replace(content=f"{head}Subject{rest.partition('Subject')[2]}".encode())
    result = deliver(server, [letter(1), bare], dkim=dkim, port=getattr(server, port))
    assert result.outcomes == [Outcome.ACCEPTED] * 2
    keys = [load_key(tmp_path / kind, "example.com", kind) for kind in Kind]
    for content in server.mails(2).values():
        assert judged(content, keys) == [True, True]
