"""Mailboxes that mail is fetched from: a Maildir, or a folder over IMAP."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from dispatcher.errors import ConfigError, Unavailable, WrongInput

_TIMEOUT = 60.0
_LARGEST = 10 * 1024 * 1024


class Fetched(NamedTuple):
    """A mail, and what to call once everything about it is committed."""

    raw: bytes
    done: Callable[[], object]


def maildir(folder: Path) -> Iterator[Fetched]:
    """Give the new mails of a Maildir; those dealt with move from `new` to `cur`."""
    new, seen = folder / "new", folder / "cur"
    if not new.is_dir() or not seen.is_dir():
        raise WrongInput(f"{folder} is no Maildir: it has no folders `new` and `cur`")
    for file in sorted(each for each in new.iterdir() if each.is_file()):
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST)
        yield Fetched(raw, partial(file.rename, seen / f"{file.name}:2,S"))


def imap(url: str, user: str, password: str) -> Iterator[Fetched]:
    """Give the unseen mails of `imaps://host[:port]/folder`; those dealt with become seen."""
    place = urlsplit(url)
    if not place.hostname or place.username or place.password:
        raise WrongInput("write imaps://host/folder; user and password belong into the settings")
    if not user or not password:
        raise ConfigError("mail_user, mail_password", "are needed to open a mailbox over IMAP")
    try:
        yield from _unseen(
            _connect(place.scheme, place.hostname, place.port), place.path, user, password
        )
    except (OSError, imaplib.IMAP4.error) as problem:
        raise Unavailable(f"the mailbox at {place.hostname} cannot be read: {problem}") from problem


def _connect(scheme: str, host: str, port: int | None) -> imaplib.IMAP4:
    """Open a line that is encrypted from the start, or by STARTTLS before the password goes."""
    context = ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=_TIMEOUT)
    line = imaplib.IMAP4(host, port or 143, timeout=_TIMEOUT)
    line.starttls(context)
    return line


def _unseen(line: imaplib.IMAP4, path: str, user: str, password: str) -> Iterator[Fetched]:
    with line:
        line.login(user, password)
        folder = unquote(path.strip("/")) or "INBOX"
        line.select('"' + folder.replace("\\", "").replace('"', "") + '"')
        _, found = line.uid("SEARCH", "UNSEEN")
        for uid in (found[0] or b"").split():
            number = uid.decode("ascii")
            _, told = line.uid("FETCH", number, f"(BODY.PEEK[]<0.{_LARGEST}>)")
            raw = next((each[1] for each in told if isinstance(each, tuple)), b"")
            seen = partial(line.uid, "STORE", number, "+FLAGS", r"(\Seen)")
            yield Fetched(raw, seen)
