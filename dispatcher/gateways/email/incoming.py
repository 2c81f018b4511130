"""Mails that a provider received for us, as events; those that come in parts are put together."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dispatcher.domain.messages import Event, EventKind
from dispatcher.gateways.callbacks import dedup_key

_NAME = re.compile(r"[!-9;-~]{1,100}")
_LINE = re.compile(r"[\r\n\0]+")
_MIME = ("content-", "mime-version")


def mail_event(gateway: str, raw: str | bytes, at: float) -> Event:
    """Give the event of a received mail; the same mail told twice is one."""
    content = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
    digest = hashlib.sha256(content).hexdigest()
    return Event(dedup_key(gateway, "mail", digest), gateway, EventKind.MAIL, at, mail=content)


def rebuilt(headers: Any, text: Any, html: Any) -> bytes:
    """Put a mail together from its headers and its text, else its HTML; attachments are left out.

    `headers`: each name with a value, or a list of them where a header stood more than once.
    """
    lines = [f"{name}: {_LINE.sub(' ', value)}" for name, value in _fields(headers)]
    is_text = isinstance(text, str) and bool(text.strip())
    body = text if is_text else html if isinstance(html, str) else ""
    kind = "plain" if is_text or not body else "html"
    lines += [
        "MIME-Version: 1.0",
        f"Content-Type: text/{kind}; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        "\r\n".join(body.splitlines()),
    ]
    return "\r\n".join(lines).encode("utf-8", "replace")


def _fields(headers: Any) -> Iterator[tuple[str, str]]:
    """Give each header that may stand in a mail, but those that tell how its body was written."""
    if not isinstance(headers, Mapping):
        return
    for name, said in headers.items():
        if _NAME.fullmatch(name) and not name.lower().startswith(_MIME):
            values = said if isinstance(said, list) else [said]
            yield from ((name, value) for value in values if isinstance(value, str))
