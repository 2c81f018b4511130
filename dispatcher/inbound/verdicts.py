"""What a refusal means: from the words of a mail server and its codes to whose fault it is.

Words that name a cause beat codes, for servers use codes carelessly ("550 5.7.1 user unknown");
codes that name a cause beat words that only hint at one ("address rejected").
"""

from __future__ import annotations

import re
from enum import StrEnum

from dispatcher.inbound import refusals


class BounceKind(StrEnum):
    """What a returned mail says of its recipient."""

    HARD = "hard"  # nobody can be reached there
    SOFT = "soft"  # not now: full, slow, too large, out of order
    POLICY = "policy"  # they did not want this mail or its sender: not the person's fault
    DELAYED = "delayed"  # still being tried
    DELIVERED = "delivered"  # not a bounce at all


_ADDRESS = re.compile(r"[<\"'(]{0,3}[^\s<>()\"',;:=]{1,80}@[\w.-]{1,200}[>\"')]{0,3}")
_URL = re.compile(r"https?:\S{1,300}|\bwww\.\S{1,200}")
_HOST = re.compile(r"\b(?:[a-z0-9_-]{1,63}\.){1,10}[a-z]{2,24}\b")
_IP = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}\b")
_BREAK = re.compile(r"[\s_]+")
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]\d)")
_SMTP = re.compile(r"(?<![\d.#@:/-])([245][0-5]\d)(?=[ -]|\Z)(?![ ]?(?:bytes|kb|mb|seconds))")
_MOST = 6000

_HARD = frozenset({"1.1", "1.2", "1.3", "1.4", "1.6", "1.9", "1.10", "2.1", "1.351", "4.310"})
_SOFT = frozenset({"2.2", "2.3", "2.4", "3.1", "3.2", "3.3", "3.4", "3.5", "1.90"})
_POLICY = frozenset({"1.7", "1.8", "1.20"})


def plain(words: str) -> str:
    """Give a server's words in small letters, with addresses and hosts as mere names of things."""
    words = words[:_MOST].lower().replace("\u2019", "'").replace("`", "'")
    words = _URL.sub(" URL ", words)
    words = _ADDRESS.sub(" ADDR ", words)
    words = _IP.sub(" IP ", words)
    words = _STATUS.sub(r" \1-\2-\3 ", words)
    return _BREAK.sub(" ", _HOST.sub(" DOM ", words)).strip()


def read_verdict(status: str, diagnostic: str, explanation: str = "") -> BounceKind:
    """Say what a failure means; `explanation` counts where status and diagnostic leave it open."""
    said = plain(diagnostic)
    temporary = is_temporary(status, diagnostic)
    kind = refusals.cause(said) or _by_status(status) or refusals.hint(said)
    if kind is None and explanation:
        told = plain(explanation)
        kind = refusals.cause(told) or refusals.hint(told)
    verdict = BounceKind(kind) if kind else _by_code(status, diagnostic)
    # "450 user unknown" is a server that could not ask: nobody is given up for that.
    return BounceKind.SOFT if temporary and verdict is BounceKind.HARD else verdict


def is_temporary(status: str, diagnostic: str) -> bool:
    """Tell whether the server meant "later": its own code says so, else the status field."""
    code = smtp_code(diagnostic)
    if code:
        return code.startswith("4")
    return (status_in(diagnostic) or status).startswith("4")


def status_in(words: str) -> str:
    """Find the enhanced status code (RFC 3463) in a text; the first one that says something."""
    found = [".".join(match.groups()) for match in _STATUS.finditer(words[:_MOST])]
    telling = [each for each in found if not each.startswith("2.") and not is_vague(each)]
    return next(iter(telling + [each for each in found if not each.startswith("2.")]), "")


def smtp_code(words: str) -> str:
    """Find the reply code (RFC 5321) in a text, or nothing."""
    codes = [match[1] for match in _SMTP.finditer(words[:_MOST])]
    return next((code for code in codes if code[0] in "45"), "")


def is_vague(status: str) -> bool:
    """Tell whether a status says only that it failed."""
    return not status or status.endswith(".0.0")


def status_for(kind: BounceKind, diagnostic: str) -> str:
    """Give the status that goes with a verdict where the server named none."""
    if kind is BounceKind.HARD:
        domain = refusals.names_domain(plain(diagnostic))
        return "5.1.2" if domain else "5.1.1"
    if kind is BounceKind.DELAYED:
        return "4.0.0"
    if kind is BounceKind.POLICY:
        return "5.7.1"
    if kind is BounceKind.DELIVERED:
        return "2.0.0"
    if refusals.names_full(plain(diagnostic)):
        return "5.2.2"
    return "4.0.0" if smtp_code(diagnostic).startswith("4") else "5.0.0"


def _by_status(status: str) -> str | None:
    klass, _, detail = status.partition(".")
    if klass not in ("4", "5") or not detail:
        return None
    if detail in _HARD:
        return refusals.HARD
    if detail in _SOFT:
        return refusals.SOFT
    if detail in _POLICY:
        return refusals.POLICY
    if detail.startswith("7."):
        return refusals.POLICY if klass == "5" else refusals.SOFT
    return None


def _by_code(status: str, diagnostic: str) -> BounceKind:
    """Decide where no word was understood: what the bare numbers are mostly used for."""
    detail = status.partition(".")[2]
    if detail in ("1.0", "4.4") or smtp_code(diagnostic) == "551":
        return BounceKind.HARD
    return BounceKind.SOFT
