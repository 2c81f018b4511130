"""Somebody whom nobody knows: joins by text, says what they like, asks for more, and leaves."""

from __future__ import annotations

from dataclasses import dataclass

from dispatcher.demo.phone import talk, texts_on
from dispatcher.demo.stage import DemoFailed, Stage
from dispatcher.demo.teller import Teller

NAME = "Mia"
PHONE = "+447700900555"  # of the range for drama, like all others


@dataclass(frozen=True, slots=True)
class Guest:
    """One phone, and who tells what is said on it."""

    stage: Stage
    teller: Teller

    def joins(self) -> None:
        """Join by a word and a YES, and answer two questions about tastes."""
        self.teller.act(f"{NAME}, whom nobody knows, has read of it on a poster, and texts.")
        self.stage.wait_for_web()
        self._talk("JOIN", "YES", "coffee", "espresso")

    def reads(self) -> None:
        """Read the newest text."""
        self.teller.talk(NAME, [("", texts_on(self.stage, PHONE)[-1])])

    def asks_and_leaves(self) -> None:
        """Choose anew, ask for the offer that waits, and leave."""
        self.teller.act(f"{NAME}'s second offer waits, for it is too soon. She thinks, and asks.")
        self._talk("TOPICS", "1 and 2", "MORE", "STOP")

    def _talk(self, *words: str) -> None:
        programme = self.stage.dispatcher.programme
        if programme is None:
            raise DemoFailed("the programme's file cannot be read")
        said = [(each, talk(self.stage, PHONE, programme.sms_sender, each)) for each in words]
        self.teller.talk(NAME, said)
