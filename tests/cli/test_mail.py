"""`dispatcher mail`: what comes back is taken from a mailbox or over the wire, each mail once."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from dispatcher.embedded.postgres import start_postgres
from dispatcher.embedded.processes import Lifeline
from dispatcher.storage import migrate
from tests.cli.shell import Shell, add_anna
from tests.servers.certificates import make_certificate, server_context
from tests.servers.imap import CUT, ImapServer
from tests.support.patience import eventually

WORDS = b"From: anna@example.com\nTo: news@in.shop.example\nSubject: Re: Spring\n\nIn blue?\n"


def maildir(shell: Shell, *mails: bytes) -> Path:
    for number, mail in enumerate(mails):
        shell.write(f"Maildir/new/{number}.here", mail)
    for name in ("cur", "new"):
        (shell.folder / "Maildir" / name).mkdir(parents=True, exist_ok=True)
    return shell.folder / "Maildir"


def test_a_maildir_is_read_once(shell: Shell) -> None:
    """What was dealt with has moved to `cur`, and nothing is done twice."""
    folder = maildir(shell, WORDS, WORDS + b"Or red?\n")
    assert shell.done("mail", "read", folder) == {"mails": {"reply kept": 2}}
    assert shell.done("mail", "read", folder) == {"mails": {}}
    assert len(list((folder / "cur").iterdir())) == 2


def test_a_run_that_broke_off_between_obeying_and_marking_is_repeated(
    shell: Shell, tmp_path: Path
) -> None:
    """Over IMAP: who wanted to leave has left at once, and the second time changes nothing."""
    add_anna(shell)
    leave = b"From: anna@example.com\nSubject: Re\n\nPlease remove me from your list.\n"
    certificate = make_certificate(tmp_path)
    shell.environment.setenv("SSL_CERT_FILE", str(certificate))
    shell.environment.setenv("DISPATCHER_MAIL_USER", "anna")
    shell.environment.setenv("DISPATCHER_MAIL_PASSWORD", "open sesame")
    with ImapServer(server_context(certificate), {1: leave, 2: WORDS}).running() as server:
        place = f"imaps://127.0.0.1:{server.port}/INBOX"
        server.faults["STORE"] = [CUT]
        broken = shell("mail", "read", place)
        assert (broken.code, server.seen) == (1, set())
        assert "cannot be read" in broken.err
        before = shell.done("customer", "show", "anna@example.com")
        assert "opted_out" in str(before)
        read = {"mails": {"reply obeyed": 1, "reply kept": 1}}
        assert shell.done("mail", "read", place) == read
        assert server.seen == {1, 2}
        assert shell.done("customer", "show", "anna@example.com") == before
        assert shell.done("mail", "read", place) == {"mails": {}}


def test_what_waits_for_a_person_is_listed_and_thrown_away(shell: Shell) -> None:
    """A person's words are shown until somebody has dealt with them."""
    shell.done("mail", "read", maildir(shell, WORDS))
    (kept,) = shell.done("mail", "kept")["kept"]
    assert (kept["sender"], kept["words"]) == ("anna@example.com", "In blue?")
    assert shell.done("mail", "kept", "--done", kept["id"])["kept"] == []


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere", "no Maildir"),
        ("imaps://mail.example/INBOX", "mail_user, mail_password"),
        ("imaps://anna:secret@mail.example", "belong into the settings"),
    ],
)
def test_a_wrong_place_is_told(shell: Shell, place: str, said: str) -> None:
    """What is wrong and where it is put right; a password in the words is not repeated."""
    result = shell("mail", "read", place)
    assert result.code == 2
    assert said in result.err
    assert "secret" not in result.err


@contextmanager
def receiving(*words: str, **environment: str) -> Iterator[tuple[str, int]]:
    """A receiving process; gives where it listens. It ends well when it is asked to."""
    command = [sys.executable, "-m", "dispatcher", "mail", "receive", "--port", "0", "--json"]
    settings = {"DISPATCHER_MAIL_DOMAIN": "in.shop.example"} | environment
    with subprocess.Popen(
        [*command, *words], env={**os.environ, **settings}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        try:
            host, _, port = json.loads(process.stdout.readline())["listening"].rpartition(":")
            yield host, int(port)
        finally:
            process.terminate()
        assert process.wait(20) == 0


@pytest.fixture(params=["--lmtp", ""])
def receiver(shell: Shell, request: pytest.FixtureRequest) -> Iterator[smtplib.SMTP]:
    """A mail server that is connected to a receiving process."""
    protocol = smtplib.LMTP if request.param else smtplib.SMTP
    with receiving(*[request.param] * bool(request.param)) as at, protocol(*at) as line:
        yield line


def test_mail_over_the_wire_is_taken_once_it_is_committed(
    shell: Shell, receiver: smtplib.SMTP
) -> None:
    """250 means that it is there; mail for other domains is refused."""
    assert receiver.sendmail("anna@example.com", "news@in.shop.example", WORDS) == {}
    assert [kept["words"] for kept in shell.done("mail", "kept")["kept"]] == ["In blue?"]
    code, _ = receiver.docmd("MAIL FROM:<>")
    assert code == 250
    assert receiver.docmd("RCPT TO:<anna@elsewhere.example>")[0] == 550


def refused(line: smtplib.SMTP) -> bool:
    """Offer a mail; whether it is to be offered again later."""
    try:
        line.sendmail("anna@example.com", ["news@in.shop.example"], WORDS)
    except smtplib.SMTPDataError as refusal:
        if refusal.smtp_code != 451:
            raise
        return True
    return False


@contextmanager
def closed_to_everybody(url: str) -> Iterator[None]:
    """A database that ends all its connections, and lets nobody in for a while."""
    name = make_url(url).database
    there = make_url(url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(there.render_as_string(hide_password=False), autocommit=True) as conn:
        conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        conn.execute(query, [name])
        try:
            yield
        finally:
            conn.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def test_mail_of_an_outage_is_offered_again_and_then_taken(
    shell: Shell, receiver: smtplib.SMTP, database_url: str
) -> None:
    """451 as long as nothing can be recorded; the same process goes on afterwards."""
    with closed_to_everybody(database_url):
        assert refused(receiver)
        assert refused(receiver)
    assert eventually(lambda: not refused(receiver))
    assert len(shell.done("mail", "kept")["kept"]) == 1


@pytest.mark.slow
def test_a_database_server_that_was_stopped_costs_no_mail(
    bare_shell: Shell, tmp_path: Path
) -> None:
    """451, which keeps the mail in the queue of who offers it."""
    with closing(Lifeline.anonymous()) as lifeline:
        server = start_postgres(tmp_path / "postgres", lifeline, durable=False)
        bare_shell.environment.setenv("DATABASE_URL", server.url())
        migrate.upgrade(server.url())
        with receiving() as at, smtplib.SMTP(*at) as line:
            server.stop()
            assert refused(line)
            assert refused(line)


def test_whoever_is_still_connected_does_not_keep_it_from_ending(shell: Shell) -> None:
    """A mail server holds its line open; it offers what is left again."""
    with receiving() as at:
        line = smtplib.SMTP(*at)
        line.ehlo()
    line.close()
