"""Mails that a provider received for us, as events; those that come in parts are put together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dispatcher.domain.messages import Event, EventKind
from dispatcher.gateways.callbacks import dedup_key

_NAME = re.compile(r"[!-9;-~]{1,100}")
_FOLD = re.compile(r"\r?\n[ \t]+")
_LINE = re.compile(r"[\r\n\0]+")
_MIME = ("content-", "mime-version")


def mail_event(gateway: str, raw: str | bytes, at: float) -> Event:
    """Give the event of a received mail; the same mail told twice is one."""
    content = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
    digest = hashlib.sha256(content).hexdigest()
    return Event(dedup_key(gateway, "mail", digest), gateway, EventKind.MAIL, at, mail=content)


def rebuilt(headers: Iterable[tuple[str, str]], text: Any, html: Any) -> bytes:
    """Put a mail together from its headers and its text, else its HTML; attachments are left out.

    Headers that told how its body was written are left out as well.
    """
    lines = [
        f"{name}: {_LINE.sub(' ', value)}"
        for name, value in headers
        if _NAME.fullmatch(name) and not name.lower().startswith(_MIME)
    ]
    is_text = isinstance(text, str) and bool(text.strip())
    body = text if is_text else html if isinstance(html, str) else ""
    kind = "plain" if is_text or not body else "html"
    lines += [
        "MIME-Version: 1.0",
        f"Content-Type: text/{kind}; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *body.splitlines(),
        "",
    ]
    return "\r\n".join(lines).encode("utf-8", "replace")


def header_pairs(told: Any) -> Iterator[tuple[str, str]]:
    """Give headers told as an object: a name with a value, or with a list of them."""
    for name, said in told.items() if isinstance(told, Mapping) else ():
        values = said if isinstance(said, list) else [said]
        yield from ((name, value) for value in values if isinstance(value, str))


def header_lines(block: str) -> Iterator[tuple[str, str]]:
    """Give headers told as they stood in the mail."""
    for line in _FOLD.sub(" ", block).splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, value.strip()
