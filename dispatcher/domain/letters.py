"""What is read as one letter though written as several: marks, skin tones, flags, families."""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"
_MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones, which belong to what stands before them
_FLAGS = range(0x1F1E6, 0x1F200)  # letters that make a flag in pairs


def inside_a_letter(text: str, at: int) -> bool:
    """Tell whether a cut before `text[at]` would part what is read as one letter."""
    here, before = text[at], text[at - 1]
    flag = ord(here) in _FLAGS and ord(before) in _FLAGS
    marks = unicodedata.category(here).startswith("M") or ord(here) in _MODIFIERS
    return flag or marks or _JOINER in (here, before)
