"""Promises about a bound line: whatever octets come, in whatever pieces, it is steady."""

from __future__ import annotations

import asyncio
import socket

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.gateways.sms.smpp_line import Line, Times
from dispatcher.gateways.sms.smpp_pdu import Command, pack
from tests.gateways.letters import run


class Waiter:
    """Notes what becomes of its parts."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int, bytes]] = []
        self.lost_parts = 0

    def answered(self, part: int, status: int, body: bytes) -> None:
        self.told.append((part, status, body))

    def lost(self, why: str) -> None:
        assert why
        self.lost_parts += 1


async def joined() -> tuple[Line, socket.socket]:
    """Give a line, and the operator's end of it."""
    ours, theirs = socket.socketpair()
    made = Line(100, Times(), lambda *_: None)
    await asyncio.get_running_loop().create_connection(lambda: made, sock=ours)
    return made, theirs


@settings(max_examples=60)
@given(st.permutations(range(8)), st.lists(st.integers(1, 40), min_size=1, max_size=60))
def test_answers_find_their_parts_in_any_order_and_any_pieces(
    order: list[int], sizes: list[int]
) -> None:
    """A stream has no edges: an answer may come octet by octet, or ten at once."""

    async def scenario() -> None:
        line, theirs = await joined()
        waiter = Waiter()
        line.submit([b"text"] * 8, waiter)
        line.flush()
        answers = b"".join(
            pack(Command.SUBMIT_SM_RESP, part + 1, b"%d\0" % part, status=part) for part in order
        )
        at, turn = 0, 0
        while at < len(answers):
            size = sizes[turn % len(sizes)]
            line.data_received(answers[at : at + size])
            at, turn = at + size, turn + 1
        assert waiter.told == [(part, part, b"%d\0" % part) for part in order]
        assert line.in_flight == 0
        theirs.close()
        await line.closed
        assert waiter.lost_parts == 0

    run(scenario())


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_whatever_octets_come_the_line_holds_or_ends(pieces: list[bytes]) -> None:
    """Nothing raises, and who waits is told in the end, once."""

    async def scenario() -> None:
        line, theirs = await joined()
        waiter = Waiter()
        line.submit([b"text"] * 3, waiter)
        line.flush()
        for piece in pieces:
            line.data_received(piece)
        theirs.close()
        await line.closed
        assert len(waiter.told) + waiter.lost_parts == 3
        assert not line.usable

    run(scenario())
