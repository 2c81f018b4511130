"""The tables of the GSM 7-bit alphabet: the default ones, and those of single languages.

3GPP TS 23.038, 6.2.1 and annex A. A locking table stands in for the default alphabet, a single
shift table for its extension, each told in the header of every part (IEI 0x25 and 0x24).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from dispatcher.domain.gsm7_indic import VOID, locking, single, urdu

ESCAPE = VOID


class National(IntEnum):
    """Languages with tables of their own, by the number that a header gives for them."""

    TURKISH = 1
    SPANISH = 2
    PORTUGUESE = 3
    BENGALI = 4
    GUJARATI = 5
    HINDI = 6
    KANNADA = 7
    MALAYALAM = 8
    ORIYA = 9
    PUNJABI = 10
    TAMIL = 11
    TELUGU = 12
    URDU = 13


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
    National.BENGALI: locking(0x980, "0D 0E 11 12 29 31 33 34 35 45 46 49 4A", "4E 57 5C 5D 70 71"),
    National.GUJARATI: locking(0xA80, "0E 12 29 31 34 46 4A", "50 60 61 62 63 71"),
    National.HINDI: locking(0x900, "", "50 72 7B 7C 7E 7F"),
    National.KANNADA: locking(0xC80, "01 0D 11 29 34 45 49", "55 56 60 61 62 63"),
    National.MALAYALAM: locking(0xD00, "01 0D 11 29 3C 45 49", "57 60 61 62 63 79"),
    National.ORIYA: locking(0xB00, "0D 0E 11 12 29 31 34 45 46 49 4A", "56 57 60 61 62 63"),
    National.PUNJABI: locking(
        0xA00,
        "0B 0C 0D 0E 11 12 29 31 34 37 3D 43 44 45 46 49 4A",
        "51 70 71 72 73 74",
    ),
    National.TAMIL: locking(
        0xB80,
        "01 0B 0C 0D 11 16 17 18 1B 1D 20 21 22 25 26 27 2B 2C 2D 3C 3D 43 44 45 49",
        "50 57 70 71 72 79",
    ),
    National.TELUGU: locking(0xC00, "0D 11 29 34 3C 45 49", "55 56 60 61 62 63"),
    National.URDU: urdu()[0],
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
    National.BENGALI: single(0x980, "5F 60 61 62 63 72 73 74 75 76 77 78 79 7A", ""),
    National.GUJARATI: single(0xA80, ""),
    National.HINDI: single(0x900, "51 52 53 54 58 59 5A 5B 5C 5D 5E 5F 60 61 62 63 70 71"),
    National.KANNADA: single(0xC80, "5E 71 72"),
    National.MALAYALAM: single(0xD00, "70 71 72 73 74 75 7A 7B 7C 7D 7E 7F"),
    National.ORIYA: single(0xB00, "5C 5D 5F 70 71"),
    National.PUNJABI: single(0xA00, "59 5A 5B 5C 5E 75"),
    National.TAMIL: single(0xB80, "73 74 75 76 77 78 7A"),
    National.TELUGU: single(0xC00, "58 59 78 79 7A 7B 7C 7D 7E 7F", VOID * 2),
    National.URDU: urdu()[1],
}
