"""What a mail that comes back carries of ours: its ids, and the signed names in it.

Nothing is verified here: names are texts that look like our tokens, for whoever has the keys.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dispatcher.inbound.mime import Part, fields

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]{1,100}@"
    r"(?:[A-Za-z0-9\u0080-\U0010ffff_-]{1,63}\.){0,8}[A-Za-z0-9\u0080-\U0010ffff-]{1,63}"
)
_QUOTED_ADDRESS = re.compile(r'<("(?:[^"\\]|\\.){1,80}"@[A-Za-z0-9.-]{1,200})>')
_X400 = re.compile(r"^(?:smtp|rfc-?822)=", re.IGNORECASE)  # `dda:SMTP=anna@example.com`
_HOP_FOR = re.compile(r"\bfor <?([^\s<>;]{1,100}@[^\s<>;]{1,200})>?")
_BOUNCE_BOX = re.compile(r"\bb\+([0-9a-fA-F]{26,70})(?=[@=])")
_UNSUBSCRIBE_BOX = re.compile(r"\bu\+([0-9a-fA-F]{26,70})(?=[@=])")
_UNSUBSCRIBE_LINK = re.compile(r"/u/([A-Za-z0-9_-]{18,64})(?![A-Za-z0-9_-])")
_DELIVERY = re.compile(r"x-dispatcher-delivery:\s*([A-Za-z0-9_-]{18,64})", re.IGNORECASE)
_MESSAGE_IDS = re.compile(
    r"(?:message-id|in-reply-to|references|"
    r"x-original-message-id):\s*((?:<[^<>\s]{1,250}>\s*){1,30})",
    re.IGNORECASE,
)
_BOXES = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
_HEADS = frozenset({"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})
_WHOLE = frozenset({"message/rfc822", "message/global", "message/news"})
_HEAD_LINE = re.compile(
    r"^[> \t|]*(?:return-path|received|delivered-to|from|to|subject|date|message-id|"
    r"mime-version|x-[\w-]+|dkim-signature|reply-to|list-[\w-]+|content-type):[ \t]?\S?",
    re.IGNORECASE,
)
_QUOTE_MARK = re.compile(r"^[>|][> |\t]*", re.MULTILINE)
_MOST = 60_000


@dataclass(frozen=True, slots=True)
class OurNames:
    """Texts that look like our own tokens, by where they stood; each may be forged."""

    delivery: tuple[str, ...] = ()
    bounce: tuple[str, ...] = ()
    unsubscribe_link: tuple[str, ...] = ()
    unsubscribe_box: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.delivery or self.bounce or self.unsubscribe_link or self.unsubscribe_box)


def our_names(mail: Part) -> OurNames:
    """Collect everything in a mail, inside and out, that looks like a token of ours."""
    texts = [_all_text(part) for part in mail.walk()]
    whole = "\n".join(texts)[: _MOST * 4]
    listed = " ".join(_MESSAGE_IDS.findall(whole)).split("<")
    ids = [found.partition("@")[0] for found in listed]
    ids = [each for each in ids if 18 <= len(each) <= 64]
    return OurNames(
        delivery=_unique([*_DELIVERY.findall(whole), *ids]),
        bounce=_unique(_BOUNCE_BOX.findall(whole)),
        unsubscribe_link=_unique(_UNSUBSCRIBE_LINK.findall(whole)),
        unsubscribe_box=_unique(_UNSUBSCRIBE_BOX.findall(whole)),
    )


def returned_head(mail: Part) -> Part | None:
    """Give the headers of the mail that came back, however they were put in."""
    for part in mail.walk()[1:]:
        if part.kind in _WHOLE and part.parts:
            return part.parts[0]
        if part.kind in _HEADS:
            return Part(*fields(part.content.lstrip()))
    for part in mail.walk():
        if part.kind == "text/plain" and not part.parts:
            found = head_in_text(part.text)
            if found is not None:
                return found
    return None


def head_in_text(text: str) -> Part | None:
    """Find the headers of a returned mail that were pasted into a text."""
    at = copy_at(text)
    if at < 0:
        return None
    lines = _QUOTE_MARK.sub("", text[at : at + 20_000]).lstrip().splitlines()
    first = next((no for no, line in enumerate(lines) if _HEAD_LINE.match(line)), None)
    if first is None:
        return None
    block = "\n".join(line.lstrip() if no == first else line for no, line in enumerate(lines))
    start = len("\n".join(lines[:first])) + (1 if first else 0)
    return Part(*fields(block[start:].lstrip().encode()))


def copy_at(text: str) -> int:
    """Say where in a text the copy of the returned mail's headers begins, or -1."""
    at, run, start = 0, 0, -1
    for line in text[:_MOST].splitlines(keepends=True):
        if _HEAD_LINE.match(line):
            start = at if run == 0 else start
            run += 1
            if run >= 3:
                return start
        elif not (run and line[:1] in " \t>" and line.strip()):
            run = 0
        at += len(line)
    return -1


def addresses(text: str) -> list[str]:
    """Give the addresses in a text, in order, each once."""
    found = _QUOTED_ADDRESS.findall(text[:_MOST])
    plain = (each.strip(".'`=") for each in _ADDRESS.findall(text[:_MOST]))
    found += [_X400.sub("", each) for each in plain]
    return list(dict.fromkeys(each for each in found if not each.startswith("@")))


def address(text: str) -> str:
    """Give the one address of a header: inside angle brackets if there are any."""
    inside = re.search(r"<([^<>]*@[^<>]*)>", text)
    return next(iter(addresses(inside[0] if inside else text)), "")


def sent_to(head: Part | None) -> list[str]:
    """Give whom a returned mail was for: what it says, then what the servers on its way say."""
    if head is None:
        return []
    hops = (found for value in head.all_of("received") for found in _HOP_FOR.findall(value))
    boxes = (value for name in _BOXES for value in head.all_of(name))
    stated = addresses(" ".join(head.all_of("to")))
    return list(dict.fromkeys([*stated, *addresses(" ".join([*boxes, *hops]))]))


def message_id(head: Part | None) -> str:
    """Give the Message-ID of a mail with its brackets, or nothing."""
    value = head.header("message-id").strip() if head else ""
    return value[:998]


def _all_text(part: Part) -> str:
    lines = "\n".join(f"{name}: {value}" for name, value in part.headers)[:_MOST]
    if part.parts:
        return lines
    body = part.text[:_MOST]
    return f"{lines}\n\n{body}"


def _unique(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:20]


def unsubscribe_boxes(text: str) -> tuple[str, ...]:
    """Give what stands behind `u+` in addresses."""
    return _unique(_UNSUBSCRIBE_BOX.findall(text))


def bounce_boxes(text: str) -> tuple[str, ...]:
    """Give what stands behind `b+` in addresses."""
    return _unique(_BOUNCE_BOX.findall(text))
