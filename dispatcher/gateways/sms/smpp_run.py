"""One call of `send` over SMPP: messages begun as there is room, receipts as answers come in."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from typing import Protocol

from dispatcher.domain.messages import Message, Outcome, Receipt
from dispatcher.domain.ports import Gate, Passage
from dispatcher.errors import GatewayDown
from dispatcher.gateways.classify import DETAIL_CAP, Trouble, Verdict
from dispatcher.gateways.http import NOT_BEGUN, WITHHELD
from dispatcher.gateways.sms.smpp_line import Line
from dispatcher.gateways.sms.smpp_pdu import read_answer

_AT_ONCE = 32  # messages begun before they are written
NO_ADDRESS = Verdict(
    Outcome.REFUSED, code="address", detail="SMPP cannot carry the address or the sender"
)


class Filled(Enum):
    """Why no more is begun for now."""

    MORE = auto()  # enough for one write
    FULL = auto()  # the window
    SHUT = auto()  # the gate says wait
    DONE = auto()  # nothing is left


class Operator(Protocol):
    """What messages under way need to know of the operator."""

    def compose(self, message: Message) -> Sequence[bytes]:
        """Give the parts; ValueError when an address cannot be written."""

    def judge(self, status: int, words: str) -> Verdict:
        """Say what a status other than 0 means."""

    def reference(self, message_id: str) -> str:
        """Give an id in the form in which it is kept."""

    def note(self, verdict: Verdict) -> GatewayDown | None:
        """Take note of how it went; say when no more should be sent for now."""

    def clean(self, verdict: Verdict, message: Message) -> Verdict:
        """Take out what must not be stored."""


class Run:
    """One call of `send`: what is still to pull, and the receipts on their way to the caller.

    `down` says why no more is begun; `exhausted`, that there are no more messages.
    """

    def __init__(self, messages: Iterator[Message], gate: Gate, operator: Operator) -> None:
        self.operator = operator
        self.down: GatewayDown | None = None
        self.receipts: deque[Receipt] = deque()
        self.news = asyncio.Event()
        self.under_way = 0
        self.exhausted = False
        self._messages, self._gate = messages, gate
        self._held: tuple[Message, Sequence[bytes]] | None = None
        self._left = False

    def fill(self, line: Line, *, may: Callable[[int], bool]) -> Filled:
        """Begin what has room; whatever was begun is written when this returns."""
        try:
            for _ in range(_AT_ONCE):
                if self._held is None:
                    if not may(1):
                        return Filled.FULL
                    if not self._pull():
                        return Filled.DONE
                filled = self._begin(line, may)
                if filled is not None:
                    return filled
            return Filled.MORE
        finally:
            line.flush()

    def _begin(self, line: Line, may: Callable[[int], bool]) -> Filled | None:
        assert self._held is not None
        message, bodies = self._held
        if not may(len(bodies)):
            return Filled.FULL
        passage = self._gate.begin(message)
        if passage is Passage.WAIT:
            return Filled.SHUT
        self._held = None
        if passage is Passage.WITHHELD:
            self.put(WITHHELD.receipt(message))
            return None
        self.under_way += 1
        line.submit(bodies, _Parts(self, message, len(bodies)))
        return None

    def _pull(self) -> bool:
        """Take the next message that can be written; False when there is none."""
        for message in self._messages:
            try:
                self._held = message, self.operator.compose(message)
            except ValueError:  # it was never begun
                self.put(NO_ADDRESS.receipt(message))
                continue
            return True
        self.exhausted = True
        return False

    def put(self, receipt: Receipt) -> None:
        """Journal a receipt and pass it on; after the caller has left it is nobody's."""
        if not self._left:
            self._gate.heard(receipt)
            self.receipts.append(receipt)
            self.news.set()

    def stop(self, down: GatewayDown) -> None:
        """Begin no more; the first reason is the one that is told."""
        self.down = self.down or down
        if self._held is not None:
            message, self._held = self._held[0], None
            self.put(NOT_BEGUN.receipt(message))

    def landed(self, message: Message, verdict: Verdict) -> None:
        """Take what became of a message that was under way."""
        self.under_way -= 1
        clean = self.operator.clean(verdict, message)
        self.put(clean.receipt(message))
        down = self.operator.note(clean)
        if down is not None:
            self.stop(down)

    def leave(self) -> None:
        """Take no more receipts: the caller has gone, and settles without them."""
        self._left = True


class _Parts:
    """A message under way: it has landed when each of its parts has an answer, or none to come."""

    __slots__ = ("_ids", "_lost", "_message", "_open", "_refused", "_run", "_taken")

    def __init__(self, run: Run, message: Message, parts: int) -> None:
        self._run, self._message, self._open = run, message, parts
        self._ids: dict[int, str] = {}
        self._taken = 0
        self._refused: list[Verdict] = []
        self._lost = ""

    def answered(self, part: int, status: int, body: bytes) -> None:
        """Take the answer to one part."""
        operator = self._run.operator
        named, words = read_answer(body)
        verdict = operator.judge(status, words) if status else _TAKEN
        if verdict.outcome is Outcome.ACCEPTED:
            self._taken += 1
            self._ids[part] = operator.reference(named) if named else ""
        else:
            self._refused.append(verdict)
        self._one_less()

    def lost(self, why: str) -> None:
        """Take note that one part will have no answer."""
        self._lost = why
        self._one_less()

    def _one_less(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._run.landed(self._message, self._verdict())

    def _verdict(self) -> Verdict:
        """Sum the parts up: taken as a whole, refused as a whole, or nobody knows."""
        # The last part is the one that asked for a receipt.
        reference = self._ids[max(self._ids)] if self._ids else ""
        if not self._lost and not self._refused:
            return _TAKEN._replace(reference=reference)
        worst = max(self._refused, key=_weight, default=Verdict(Outcome.UNSURE, Trouble.PASSING))
        if not self._lost and not self._taken:
            return worst
        detail = self._lost or worst.detail
        if self._taken:
            detail = f"only {self._taken} parts were taken: {detail}"
        return worst._replace(
            outcome=Outcome.UNSURE, reference=reference, detail=detail[:DETAIL_CAP], retry_after=0.0
        )


_TAKEN = Verdict(Outcome.ACCEPTED)
_OUTCOMES = (Outcome.DEFERRED, Outcome.REFUSED, Outcome.UNSURE)


def _weight(verdict: Verdict) -> int:
    """Order refusals of one message's parts: what nobody knows weighs most."""
    return _OUTCOMES.index(verdict.outcome)
