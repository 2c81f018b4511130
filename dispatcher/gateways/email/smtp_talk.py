"""The conversation on one line: one round trip a message where the server allows pipelining.

With pipelining the final dot of a message and MAIL, RCPT and DATA of the next travel in one write
and their four answers come back in one read (RFC 2920 3.1). Without it each command waits for its
answer. What is known when a line is lost:

=====================  ==========================================================
nothing was written    the letter goes back, as if never taken
MAIL, RCPT, DATA       unsent for sure, as the gate was not asked: another line tries
the final dot          UNSURE, unless the answer to the dot still came
=====================  ==========================================================
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from dispatcher.domain.messages import Outcome, Receipt
from dispatcher.domain.ports import Passage
from dispatcher.gateways.email.dkim import Signer
from dispatcher.gateways.email.smtp_letter import END, LARGE, Parcel, pack
from dispatcher.gateways.email.smtp_line import Line, LineLost
from dispatcher.gateways.email.smtp_replies import Reply, Stage, accepted, is_trouble, turned_away
from dispatcher.gateways.email.smtp_run import Run
from dispatcher.gateways.email.smtp_settings import SmtpSettings

SEND_CONTENT = 354
OUT_OF_STEP = 503  # "bad sequence of commands": never about the person
LOGIN_WANTED = frozenset({530, 538})


class Refusal(NamedTuple):
    """Who was turned away at which command; `ready`: yet the server waits for content."""

    stage: Stage
    reply: Reply
    ready: bool = False


class Talk:
    """Carries letters over one line until none is left or the line is lost."""

    def __init__(
        self, line: Line, run: Run, settings: SmtpSettings, signer: Signer | None = None
    ) -> None:
        self._line = line
        self._run = run
        self._settings = settings
        self._signer = signer
        self._pending: Parcel | None = None  # its final dot is written, the answer is open
        self._opened: Parcel | None = None  # its envelope is on the way, the gate was not asked
        self._ahead: Parcel | None = None  # pulled, nothing of it written
        self._skip = 0  # answers to come that nobody needs: of RSET and of a lone dot

    async def carry(self) -> None:
        """Carry all there is. A lost line is not an error here: each letter is accounted for."""
        try:
            await self._carry()
        except LineLost as lost:
            self._account(lost)
        finally:
            if self._pending or self._opened:
                self._line.lose("left in the middle of a message")

    async def _carry(self) -> None:
        pipelining = self._line.features.pipelining
        self._pull()
        self._open()
        while self._opened or self._pending or self._skip:
            refusal = await self._hear()
            if pipelining or self._opened is None:
                self._pull()
            if self._opened is None:
                self._open()
            elif refusal is not None:
                self._turn_away(self._opened, refusal)
            elif not await self._finish(self._opened):
                return

    def _pull(self) -> None:
        """Take the next letter that this server can carry."""
        while self._ahead is None and (letter := self._run.take()) is not None:
            packed = pack(letter, self._line.features, self._signer)
            if isinstance(packed, Parcel):
                self._ahead = packed
            else:
                ours = packed.outcome is Outcome.DEFERRED
                self._run.give(packed, trouble=True if ours else None)

    def _open(self) -> None:
        if opening := self._opening():
            self._line.write(opening)
        self._step()

    def _opening(self) -> bytes:
        """Give what may be written of the next letter along with the end of this one."""
        if self._ahead is None or not self._line.features.pipelining:
            return b""
        return self._ahead.envelope

    def _step(self) -> None:
        self._opened, self._ahead = self._ahead, None

    async def _hear(self) -> Refusal | None:
        """Hear the answers that are due; settle the letter before, and judge the envelope."""
        owed = self._skip + (self._pending is not None)
        together = self._opened is not None and self._line.features.pipelining
        settings = self._settings
        patience = settings.timeout if self._pending is None else settings.final_timeout
        replies = await self._line.replies(owed + (3 if together else 0), patience)
        if self._pending is not None:
            self._settle(self._pending, replies[0])
        self._skip = 0
        if self._opened is None:
            return None
        if together:
            return _judge(*replies[owed:])
        return await self._ask_in_turn(self._opened)

    async def _ask_in_turn(self, parcel: Parcel) -> Refusal | None:
        """Say MAIL, RCPT and DATA, each after the answer to the one before."""
        for stage, command in ((Stage.MAIL, parcel.mail), (Stage.RCPT, parcel.rcpt)):
            reply = await self._ask(command)
            if not reply.good:
                return _refusal(stage, reply)
        reply = await self._ask(b"DATA\r\n")
        return None if reply.code == SEND_CONTENT else _refusal(Stage.DATA, reply)

    async def _ask(self, command: bytes) -> Reply:
        self._line.write(command)
        return (await self._line.replies(1, self._settings.timeout))[0]

    async def _finish(self, parcel: Parcel) -> bool:
        """Write the content, and its final dot if the gate lets it; say whether the line goes on.

        This is the only place that ends a message. A large content goes ahead without its dot,
        so that the dot leaves at the moment the gate is asked and not when a buffer is empty.
        """
        body = parcel.body
        if len(body) > LARGE:
            self._line.write(body)
            await self._line.drained(self._settings.final_timeout)
            body = b""
        last = b"%b%b%b" % (body, END, self._opening())
        while (passage := self._ask_gate(parcel)) is Passage.WAIT:
            await self._gate_opens()
        if passage is not Passage.GO:
            self._withhold(parcel)
            return False
        self._line.write(last)
        self._pending = parcel
        self._step()
        return True

    def _ask_gate(self, parcel: Parcel) -> Passage:
        """Ask the gate, on a sound line only: after GO the dot must leave in this very tick."""
        self._line.check()
        return self._run.gate.begin(parcel.letter.message)

    async def _gate_opens(self) -> None:
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._run.gate.opens()
        except TimeoutError:
            return  # asked again anyway, and the line looked at

    def _withhold(self, parcel: Parcel) -> None:
        """Leave in the middle of DATA, which has no abort: no dot, no message."""
        self._opened = None
        self._run.give(Receipt(parcel.letter.message.key, Outcome.WITHHELD))
        self._return_ahead()
        self._line.lose("a message was withheld after DATA")

    def _turn_away(self, parcel: Parcel, refusal: Refusal) -> None:
        """Give the receipt, end the transaction that failed, and begin the next one."""
        stage, reply, ready = refusal
        self._opened = None
        if reply.code in LOGIN_WANTED:
            self._run.back(parcel.letter)
            self._run.stop(f"the server wants a login first ({reply.code})")
        else:
            receipt = turned_away(parcel.letter.message.key, stage, reply)
            self._run.give(receipt, trouble=is_trouble(stage, reply))
        self._line.write(b"%bRSET\r\n%b" % (END if ready else b"", self._opening()))
        self._skip = 2 if ready else 1
        self._step()

    def _settle(self, parcel: Parcel, reply: Reply) -> None:
        """Give the receipt that the answer to the final dot makes."""
        self._pending = None
        key = parcel.letter.message.key
        if reply.good:
            self._run.give(accepted(key, reply), trouble=False)
        elif reply.refusing:
            receipt = turned_away(key, Stage.CONTENT, reply)
            self._run.give(receipt, trouble=is_trouble(Stage.CONTENT, reply))
        else:
            self._unsure(parcel, f"the server answered {reply.code} to a whole message")
            self._line.lose("the server is out of step")

    def _unsure(self, parcel: Parcel, problem: str) -> None:
        self._pending = None
        receipt = Receipt(
            parcel.letter.message.key,
            Outcome.UNSURE,
            code="lost",
            detail=f"the whole message was written, then: {problem}",
        )
        self._run.give(receipt, trouble=True)

    def _account(self, lost: LineLost) -> None:
        """Say of each letter on the lost line what is known of it."""
        if self._pending is not None and lost.heard:
            self._settle(self._pending, lost.heard[0])
        elif self._pending is not None:
            self._unsure(self._pending, str(lost))
        if self._opened is not None:
            self._run.again(self._opened.letter, str(lost))
            self._opened = None
        self._return_ahead()

    def _return_ahead(self) -> None:
        if self._ahead is not None:
            self._run.back(self._ahead.letter)
            self._ahead = None


def _judge(mail: Reply, rcpt: Reply, data: Reply) -> Refusal | None:
    """Judge the three answers to an envelope; nothing means: send the content."""
    ready = data.code == SEND_CONTENT
    if not mail.good:
        if rcpt.good and ready:
            raise LineLost("the server takes a recipient for a mail that it refused")
        return _refusal(Stage.MAIL, mail, ready)
    if not rcpt.good:
        return _refusal(Stage.RCPT, rcpt, ready)
    return None if ready else _refusal(Stage.DATA, data)


def _refusal(stage: Stage, reply: Reply, ready: bool = False) -> Refusal:
    if not reply.refusing or reply.code == OUT_OF_STEP:
        raise LineLost(f"the server answered {reply.code} to {stage}")
    return Refusal(stage, reply, ready)
