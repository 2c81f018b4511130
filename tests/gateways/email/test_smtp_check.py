"""Promises about a call that sends no mail: what the server offers, and what is wrong with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.findings import Finding, Level
from tests.gateways.email.sending import gateway
from tests.servers.certificates import make_certificate, server_context
from tests.servers.smtp import FEATURES, SmtpServer

SECURE = (*FEATURES, "STARTTLS", "AUTH PLAIN")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, good for one day."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def checked(server: SmtpServer, ahead: float = 0.0, **options: Any) -> Sequence[Finding]:
    """Call the server, `ahead` seconds from now."""

    async def scenario() -> Sequence[Finding]:
        async with server.running():
            sender = gateway(server, **options)
            found = await sender.check(time.time() + ahead)
            await sender.aclose()
            return found

    return asyncio.run(scenario())


def test_a_server_in_order_is_told_with_its_offers(certificate: Path) -> None:
    """TLS, the login, what it can do; no transaction is begun."""
    server = SmtpServer(SECURE, tls=server_context(certificate), login=("anna", "secret"))
    options = {"security": "starttls", "ca_file": str(certificate)}
    found = checked(server, -30 * 86400.0, **options, username="anna", password="secret")
    assert [each.level for each in found] == [Level.OK] * 3
    assert "TLSv1.3" in found[0].told
    assert "anna" in found[1].told
    assert "secret" not in str(found)
    assert "SIZE 10,000,000" in found[2].told
    assert {line.split(b" ")[0] for line in server.commands} <= {
        b"EHLO",
        b"STARTTLS",
        b"AUTH",
        b"QUIT",
    }


def test_a_certificate_about_to_end_is_pointed_out(certificate: Path) -> None:
    """There is time to renew it."""
    server = SmtpServer(SECURE, tls=server_context(certificate))
    found = checked(server, security="starttls", ca_file=str(certificate))
    assert (found[0].level, "renew" in found[0].remedy) == (Level.WARN, True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"security": "starttls"}, "certificate that is not trusted"),
        ({"security": "starttls", "username": "anna", "password": "wrong"}, "did not take"),
    ],
)
def test_what_keeps_mail_from_leaving_is_a_failure(
    certificate: Path, options: dict[str, Any], told: str
) -> None:
    """In the words of the outage it would be."""
    server = SmtpServer(SECURE, tls=server_context(certificate), login=("anna", "secret"))
    trust: dict[str, Any] = {"ca_file": str(certificate)} if "username" in options else {}
    [found] = checked(server, **options, **trust)
    assert (found.level, told in found.told) == (Level.FAIL, True), found


def test_clear_text_and_missing_offers_are_warned_of() -> None:
    """It works, slower and in the open."""
    found = checked(SmtpServer(("SIZE 1000",)))
    assert [each.level for each in found] == [Level.WARN] * 2
    assert "re-encoded" in found[1].remedy


def test_a_certificate_nobody_looks_at_is_warned_of(certificate: Path) -> None:
    """Whoever sits in between could read along."""
    server = SmtpServer(SECURE, tls=server_context(certificate))
    found = checked(server, security="starttls", verify=False)
    assert (found[0].level, "not looked at" in found[0].told) == (Level.WARN, True)
