"""The GSM 7-bit tables of South Asian scripts, made from where their letters stand in Unicode.

3GPP TS 23.038, A.2.4 to A.2.13 and A.3.4 to A.3.13. Nine scripts have the same letters at the same
places of their blocks, and so at the same places of their tables; `void` are those they lack.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from itertools import chain

VOID = "\x1b"  # a place without a letter looks like the escape, which no text may hold

_FRAME = {0x0A: "\n", 0x0D: "\r", 0x20: " ", 0x21: "!", 0x28: ")", 0x29: "(", 0x2C: ",", 0x2E: "."}
_FRAME |= {0x30 + at: char for at, char in enumerate("0123456789:;")} | {0x3F: "?"}
_FRAME |= {0x61 + at: char for at, char in enumerate(string.ascii_lowercase)} | {0x1B: VOID}
_OWN = tuple(place for place in range(0x80) if place not in _FRAME)
_LETTERS = (*range(0x01, 0x04), *range(0x05, 0x3A), *range(0x3C, 0x4E))

_SHIFTED_FRAME = dict(enumerate("@£$¥¿\"¤%&'\f*+")) | {0x0E: "-", 0x0F: "/"}
_SHIFTED_FRAME |= {0x10 + at: char for at, char in enumerate("<=>¡^")} | {0x16: "_", 0x17: "#"}
_SHIFTED_FRAME |= {0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|"}
_SHIFTED_FRAME |= {0x41 + at: char for at, char in enumerate(string.ascii_uppercase)} | {0x65: "€"}
_SHIFTED_OWN = (
    *(0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F)),
    *(*range(0x30, 0x3C), 0x3F),
)
_DANDAS = "।॥"
_DIGITS = tuple(range(0x66, 0x70))

_URDU = (
    "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\u0679\u067d\u067a\u067c"
    "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f\u068c\u0688\u0689\u068a"
    "\u068f\u068d\u0630\u0631\u0691\u0693\u0699\u0632\u0696\u0698\u069a\u0633\u0634"
    "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
    "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
    "\u0654\u0655\u0651\u0653\u0656\u0670"
)
_URDU_SHIFTED = (
    "\u0600\u0601\u06f0\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6\u06f7\u06f8\u06f9"
    "\u060c\u060d\u060e\u060f\u0610\u0611\u0612"
    "\u0613\u0614\u061b\u061f\u0640\u0652\u0658\u066b\u066c\u0672\u0673\u06cd\u06d4"
)


def locking(block: int, void: str, last: str) -> str:
    """Give the locking table of a script; `void` and the six `last` are places of its block."""
    gaps = _places(void)
    own = [VOID if at in gaps else chr(block + at) for at in _LETTERS]
    return _framed([*own, *(chr(block + at) for at in _places(last))])


def single(block: int, more: str, dandas: str = _DANDAS) -> Mapping[str, int]:
    """Give the single shift table of a script: its digits, and more places of its block."""
    own = [chr(block + at) for at in chain(_DIGITS, _places(more))]
    return _shifted([*dandas, *own])


def urdu() -> tuple[str, Mapping[str, int]]:
    """Give both tables of Urdu, whose letters stand in no such order."""
    return _framed(_URDU), _shifted(_URDU_SHIFTED)


def _places(text: str) -> tuple[int, ...]:
    return tuple(int(place, 16) for place in text.split())


def _framed(own: Iterable[str]) -> str:
    table = _FRAME | dict(zip(_OWN, own, strict=True))
    return "".join(table[place] for place in range(0x80))


def _shifted(own: Iterable[str]) -> Mapping[str, int]:
    table = _SHIFTED_FRAME | dict(zip(_SHIFTED_OWN, own, strict=False))
    return {char: place for place, char in table.items() if char != VOID}
