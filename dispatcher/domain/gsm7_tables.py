"""The tables of the GSM 7-bit alphabet: the default ones, and those of single languages.

3GPP TS 23.038, 6.2.1 and annex A. A locking table stands in for the default alphabet, a single
shift table for its extension, each told in the header of every part (IEI 0x25 and 0x24).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

ESCAPE = "\x1b"


class National(IntEnum):
    """Languages with tables of their own, by the number that a header gives for them."""

    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3


BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Mapping[str, int] = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}

# Spanish has none: its letters are all in the single shift table.
LOCKING: Mapping[National, str] = {
    National.TURKISH: (
        "@£$¥€éùıòÇ\nĞğ\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
        "İABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§çabcdefghijklmnopqrstuvwxyzäöñüà"
    ),
    National.PORTUGUESE: (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
    ),
}


def _with(letters: str, places: bytes) -> Mapping[str, int]:
    return {**EXTENSION, **dict(zip(letters, places, strict=True))}


SINGLE: Mapping[National, Mapping[str, int]] = {
    National.TURKISH: _with("ĞİŞçğış", b"\x47\x49\x53\x63\x67\x69\x73"),
    National.SPANISH: _with("çÁÍÓÚáíóú", b"\x09\x41\x49\x4f\x55\x61\x69\x6f\x75"),
    National.PORTUGUESE: _with(
        "êçÔôÁáΦΓΩΠΨΣΘÊÀÍÓÚÃÕÂíóúãõâ",
        b"\x05\x09\x0b\x0c\x0e\x0f\x12\x13\x15\x16\x17\x18\x19\x1f"
        b"\x41\x49\x4f\x55\x5b\x5c\x61\x69\x6f\x75\x7b\x7c\x7f",
    ),
}
