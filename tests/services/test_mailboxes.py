"""A mailbox over IMAP: each mail is obeyed, then marked, and nothing that breaks costs one."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.errors import ConfigError, Unavailable, WrongInput
from dispatcher.services.mailboxes import imap
from tests.servers.certificates import make_certificate, server_context
from tests.servers.imap import CUT, ImapServer

PASSWORD = "open sesame"
ODD = b"Subject: \xfcber\r\n\r\n)\r\nA1 OK done\r\n* BYE {12}\r\n\x00\xff no end"
MAILS = {3: b"Subject: one\r\n\r\n1\r\n", 5: ODD, 9: b"Subject: three\r\n\r\n3\r\n"}


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate that this process trusts."""
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return server_context(certificate)


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[ImapServer]:
    with ImapServer(tls, dict(MAILS)).running() as running:
        yield running


def read(server: ImapServer, folder: str = "INBOX", password: str = PASSWORD) -> list[bytes]:
    """Fetch what is new and mark it; give the mails."""
    scheme, got = "imaps" if server.implicit else "imap", []
    for mail in imap(f"{scheme}://127.0.0.1:{server.port}/{folder}", "anna", password):
        got.append(mail.raw)
        mail.done()
    return got


def test_each_mail_is_fetched_as_it_is_and_marked(server: ImapServer) -> None:
    """Any bytes, among answers that nobody asked for; a second look finds nothing."""
    assert read(server) == list(MAILS.values())
    assert server.seen == set(MAILS)
    assert read(server) == []


@pytest.mark.parametrize(
    ("verb", "acts", "said"),
    [
        ("GREETING", [b"* BYE too many of you"], "too many of you"),
        ("GREETING", [CUT], "cannot be read"),
        ("GREETING", [b"HTTP/1.1 400 Bad Request"], "cannot be read"),
        ("LOGIN", [b'{tag} NO anna "open sesame" is wrong'], "anna"),
        ("LOGIN", [b"* BYE"], "cannot be read"),
        ("SELECT", [b"{tag} NO there is no such folder"], "no such folder"),
        ("SELECT", [b"{tag} BAD what?"], "what?"),
        ("SEARCH", [b"{tag} NO not now"], "not now"),
        ("SEARCH", [CUT], "cannot be read"),
        ("FETCH", [b"* 1 FETCH (UID 3 BODY[]<0> {900}\r\nhalf of"], "cannot be read"),
    ],
)
def test_a_server_that_fails_is_told_in_a_sentence(
    server: ImapServer, verb: str, acts: list[bytes | None], said: str
) -> None:
    """Nothing is marked, the password is not repeated, and the next run reads it all."""
    if acts[0] and b"half of" in acts[0]:
        acts = [acts[0] + b"\r\n* BYE"]
    server.faults[verb] = list(acts)
    with pytest.raises(Unavailable, match="the mailbox at 127") as problem:
        read(server)
    assert said in str(problem.value)
    assert PASSWORD not in str(problem.value)
    assert server.seen == set()
    server.faults.clear()
    assert read(server) == list(MAILS.values())


def test_a_mail_that_the_server_lost_costs_no_other(server: ImapServer) -> None:
    """The rest is read and marked; that it is missing is told in the end."""
    server.faults["FETCH"] = [None, b"{tag} NO the disk is bad"]
    with pytest.raises(Unavailable, match="the disk is bad"):
        read(server)
    assert server.seen == {3, 9}


def test_a_mail_that_somebody_else_took_away_is_passed_over(server: ImapServer) -> None:
    """An answer without a mail is no empty mail."""
    server.faults["FETCH"] = [b"{tag} OK nothing there"]
    assert read(server) == [MAILS[5], MAILS[9]]
    assert server.seen == {5, 9}


@pytest.mark.parametrize("act", [b"{tag} NO read-only", b"* BYE", CUT])
def test_what_could_not_be_marked_comes_again(server: ImapServer, act: bytes) -> None:
    """It was obeyed, and will be once more, which changes nothing; the failure is told."""
    server.faults["STORE"] = [None, act]
    with pytest.raises(Unavailable):
        read(server)
    assert server.seen == {3}
    assert read(server) == [MAILS[5], MAILS[9]]


def test_a_wrong_password_and_a_wrong_folder_are_told(server: ImapServer) -> None:
    """The server repeats the password; we do not."""
    with pytest.raises(Unavailable) as problem:
        read(server, password="hush hush")
    assert "hush" not in str(problem.value)
    with pytest.raises(Unavailable, match="no such folder"):
        read(server, "Nowhere")
    with pytest.raises(WrongInput, match="ASCII"):
        read(server, "Entw%C3%BCrfe")
    with pytest.raises(ConfigError, match="ASCII"):
        read(server, password="schlüssel")


def test_the_password_goes_over_an_encrypted_line_only(tls: ssl.SSLContext) -> None:
    """STARTTLS comes first, and a server without it learns nothing."""
    with ImapServer(tls, dict(MAILS), implicit=False).running() as server:
        assert read(server) == list(MAILS.values())
        assert "LOGIN" not in server.in_clear
    with ImapServer(tls, dict(MAILS), implicit=False, starttls=False).running() as server:
        with pytest.raises(Unavailable):
            read(server)
        assert "LOGIN" not in server.in_clear


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: ImapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does the password go there."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unavailable, match=r"(?i)certificate"):
        read(server)
