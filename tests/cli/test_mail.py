"""`dispatcher mail`: what comes back is taken from a mailbox or over the wire, each mail once."""

from __future__ import annotations

import json
import os
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import Shell

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


@pytest.fixture(params=["--lmtp", ""])
def receiver(shell: Shell, request: pytest.FixtureRequest) -> Iterator[smtplib.SMTP]:
    """A receiving process, and a mail server that is connected to it."""
    words = [sys.executable, "-m", "dispatcher", "mail", "receive", "--port", "0", "--json"]
    words += [request.param] * bool(request.param)
    settings = {"DISPATCHER_MAIL_DOMAIN": "in.shop.example"}
    with subprocess.Popen(words, env={**os.environ, **settings}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            at = json.loads(process.stdout.readline())["listening"]
            host, _, port = at.rpartition(":")
            protocol = smtplib.LMTP if request.param else smtplib.SMTP
            with protocol(host, int(port)) as line:
                yield line
        finally:
            process.terminate()
        assert process.wait(20) == 0


def test_mail_over_the_wire_is_taken_once_it_is_committed(
    shell: Shell, receiver: smtplib.SMTP
) -> None:
    """250 means that it is there; mail for other domains is refused."""
    assert receiver.sendmail("anna@example.com", "news@in.shop.example", WORDS) == {}
    assert [kept["words"] for kept in shell.done("mail", "kept")["kept"]] == ["In blue?"]
    code, _ = receiver.docmd("MAIL FROM:<>")
    assert code == 250
    assert receiver.docmd("RCPT TO:<anna@elsewhere.example>")[0] == 550
