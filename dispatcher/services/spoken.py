"""What was said by text, with who said it, and how it was taken."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from dispatcher.domain.messages import MessageClass
from dispatcher.domain.people import Person
from dispatcher.inbound.replies import Intent


class Spoken(NamedTuple):
    """A text from a number that can be answered. `at` is when it was heard, `said_at` when said.

    `language` is that of its words, "" where they do not tell.
    """

    key: str
    text: str
    address: str
    digests: tuple[bytes, ...]
    person: Person | None
    intent: Intent
    language: str
    at: datetime
    said_at: datetime
    origin: str
    to: str

    def evidence(self) -> dict[str, str]:
        """Give what proves that this was said."""
        return {
            "text": self.text,
            "message": self.key,
            "said_at": self.said_at.isoformat(),
            "heard_at": self.at.isoformat(),
            "to": self.to,
        }


class Said(NamedTuple):
    """How a text was taken, and the texts that answer it; without any, nothing is answered.

    `kind` is what is counted against loops. `handed_over`: a person should read it.
    """

    kind: str
    message_class: MessageClass | None = None
    texts: tuple[str, ...] = ()
    handed_over: bool = False
    joined: bool = False


def conversation(kind: str, *texts: str) -> Said:
    """Answer within a conversation."""
    return Said(kind, MessageClass.CONVERSATION, texts)
