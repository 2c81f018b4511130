"""A small DNS server on the loopback, by UDP and TCP, that fails where a test says."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

MOST_BY_UDP = 512

Zone = Mapping[str, Sequence[str]]


@dataclass
class DnsServer:
    """Answers from `zone`: "shop.example MX" to the records, written as in a zone file.

    A name with records of any kind exists, others do not. `failing` names get SERVFAIL, `mute`
    ones nothing. What is too large for a datagram comes truncated, and whole by TCP.
    """

    zone: dict[str, Sequence[str]]
    failing: frozenset[str] = frozenset()
    mute: frozenset[str] = frozenset()
    port: int = 0
    asked: list[str] = field(default_factory=list)  # "shop.example MX by UDP", in order

    @property
    def address(self) -> str:
        """Where it is, as the setting has it."""
        return f"127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator[DnsServer]:
        """Serve until the block is left."""
        with socket.create_server(("127.0.0.1", self.port)) as stream:
            self.port = stream.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                datagrams.bind(("127.0.0.1", self.port))
                threads = [
                    threading.Thread(target=self._by_udp, args=(datagrams,)),
                    threading.Thread(target=self._by_tcp, args=(stream,)),
                ]
                for thread in threads:
                    thread.start()
                try:
                    yield self
                finally:
                    for end in (datagrams, stream):
                        with suppress(OSError):
                            end.shutdown(socket.SHUT_RDWR)
                    datagrams.close()
                    stream.close()
                    for thread in threads:
                        thread.join()

    def _by_udp(self, datagrams: socket.socket) -> None:
        with suppress(OSError):
            while True:
                question, sender = datagrams.recvfrom(4096)
                if not question:
                    return
                answer = self._answer(question, "UDP")
                if answer is not None:
                    datagrams.sendto(_cut(answer), sender)

    def _by_tcp(self, stream: socket.socket) -> None:
        with suppress(OSError, struct.error):
            while True:
                visit, _ = stream.accept()
                with visit, visit.makefile("rb") as said:
                    (size,) = struct.unpack("!H", said.read(2))
                    answer = self._answer(said.read(size), "TCP")
                    if answer is not None:
                        whole = answer.to_wire(max_size=65_535)
                        visit.sendall(struct.pack("!H", len(whole)) + whole)

    def _answer(self, question: bytes, by: str) -> dns.message.Message | None:
        asked = dns.message.from_wire(question)
        [what] = asked.question
        name, kind = (
            what.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(what.rdtype),
        )
        self.asked.append(f"{name} {kind} by {by}")
        if name in self.mute:
            return None
        answer = dns.message.make_response(asked)
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif records := self.zone.get(f"{name} {kind}"):
            answer.answer.append(dns.rrset.from_text(what.name, 60, "IN", kind, *records))
        elif not any(key.startswith(f"{name} ") for key in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer


def _cut(answer: dns.message.Message) -> bytes:
    try:
        return answer.to_wire(max_size=MOST_BY_UDP)
    except dns.exception.TooBig:
        answer.answer.clear()
        answer.flags |= dns.flags.TC
        return answer.to_wire()
