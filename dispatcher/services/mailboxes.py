"""Mailboxes that mail is fetched from: a Maildir, or a folder over IMAP."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

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
    folder = unquote(place.path.strip("/")) or "INBOX"
    if not folder.isascii():
        raise WrongInput(f"write the folder {folder} as its server does, in letters of ASCII")
    if not f"{user}{password}".isascii():
        raise ConfigError("mail_user, mail_password", "may have letters of ASCII only")
    with _told(place.hostname, password), _line(place) as line:
        line.login(user, password)
        yield from _unseen(line, folder, partial(_told, place.hostname, password))


@contextmanager
def _told(host: str, password: str) -> Iterator[None]:
    """Turn what goes wrong into a sentence; servers may repeat the password in theirs."""
    try:
        yield
    except (OSError, imaplib.IMAP4.error) as problem:
        said = problem.args[0] if problem.args else problem
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(problem)
        said = said.replace(password, "(the password)")
        raise Unavailable(f"the mailbox at {host} cannot be read: {said}") from None


@contextmanager
def _line(place: SplitResult) -> Iterator[imaplib.IMAP4]:
    line = _connect(place)
    try:
        yield line
    finally:  # whatever went wrong was told before: no farewell may hide it
        with suppress(OSError, imaplib.IMAP4.error):
            line.logout()
        with suppress(OSError):
            line.shutdown()


def _connect(place: SplitResult) -> imaplib.IMAP4:
    """Open a line that is encrypted from the start, or by STARTTLS before the password goes."""
    context, host = ssl.create_default_context(), place.hostname or ""
    if place.scheme == "imaps":
        return imaplib.IMAP4_SSL(host, place.port or 993, ssl_context=context, timeout=_TIMEOUT)
    line = imaplib.IMAP4(host, place.port or 143, timeout=_TIMEOUT)
    try:
        line.starttls(context)
    except BaseException:
        line.shutdown()
        raise
    return line


def _unseen(
    line: imaplib.IMAP4, folder: str, told: Callable[[], AbstractContextManager[None]]
) -> Iterator[Fetched]:
    _done(line.select('"' + folder.replace("\\", "").replace('"', "") + '"'))
    found = _done(line.uid("SEARCH", "UNSEEN"))
    refused = None
    for uid in b" ".join(each for each in found if each).split():
        number = uid.decode("ascii")
        try:
            answer = _done(line.uid("FETCH", number, f"(BODY.PEEK[]<0.{_LARGEST}>)"))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as problem:  # one mail that the server lost costs no other
            refused = problem
            continue
        raw = next((each[1] for each in answer if isinstance(each, tuple)), None)
        if raw is not None:  # else somebody has taken it away meanwhile
            yield Fetched(raw, partial(_mark, line, number, told))
    if refused is not None:
        raise refused


def _mark(
    line: imaplib.IMAP4, number: str, told: Callable[[], AbstractContextManager[None]]
) -> None:
    with told():
        _done(line.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"))


def _done(answered: tuple[str, list[Any]]) -> list[Any]:
    """Give what a server answered; a NO is raised, which the library does for BAD only."""
    status, answer = answered
    if status != "OK":
        raise imaplib.IMAP4.error(answer[0] if answer else status)
    return answer
