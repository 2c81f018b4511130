"""Delivery reports as RFC 3464 writes them, and RFC 6533 for addresses beyond ASCII."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from dispatcher.inbound.mime import Part, all_fields, as_text, decoded
from dispatcher.inbound.returned_mail import addresses

KINDS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MOST_RECIPIENTS = 200
_HEXED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_COMMENT = re.compile(r"\s*\([^()]*\)\s*\Z")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_MARKS = re.compile(
    r"^[ \t>]*(?:final-recipient|original-recipient)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
_STARTS = frozenset({"final-recipient", "original-recipient"})


class Action(StrEnum):
    """What became of a mail for one recipient (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


_ACTIONS = {
    **dict.fromkeys(("fail", "err", "undeliv", "reject", "bounce", "perm"), Action.FAILED),
    **dict.fromkeys(("delay", "defer", "warn", "retry", "queue", "transient"), Action.DELAYED),
    **dict.fromkeys(("deliver", "success"), Action.DELIVERED),
    **dict.fromkeys(("relay", "forward"), Action.RELAYED),
    "expand": Action.EXPANDED,
    "expire": Action.FAILED,
}


class Told(NamedTuple):
    """One recipient's fields, as they were told; empty where they were not."""

    final: str
    original: str
    action: Action | None
    status: str
    diagnostic: str


def report_in(mail: Part) -> list[Told]:
    """Give what a mail reports of each recipient; nothing when it holds no such report."""
    for part in mail.walk():
        if part.kind in KINDS:
            found = read(part.content)
            if found:
                return found
    for part in mail.walk():
        if not part.parts and part.kind.startswith("text/") and len(part.body) < 200_000:
            mark = _MARKS.search(part.text)
            if mark:
                found = [told for told in read(part.text.encode()) if told.action or told.status]
                if found:
                    return found
    return []


def has_report(mail: Part) -> bool:
    """Tell whether a part claims to be a delivery report."""
    return any(part.kind in KINDS for part in mail.walk())


def read(content: bytes) -> list[Told]:
    """Read the groups of fields of a report; lines that are none are passed over."""
    return [_told(group) for group in islice(_groups(content), _MOST_RECIPIENTS)]


def _groups(content: bytes) -> Iterator[dict[str, str]]:
    """Give the fields of each recipient; a repeated name starts the next one, blank line or not."""
    group: dict[str, str] = {}
    everybody: dict[str, str] = {}
    for block in all_fields(content):
        for name, value in block:
            if name in _STARTS and name in group:
                yield {**everybody, **group}
                group = {}
            if name in group and name == "diagnostic-code":
                group[name] += " " + decoded(value)
            group.setdefault(name, decoded(value))
        # Some part the recipient from what became of the mail by a blank line.
        if not _STARTS & group.keys():
            if "action" in group:
                everybody["action"] = group["action"]
            group = {}
        elif "action" in group or "status" in group:
            yield {**everybody, **group}
            group = {}
    if group:
        yield {**everybody, **group}


def _told(group: dict[str, str]) -> Told:
    final = _address(group.get("final-recipient", ""))
    for name in ("x-actual-recipient", "x-display-name", "remote-recipient"):
        if "@" not in final and "@" in group.get(name, ""):
            final = _address(group[name])
    status = _STATUS.search(group.get("status", ""))
    return Told(
        final=final,
        original=_address(group.get("original-recipient", "")),
        action=_action(group.get("action", "")),
        status=".".join(status.groups()) if status else "",
        diagnostic=_diagnostic(group),
    )


def _address(value: str) -> str:
    """Read `rfc822; anna@example.com` and what is written in its place."""
    kind, semicolon, rest = value.partition(";")
    text = rest if semicolon else value
    if kind.strip().lower() in ("utf-8", "utf8") or "\\x{" in text:
        text = _HEXED.sub(_letter, text)
    text = _unxtext(text) if "+3D" in text or "+40" in text else text
    found = addresses(text)
    if found:
        return found[0]
    return _COMMENT.sub("", text).strip().strip("<>").strip()


def _letter(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def _unxtext(text: str) -> str:
    """Undo the `+40` of RFC 3461, 4, which some servers leave in the report."""
    return re.sub(r"\+([0-9A-F]{2})", lambda found: chr(int(found[1], 16)), text)


def _action(value: str) -> Action | None:
    word = value.strip().lower()
    return next((action for start, action in _ACTIONS.items() if word.startswith(start)), None)


def _diagnostic(group: dict[str, str]) -> str:
    value = group.get("diagnostic-code", "") or group.get("x-supplementary-info", "")
    kind, semicolon, rest = value.partition(";")
    if semicolon and re.fullmatch(r"\s*[\w.-]{1,30}\s*(?:\([^)]*\))?\s*", kind):
        value = rest
    value = " ".join(value.split())
    if not value:
        status = _COMMENT.search(group.get("status", ""))
        value = status[0].strip() if status else ""
    return as_text(value.encode("utf-8", "replace"))[:2000]
