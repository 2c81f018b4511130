"""An IMAP server on the loopback that keeps the rules, or breaks them where a test says."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, cast

CUT = b""


class Gone(Exception):
    """The server hangs up now."""


@dataclass(slots=True)
class ImapServer:
    """One folder of mails by uid, which are unseen until somebody marks them.

    `faults`: what to say at a verb instead of the usual, one after another; None: the usual; CUT:
    hang up. `{tag}` stands for the tag that came. `implicit`: TLS from the first byte, else
    STARTTLS, if `starttls`.
    """

    tls: ssl.SSLContext
    mails: dict[int, bytes]
    login: tuple[str, str] = ("anna", "open sesame")
    implicit: bool = True
    starttls: bool = True
    faults: dict[str, list[bytes | None]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    in_clear: list[str] = field(default_factory=list)
    port: int = 0

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Listen on a free port of the loopback, in threads."""
        server = cast(Any, _Listener(("127.0.0.1", 0), Visit))
        server.house, self.port = self, server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in mid-sentence are what tests are about."""


class Visit(socketserver.BaseRequestHandler):
    """One connection to the server."""

    def handle(self) -> None:
        self.house: ImapServer = cast(Any, self.server).house
        self.line, self.secure = self.request, False
        if self.house.implicit:
            self.wrap()
        self.reader = self.line.makefile("rb")
        try:
            self.answer("*", "GREETING", b"* OK at your service\r\n")
            while words := self.reader.readline().decode("latin-1").strip():
                self.command(*[*words.split(" ", 2), "", ""][:3])
        except (Gone, OSError):
            pass
        finally:
            self.line.close()

    def wrap(self) -> None:
        self.line, self.secure = self.house.tls.wrap_socket(self.line, server_side=True), True

    def say(self, reply: bytes) -> None:
        self.line.sendall(reply)

    def command(self, tag: str, verb: str, words: str) -> None:
        if not self.secure:
            self.house.in_clear.append(verb)
        if verb == "UID":
            verb, _, words = words.partition(" ")
        usual = getattr(self, f"on_{verb.lower()}", lambda _: b"")(words)
        self.answer(tag, verb, usual + b"{tag} OK done\r\n")
        if verb == "STARTTLS":
            self.wrap()
            self.reader = self.line.makefile("rb")
        if verb == "LOGOUT":
            raise Gone

    def answer(self, tag: str, verb: str, usual: bytes) -> None:
        planned = self.house.faults.get(verb)
        act = planned.pop(0) if planned else None
        if act == CUT:
            raise Gone
        self.say((usual if act is None else act + b"\r\n").replace(b"{tag}", tag.encode()))
        if act is not None and b"* BYE" in act:
            raise Gone

    def on_capability(self, _: str) -> bytes:
        more = b" STARTTLS" if self.house.starttls and not self.secure else b""
        return b"* CAPABILITY IMAP4rev1" + more + b"\r\n"

    def on_login(self, words: str) -> bytes:
        user, password = self.house.login
        known = words in (f'{user} "{password}"', f'"{user}" "{password}"')
        return b"" if known else f"{{tag}} NO {words} is wrong\r\n".encode()

    def on_select(self, folder: str) -> bytes:
        if folder != '"INBOX"':
            return b"{tag} NO there is no such folder\r\n"
        return f"* {len(self.house.mails)} EXISTS\r\n* OK [UIDVALIDITY 1] fine\r\n".encode()

    def on_search(self, _: str) -> bytes:
        unseen = sorted(set(self.house.mails) - self.house.seen)
        return f"* SEARCH {' '.join(map(str, unseen))}\r\n".encode()

    def on_fetch(self, words: str) -> bytes:
        number = int(words.partition(" ")[0])
        size = int(cast(Any, re.search(r"<0\.(\d+)>", words))[1])
        raw = self.house.mails[number][:size]
        head = f"* 9 EXISTS\r\n* 1 FETCH (UID {number} BODY[]<0> {{{len(raw)}}}\r\n".encode()
        return head + raw + b")\r\n* 2 FETCH (FLAGS (\\Recent))\r\n"

    def on_store(self, words: str) -> bytes:
        number = int(words.partition(" ")[0])
        planned = self.house.faults.get("STORE")
        if not planned or planned[0] is None:
            self.house.seen.add(number)
        return b""

    def on_logout(self, _: str) -> bytes:
        return b"* BYE until then\r\n"
