"""What a reply can mean, and what was found out about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Intent(StrEnum):
    """What somebody wants of us."""

    OPT_OUT = "opt_out"
    WRONG_NUMBER = "wrong_number"
    HELP = "help"
    OPT_IN = "opt_in"
    OTHER = "other"


class Reply(NamedTuple):
    """What a reply means, the words that said so, and their language, "" when they do not tell.

    `unsure` goes with OPT_OUT alone: it is obeyed, and a person should look at it.
    """

    intent: Intent
    words: str = ""
    language: str = ""
    unsure: bool = False
