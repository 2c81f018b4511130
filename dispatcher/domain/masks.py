"""Masks: addresses in what is logged are made unreadable, whoever wrote the line."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Any

_LETTER = r"""[^\s@<>"'(),;:=\[\]{}|/]"""
# Begins at the first letter of a word only, or a long one would be tried from each of its letters.
_EMAIL = re.compile(rf"(?<!{_LETTER})({_LETTER}){_LETTER}*@([\w-]+(?:\.[\w-]+)+)")
_PHONE = re.compile(r"(?<![\w+])(\+|%2B)(\d{2})[\d \-]{2,12}(\d{3})(?!\d)")


def mask(text: str) -> str:
    """Make addresses unreadable: a•••@d.example and +33•••••678."""
    if "@" in text:
        text = _EMAIL.sub(r"\1•••@\2", text)
    return _PHONE.sub(r"+\2•••••\3", text) if "+" in text or "%2B" in text else text


# The server writes this line from the parts, and providers put numbers into the query of a path.
_ACCESS = "uvicorn.access"


class MaskedRecord(logging.LogRecord):
    """A log record whose message and traceback are masked before any handler sees them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.name == _ACCESS and isinstance(self.args, tuple):
            self.args = tuple(_plain_path(each) for each in self.args)
        if self.exc_info and self.exc_info[0] is not None:
            self.exc_text = mask("".join(traceback.format_exception(*self.exc_info)).rstrip())

    def getMessage(self) -> str:  # noqa: N802 - as logging calls it
        """Give the message with its arguments, masked."""
        return mask(super().getMessage())


def _plain_path(part: object) -> object:
    if not isinstance(part, str):
        return part
    return mask(part.partition("?")[0].replace("%40", "@"))


def mask_logs() -> None:
    """Mask whatever this process logs from here on, by any library."""
    logging.setLogRecordFactory(MaskedRecord)
