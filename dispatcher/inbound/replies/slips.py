"""Slips of the finger: STOP and UNSUBSCRIBE with one letter wrong, or torn apart."""

from __future__ import annotations

from collections.abc import Sequence

from dispatcher.inbound.replies.lexicon import lexicon

_TORN = frozenset({"stop", "unsubscribe", "stopall", "optout"})
_MEANT = ("stop", "unsubscribe")
_WORDS_OF_THEIR_OWN = frozenset(
    (
        *("top", "shop", "step", "stoop", "strop", "slop", "swop", "atop", "stomp", "stops"),
        *("shot", "spot", "soap", "soup", "sto", "alto", "alta", "ende", "end", "ret", "dur"),
    )
)
_MOST = 12  # words of a message that is read like this


def meant(plain: Sequence[str]) -> str:
    """Give what a message of nothing but a mistyped keyword was to be, or nothing."""
    if not plain or len(plain) > _MOST:
        return ""
    joined = "".join(plain)
    if joined in _TORN or not joined.replace("stop", ""):
        return joined
    rest = [word for word in plain if word not in lexicon().fill]
    if len(rest) != 1 or rest[0] in _WORDS_OF_THEIR_OWN:
        return ""
    return rest[0] if any(_one_slip(rest[0], word) for word in _MEANT) else ""


def _one_slip(typed: str, meant: str) -> bool:
    """Say whether one letter is missing, added, wrong, or two are swapped."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    return a[1:] == b[1:] or a == b[1:] or a[1:] == b or (a[:2] == b[1::-1] and a[2:] == b[2:])
