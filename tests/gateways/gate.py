"""A gate that answers as scripted, and remembers who asked: the test's stand-in for the journal."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from dispatcher.domain.messages import DeliveryKey, Message, Receipt
from dispatcher.domain.ports import Passage


class FakeGate:
    """Gives each message the passages scripted for its ordinal, in turn, and GO when none is left.

    `asked` holds every question with its answer in order, `begun` the keys that got GO, and
    `waits` says how often somebody awaited `opens()`, and `most_in_doubt` how many messages were
    at once begun without a receipt: so many a death at the worst moment would leave unsure.
    """

    def __init__(self, script: Mapping[int, Sequence[Passage]] | None = None) -> None:
        self._script = {ordinal: list(answers) for ordinal, answers in (script or {}).items()}
        self.asked: list[tuple[DeliveryKey, Passage]] = []
        self.waits = 0
        self.in_doubt: set[DeliveryKey] = set()
        self.most_in_doubt = 0

    def begin(self, message: Message) -> Passage:
        """Answer for one message as scripted."""
        left = self._script.get(message.ordinal)
        passage = left.pop(0) if left else Passage.GO
        self.asked.append((message.key, passage))
        if passage is Passage.GO:
            self.in_doubt.add(message.key)
            self.most_in_doubt = max(self.most_in_doubt, len(self.in_doubt))
        return passage

    def heard(self, receipt: Receipt) -> None:
        """Take who was begun out of doubt."""
        self.in_doubt.discard(receipt.key)

    async def opens(self) -> None:
        """Open at once, in the next tick."""
        self.waits += 1
        await asyncio.sleep(0)

    @property
    def begun(self) -> list[DeliveryKey]:
        """The messages that were allowed to leave, in order."""
        return [key for key, passage in self.asked if passage is Passage.GO]

    @property
    def begun_twice(self) -> list[DeliveryKey]:
        """Messages that got GO more than once: must be none where a begin means bytes left."""
        return [key for key, count in Counter(self.begun).items() if count > 1]
