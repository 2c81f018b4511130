"""Promises about a call to the server of an HTTP gateway: no request, and a plain answer."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from dispatcher.domain.findings import Finding, Level
from dispatcher.gateways.http_check import reach
from tests.servers.certificates import make_certificate, server_context


def reached(scheme: str, tls: ssl.SSLContext | None = None) -> tuple[Finding, bytes]:
    """Call a server on the loopback; give what was found, and what the server heard."""
    heard = bytearray()

    async def scenario() -> Finding:
        ended = asyncio.Event()

        async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.read())
            writer.close()
            ended.set()

        server = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=tls)
        port = server.sockets[0].getsockname()[1]
        found = await reach(f"{scheme}://127.0.0.1:{port}/sms?key=secret")
        if found.level is not Level.FAIL:
            await asyncio.wait_for(ended.wait(), 10)
        server.close()
        return found

    return asyncio.run(scenario()), bytes(heard)


def test_a_server_that_answers_in_clear_text_is_warned_of() -> None:
    """Nothing is asked of it, so nothing can be sent by mistake."""
    found, heard = reached("http")
    assert (found.level, heard) == (Level.WARN, b"")
    assert "secret" not in str(found)


def test_a_certificate_that_nobody_vouches_for_fails(tmp_path: Path) -> None:
    """It would fail on the day of the campaign."""
    found, _ = reached("https", server_context(make_certificate(tmp_path)))
    assert (found.level, "not trusted" in found.told) == (Level.FAIL, True)


def test_a_certificate_that_is_good_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the system trusts it."""
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    found, _ = reached("https", server_context(certificate))
    assert found.level is Level.OK


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/", "http://nowhere.invalid/"])
def test_a_server_that_is_not_there_fails(url: str) -> None:
    """With what to look at."""
    found = asyncio.run(reach(url))
    assert (found.level, bool(found.remedy)) == (Level.FAIL, True)
