"""Puts an incoming mail together again where a provider gives its headers and its text apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = re.compile(r"[!-9;-~]+")
_FOLD = re.compile(r"\r?\n[ \t]+")
# The parts are gone, and with them what told about them.
_GONE = frozenset({"content-type", "content-transfer-encoding", "mime-version"})


def mail_from(headers: Iterable[tuple[str, str]], text: str, html: str) -> bytes:
    """Give a mail of one part, which is the text where there is one."""
    kept = [
        f"{name}: {' '.join(value.split())}"
        for name, value in headers
        if _NAME.fullmatch(name) and name.lower() not in _GONE
    ]
    lines = (
        *kept,
        "MIME-Version: 1.0",
        f"Content-Type: text/{'plain' if text or not html else 'html'}; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *(text or html).splitlines(),
        "",
    )
    return "\r\n".join(lines).encode("utf-8", "replace")


def header_lines(block: str) -> list[tuple[str, str]]:
    """Take a block of headers apart."""
    lines = [line.partition(":") for line in _FOLD.sub(" ", block).splitlines()]
    return [(name, value.strip()) for name, colon, value in lines if colon]
