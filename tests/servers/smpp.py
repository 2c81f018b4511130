"""An operator on loopback that speaks SMPP 3.4, and can be told to do it badly."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any

import smpp34

BINDS = {1: "receiver", 2: "transmitter", 9: "transceiver"}
UNBIND, ENQUIRE_LINK, SUBMIT_SM, DELIVER_SM_RESP, ANSWER = 0x06, 0x15, 0x04, 0x80000005, 0x80000000


class Fault(StrEnum):
    """Ways to behave badly with a message."""

    NONE = "none"
    SILENT = "silent"  # takes it and never answers
    CUT = "cut"  # takes it and closes without a word
    RESET = "reset"
    GARBAGE = "garbage"  # answers, but not in SMPP
    SHORT = "short"  # a packet that says it has 7 octets
    HUGE = "huge"  # a packet that says it has 4 GiB
    NACK = "nack"  # says that the packet cannot be read
    UNASKED = "unasked"  # answers something nobody asked first
    LEAVES = "leaves"  # unbinds in the middle


@dataclass(frozen=True)
class Answer:
    """What to answer to a message; without `message_id` each gets one of its own."""

    status: int = 0
    words: str = ""
    fault: Fault = Fault.NONE
    message_id: str = ""
    early: bytes = b""  # a packet that comes before the answer


class Operator:
    """Listens on a free port while entered.

    While `awake` is not set no message is answered. What it answers: `answerer`'s word, else what
    `answers` has for the number, else `default`.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.default = Answer()
        self.answers: dict[str, Answer] = {}
        self.answerer: Callable[[Any], Answer | None] | None = None
        self.awake = asyncio.Event()
        self.awake.set()
        self.refuse_bind = 0
        self.mute = False  # answers no question about the line
        self.enquiries = 0
        self.submitted: list[Any] = []
        self.binds: list[tuple[str, str, str]] = []
        self.unbound = 0
        self.strange: list[bytes] = []
        self.port = 0
        self._tls = tls
        self.ears: list[asyncio.StreamWriter] = []
        self.lines: list[asyncio.StreamWriter] = []
        self._visits: set[asyncio.Task[None]] = set()
        self._asked: dict[int, asyncio.Future[int]] = {}
        self._sequence = 5_000
        self._bound = asyncio.Condition()

    async def __aenter__(self) -> Operator:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Stop listening and hang up."""
        self._server.close()
        self.awake.set()
        self.hang_up()
        while self._visits:
            await asyncio.wait(self._visits)

    def hang_up(self) -> None:
        """End every line, without a word."""
        for line in list(self.lines):
            line.transport.abort()

    async def heard(self) -> None:
        """Wait until somebody listens."""
        async with self._bound:
            await self._bound.wait_for(lambda: self.ears)

    async def deliver(self, packet: bytes) -> int:
        """Hand a packet to the youngest line that listens; give how it was acknowledged."""
        sequence = self.post(packet)
        answer = self._asked[sequence] = asyncio.get_running_loop().create_future()
        status: int = await answer
        return status

    def post(self, packet: bytes) -> int:
        """Send a packet to the youngest line that listens, and do not wait."""
        self._sequence += 1
        self.ears[-1].write(numbered(packet, self._sequence))
        return self._sequence

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = asyncio.current_task()
        assert visit is not None
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)
        try:
            while True:
                head = await reader.readexactly(16)
                size, command, status, sequence = struct.unpack(">IIII", head)
                body = await reader.readexactly(size - 16)
                if not await self._one(writer, command, status, sequence, head + body):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            if writer in self.lines:
                self.lines.remove(writer)
            if writer in self.ears:
                self.ears.remove(writer)
            writer.close()

    async def _one(
        self, writer: asyncio.StreamWriter, command: int, status: int, sequence: int, packet: bytes
    ) -> bool:
        if command in BINDS:
            return await self._bind(writer, command, sequence, packet[16:])
        if command == SUBMIT_SM:
            return await self._submitted(writer, sequence, packet)
        if command == ENQUIRE_LINK:
            self.enquiries += 1
            if not self.mute:
                writer.write(answer(command, sequence))
        elif command == UNBIND:
            self.unbound += 1
            writer.write(answer(command, sequence))
            return False
        elif command == DELIVER_SM_RESP:
            if sequence in self._asked:
                self._asked.pop(sequence).set_result(status)
        else:
            self.strange.append(packet)
        return True

    async def _bind(
        self, writer: asyncio.StreamWriter, command: int, sequence: int, body: bytes
    ) -> bool:
        system_id, password = body.split(b"\0")[:2]
        self.binds.append((BINDS[command], system_id.decode(), password.decode()))
        writer.write(answer(command, sequence, self.refuse_bind, b"operator\0"))
        if self.refuse_bind:
            return False
        async with self._bound:
            self.lines.append(writer)
            self.ears += [writer] if BINDS[command] != "transmitter" else []
            self._bound.notify_all()
        return True

    async def _submitted(self, writer: asyncio.StreamWriter, sequence: int, packet: bytes) -> bool:
        message = smpp34.decode(packet)
        assert isinstance(message, smpp34.SubmitSm)
        self.submitted.append(message)
        told = (self.answerer and self.answerer(message)) or self.answers.get(
            message.destination_addr, self.default
        )
        await self.awake.wait()
        writer.write(numbered(told.early, 4_000) if told.early else b"")
        return self._behave(writer, sequence, told)

    def _behave(self, writer: asyncio.StreamWriter, sequence: int, told: Answer) -> bool:
        if told.fault in (Fault.CUT, Fault.RESET):
            if told.fault is Fault.RESET:
                linger = struct.pack("ii", 1, 0)
                sock = writer.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        if told.fault in _NOT_SMPP:
            writer.write(_NOT_SMPP[told.fault])
        elif told.fault is Fault.NACK:
            writer.write(struct.pack(">IIII", 16, 0x80000000, 0x02, sequence))
        elif told.fault is not Fault.SILENT:
            if told.fault is Fault.UNASKED:
                writer.write(answer(SUBMIT_SM, 99_999, 0, b"nobody's\0"))
                writer.write(struct.pack(">IIII", 16, 0x00000777, 0, 9))
            name = told.message_id or f"{len(self.submitted):x}"
            words = _text(told.words) if told.words else b""
            body = b"" if told.status and not words else name.encode() + b"\0" + words
            writer.write(answer(SUBMIT_SM, sequence, told.status, body))
            if told.fault is Fault.LEAVES:
                writer.write(struct.pack(">IIII", 16, UNBIND, 0, 7))
        return True


_NOT_SMPP = {
    Fault.GARBAGE: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    Fault.SHORT: struct.pack(">IIII", 7, 0x80000004, 0, 1),
    Fault.HUGE: struct.pack(">IIII", 0xFFFFFFFF, 0x80000004, 0, 1),
}


def answer(command: int, sequence: int, status: int = 0, body: bytes = b"") -> bytes:
    """Give the answer to a packet."""
    return struct.pack(">IIII", 16 + len(body), command | ANSWER, status, sequence) + body


def numbered(packet: bytes, sequence: int) -> bytes:
    """Give a packet another number."""
    return packet[:12] + struct.pack(">I", sequence) + packet[16:]


def reply(source: str, text: bytes, **fields: Any) -> bytes:
    """Give the deliver_sm of a person's text."""
    known = {"source_addr_ton": 1, "source_addr_npi": 1, "dest_addr_ton": 3} | fields
    return smpp34.DeliverSm(source, "60123", text, **known).encode()


def receipt(text: str = "", **tlvs: bytes) -> bytes:
    """Give the deliver_sm of a receipt; parameters by their names in the standard."""
    extras = [smpp34.Tlv(getattr(smpp34, f"TLV_{name.upper()}"), tlvs[name]) for name in tlvs]
    fields: dict[str, Any] = {"esm_class": 0x04, "tlvs": extras}
    return smpp34.DeliverSm("447700900001", "Brand", text.encode(), **fields).encode()


def _text(words: str) -> bytes:
    value = words.encode() + b"\0"
    return struct.pack(">HH", 0x001D, len(value)) + value
