"""`dispatcher mail`: bounces, complaints and wishes to leave, received or fetched, and obeyed."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, answer, json_line, notice, table
from dispatcher.errors import StorageDown
from dispatcher.services.incoming_mail import take
from dispatcher.services.mailboxes import Fetched, imap, maildir
from dispatcher.storage import kept_mail
from dispatcher.wiring import Dispatcher

app = typer.Typer(help="Mail that comes back: bounces, complaints.")

_LARGEST = 10 * 1024 * 1024
_LATER = "451 4.3.0 nothing was recorded, try again later"
_TAKEN = "250 2.6.0 taken"


class Receiver:
    """Takes each mail, and says so only once it is committed."""

    def __init__(self, here: Dispatcher, *, each_recipient: bool) -> None:
        self._here = here
        self._each = each_recipient
        self._domain = f"@{here.settings.mail_domain}".lower()

    async def handle_RCPT(  # noqa: N802 - the library calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Accept mail for our own domain only: nothing is ever passed on."""
        if not address.lower().endswith(self._domain):
            return "550 5.7.1 no mail for that domain is taken here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 fine"

    async def handle_DATA(  # noqa: N802 - likewise
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Answer 250 for what is committed; LMTP (RFC 2033, 4.2) wants a line a recipient."""
        said = await asyncio.to_thread(self._take, envelope)
        return "\r\n".join([said] * (len(envelope.rcpt_tos) if self._each else 1))

    def _take(self, envelope: Envelope) -> str:
        here = self._here
        raw = envelope.original_content or b""
        sender, to = envelope.mail_from or "", envelope.rcpt_tos
        try:
            take(here.desk, here.tokens, raw, here.now(), sender=sender, recipients=to)
        except StorageDown:
            return _LATER
        return _TAKEN


@app.command()
def receive(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free one.")] = 8024,
    lmtp: Annotated[bool, typer.Option("--lmtp", help="Speak LMTP instead of SMTP.")] = False,
    as_json: Json = False,
) -> None:
    """Listen for mail that a mail server passes on; Ctrl-C stops it."""
    with at_work() as here:
        asyncio.run(_listen(here, host, port, lmtp=lmtp, as_json=as_json))


async def _listen(here: Dispatcher, host: str, port: int, *, lmtp: bool, as_json: bool) -> None:
    handler = Receiver(here, each_recipient=lmtp)
    protocol: Any = LMTP if lmtp else SMTP
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def talk() -> Any:
        limits = {"data_size_limit": _LARGEST, "timeout": 120, "enable_SMTPUTF8": True}
        return protocol(handler, hostname=here.settings.mail_domain, loop=loop, **limits)

    server = await loop.create_server(talk, host, port)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    at = server.sockets[0].getsockname()
    told = {"listening": f"{at[0]}:{at[1]}", "protocol": "lmtp" if lmtp else "smtp"}
    if as_json:
        json_line(told)
    else:
        notice(f"Taking mail at {told['listening']} ({told['protocol']}); Ctrl-C stops it.")
    try:
        await stopped.wait()
    finally:
        server.close()  # whoever is still connected comes back; the same mail twice is once


@app.command()
def read(
    place: Annotated[str, typer.Argument(help="A Maildir, or imaps://host/folder.")],
    as_json: Json = False,
) -> None:
    """Read the new mail of a mailbox, obey it, and mark it as seen."""
    with at_work() as here:
        counted = _read(here, lambda: _open(here, place))
    lines = [f"{count:,} {what}" for what, count in sorted(counted.items())]
    answer({"mails": counted}, lines or ["There is no new mail."], as_json=as_json)


def _read(here: Dispatcher, mails: Callable[[], Iterator[Fetched]]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for mail in mails():
        taken = take(here.desk, here.tokens, mail.raw, here.now())
        mail.done()
        counted[f"{taken.kind} {taken.outcome}"] += 1
    return dict(counted)


def _open(here: Dispatcher, place: str) -> Iterator[Fetched]:
    if place.startswith(("imap://", "imaps://")):
        known = here.settings
        return imap(place, known.mail_user, known.mail_password.get_secret_value())
    return maildir(Path(place))


@app.command()
def kept(
    most: Annotated[int, typer.Option(min=1, help="Show at most so many.")] = 50,
    done: Annotated[
        list[int] | None, typer.Option(help="Throw this one away, by its number. Repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List mail that waits for a person: replies in words, and what was not understood."""
    with at_work() as here, here.database.begin() as conn:
        gone = kept_mail.done(conn, done or [])
        waiting = kept_mail.waiting(conn, most)
    if done:
        notice(f"{gone:,} thrown away.")
    heads = ("number", "kind", "from", "subject", "words", "why")
    rows = [(x.id, x.kind, x.sender, x.subject, x.words[:200], x.why) for x in waiting]
    shown = [table(heads, rows)] if waiting else ["No mail waits for anybody."]
    answer({"kept": waiting}, shown, as_json=as_json)
