"""The gate before the last bytes: permit, withdrawals, time and journal, as one question."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from time import monotonic, time

from dispatcher.domain.messages import DeliveryKey, Message, Receipt
from dispatcher.domain.ports import Passage
from dispatcher.domain.pulses import Pulse
from dispatcher.storage.journal import Journal, JournalFull
from dispatcher.storage.watch import Watch

log = logging.getLogger(__name__)
WINDOW = 128  # messages a permit covers; issued one window ahead
_NAP = 0.005


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one batch at the gate.

    `since` is the monotonic instant before the batch was claimed: who withdrew after it is decided
    on again. `clock_ahead`: how far the programme's clock is ahead of the wall's, in seconds, and
    `steady_ahead` of the monotonic one, which nobody can set back. `closes_at` is monotonic.
    `scopes`: whose halt stops it.
    """

    size: int
    permitted: int
    since: float
    clock_ahead: float
    closes_at: float
    scopes: tuple[str, ...] = ()
    steady_ahead: float = -inf


class BatchGate:
    """Stands before one batch's messages; asked and used on the event loop only.

    `permit` commits a new `permitted_upto` and says whether the batch is still ours. `pulse` is the
    gateway's. `asked` and `pulled_at`: whether anything came this far, and since when it could.
    """

    def __init__(
        self,
        terms: Terms,
        watch: Watch,
        journal: Journal,
        permit: Callable[[int], Awaitable[bool]],
        pulse: Pulse | None = None,
    ) -> None:
        self._terms, self._watch, self._journal, self._permit = terms, watch, journal, permit
        self._permitted = terms.permitted
        self._asking: asyncio.Task[None] | None = None
        self._pulse = pulse or Pulse()
        self._begun_at = self._pulse.begun  # a call less for each message
        self._lost = self._full = False
        self.asked = False
        self.pulled_at = inf
        self.begun: set[int] = set()
        self._heard: set[DeliveryKey] = set()

    def begin(self, message: Message) -> Passage:
        """Say whether this message's last bytes may be written now; GO is journalled."""
        self.asked = True
        fresh = self._watch.fresh()  # first: an answer that comes in between was not looked at yet
        if self.refuses(message.key.customer_id, message.send_before):
            return Passage.WITHHELD
        if not fresh or not self._is_permitted(message.ordinal):
            return Passage.WAIT
        return self._note(message)

    def heard(self, receipt: Receipt) -> None:
        """Journal what became of a message, once, before its line begins another.

        Else a death between the two would leave two in doubt for each line, and not one.
        """
        if receipt.key in self._heard:
            return
        self._heard.add(receipt.key)
        self._pulse.hear(receipt, monotonic())
        try:
            self._journal.receipt(receipt)
        except JournalFull as full:  # it is settled all the same, unless we die before that
            log.error("a receipt is not journalled: %s", full)

    def _note(self, message: Message) -> Passage:
        """Journal a message that may go; what cannot be noted waits until there is room."""
        try:
            self._journal.begin(message.key)
        except JournalFull as full:
            if not self._full:
                log.error("nothing is sent until there is room: %s", full)
            self._full = True
            return Passage.WAIT
        self._full = False
        self.begun.add(message.key.customer_id)
        self._begun_at[message.key] = monotonic()
        return Passage.GO

    def refuses(self, customer_id: int, send_before: float) -> bool:
        """Say whether it is known already that this person's message will be withheld."""
        terms, watch = self._terms, self._watch
        withdrawn = not watch.quiet(terms.since) and watch.any_withdrawn(
            (customer_id, *terms.scopes), terms.since
        )
        steady = monotonic()
        # The wall's clock may be set back; the monotonic one stands still while a machine sleeps.
        return (
            self._lost
            or withdrawn
            or send_before <= time() + terms.clock_ahead
            or send_before <= steady + terms.steady_ahead
            or steady > terms.closes_at
        )

    async def opens(self) -> None:
        """Wait for a permit or a fresh poll; the caller then asks again."""
        if self._asking is not None:
            await asyncio.wait([self._asking], timeout=0.05)
        else:
            await asyncio.sleep(_NAP)

    def shut(self) -> None:
        """Let nothing more through, for good."""
        self._lost = True

    async def finish(self) -> None:
        """Shut for good, and wait for a permit still being asked for: nothing is left running."""
        self._lost = True
        if self._asking is not None:
            await asyncio.wait([self._asking])

    def _is_permitted(self, ordinal: int) -> bool:
        if ordinal + WINDOW >= self._permitted < self._terms.size and self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return ordinal < self._permitted

    async def _ask(self) -> None:
        upto = min(self._permitted + WINDOW, self._terms.size)
        try:
            if await self._permit(upto):
                self._permitted = upto
            else:
                self._lost = True
        except Exception:  # no answer is no permit; the batch is decided on again later
            self._lost = True
            raise
        finally:
            self._asking = None


class OpenGate:
    """Lets answers to a person's own act through: they go at least once, with one key."""

    def begin(self, message: Message) -> Passage:
        """Let it through."""
        del message
        return Passage.GO

    def heard(self, receipt: Receipt) -> None:
        """Note nothing: they go again anyway."""

    async def opens(self) -> None:
        """Never shut."""
