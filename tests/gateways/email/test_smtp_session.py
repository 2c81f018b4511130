"""Promises of the SMTP gateway about TLS, passwords and what a server offers."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from dispatcher.domain.messages import Outcome
from dispatcher.gateways.email.smtp_replies import Reply
from dispatcher.gateways.email.smtp_session import read_features
from tests.gateways.email.sending import CONTENT, gateway, mail, mails, send, sent
from tests.servers.certificates import make_certificate, server_context
from tests.servers.smtp import FEATURES, Act, SmtpServer, say, say_and_cut

ACCEPTED, DEFERRED = Outcome.ACCEPTED, Outcome.DEFERRED
SECURE = (*FEATURES, "STARTTLS", "AUTH PLAIN LOGIN")
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def secure(certificate: Path, **changes: object) -> SmtpServer:
    """A server that offers STARTTLS and wants anna to log in."""
    usual: dict = {"features": SECURE, "tls": server_context(certificate)}
    return SmtpServer(**(usual | changes))


def test_starttls_protects_all_but_the_greeting(certificate: Path) -> None:
    """Only EHLO and STARTTLS travel in clear; content of any size arrives under TLS."""
    server = secure(certificate)
    letters = [mail(1), mail(2, content=CONTENT * 3000), mail(3)]
    result = sent(server, letters, security="starttls", ca_file=str(certificate), connections=2)
    assert result.outcomes == [ACCEPTED] * 3
    assert {line.split(b" ")[0] for line in server.in_clear} == {b"EHLO", b"STARTTLS"}
    assert max(len(stored.content) for stored in server.stored) == len(CONTENT) * 3000


def test_tls_from_the_start(certificate: Path) -> None:
    """With security = tls it speaks TLS before the first word."""

    async def scenario() -> None:
        inner = SmtpServer()
        async with inner.running():
            context = server_context(certificate)

            async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                there, back = await asyncio.open_connection("127.0.0.1", inner.port)
                await asyncio.gather(_pump(reader, back), _pump(there, writer))

            outer = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=context)
            port = outer.sockets[0].getsockname()[1]
            sender = gateway(inner, port=port, security="tls", ca_file=str(certificate))
            assert (await send(sender, mails(3))).outcomes == [ACCEPTED] * 3
            await sender.aclose()
            outer.close()

    asyncio.run(scenario())


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


@pytest.mark.parametrize(
    ("features", "faults", "problem"),
    [
        (FEATURES, {}, "offers no STARTTLS"),
        (SECURE, {("STARTTLS", 0): say(b"454 4.7.0 not now")}, "does not start TLS"),
        (SECURE, {("STARTTLS", 0): say(b"220 go\r\n250 injected")}, "spoke before TLS was up"),
        (SECURE, {("STARTTLS", 0): Act(say=b"220 go", cut=True)}, "127.0.0.1"),
    ],
    ids=["not offered", "refused", "injected", "cut"],
)
def test_starttls_never_falls_back_to_clear_text(
    certificate: Path, features: tuple[str, ...], faults: dict, problem: str
) -> None:
    """Without TLS the gateway is down, and neither mail nor password was said."""
    server = secure(certificate, features=features, faults=faults, login=("anna", PASSWORD))
    result = sent(
        server, mails(3), security="starttls", verify=False, username="anna", password=PASSWORD
    )
    assert result.down is not None
    assert problem in str(result.down)
    assert not [line for line in server.commands if line.startswith((b"MAIL", b"AUTH"))]


def test_an_untrusted_certificate_is_not_accepted(certificate: Path) -> None:
    """A certificate nobody vouches for stops everything, unless checks are switched off."""
    server = secure(certificate)
    result = sent(server, mails(1), security="starttls")
    assert result.down is not None
    assert "not trusted" in str(result.down)
    assert server.stored == []
    assert sent(secure(certificate), mails(1), security="starttls", verify=False).down is None


def test_a_certificate_for_somebody_else_is_not_accepted(tmp_path: Path) -> None:
    """The certificate must be for the host we meant."""
    other = make_certificate(tmp_path, "127.0.0.9")
    result = sent(secure(other), mails(1), security="starttls", ca_file=str(other))
    assert result.down is not None
    assert "not trusted" in str(result.down)


@pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN", "AUTH=LOGIN PLAIN"])
@pytest.mark.parametrize("password", [PASSWORD, SecretStr(PASSWORD)])
def test_logging_in(certificate: Path, offer: str, password: str | SecretStr) -> None:
    """PLAIN where offered, else LOGIN, always under TLS."""
    features = (*FEATURES, "STARTTLS", offer)
    server = secure(certificate, features=features, login=("anna", PASSWORD))
    result = sent(
        server, mails(2), security="starttls", verify=False, username="anna", password=password
    )
    assert result.outcomes == [ACCEPTED] * 2
    assert not [line for line in server.in_clear if line.startswith(b"AUTH")]


@pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5"])
def test_a_failed_login_is_down_and_tells_no_secret(
    certificate: Path, offer: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that repeats the password in its refusal cannot bring it into a receipt or log."""
    caplog.set_level(logging.DEBUG)
    server = secure(certificate, features=("STARTTLS", offer), login=("anna", "another"))
    result = sent(
        server, mails(2), security="starttls", verify=False, username="anna", password=PASSWORD
    )
    assert result.down is not None
    assert result.outcomes == [DEFERRED]
    assert PASSWORD not in f"{result} {result.down!r} {result.receipts} {caplog.text}"


def test_a_line_lost_while_logging_in_tells_no_secret(certificate: Path) -> None:
    """Nor do the last words of a server that leaves."""
    faults = {("AUTH", 0): say_and_cut(f"421 4.7.0 not with {PASSWORD}".encode())}
    server = secure(certificate, login=("anna", PASSWORD), faults=faults)
    result = sent(
        server, mails(2), security="starttls", verify=False, username="anna", password=PASSWORD
    )
    assert result.down is not None
    assert PASSWORD not in f"{result} {result.down!r} {result.down.__cause__!r}"


def test_the_password_is_in_no_repr() -> None:
    """Neither the gateway nor its settings show it."""
    sender = gateway(SmtpServer(port=25), username="anna", password=PASSWORD, auth_without_tls=True)
    assert PASSWORD not in repr(sender) + repr(sender.settings) + repr(vars(sender))


def test_features_are_read_whatever_the_case() -> None:
    """EHLO keywords have no case, the first line is a greeting, odd sizes are no limit."""
    text = b"pipelining.example\nPipelining\nsize 12345\n8bitmime\nauth=plain login\nAUTH XOAUTH2"
    features = read_features(Reply(250, text))
    assert features.pipelining
    assert features.eight_bit
    assert (features.size, features.utf8, features.starttls) == (12345, False, False)
    assert features.auth == {"PLAIN", "LOGIN", "XOAUTH2"}
    assert read_features(Reply(250, b"PIPELINING\nSIZE lots\n\nX\xff")).size == 0
    assert not read_features(Reply(250, b"PIPELINING")).pipelining
