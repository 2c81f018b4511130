"""Takes a letter of ours apart, for providers that want subject, text and HTML instead of a mail.

A mail rendered here has one shape (dispatcher/rendering/email.py), which is read without a parser
of mail: any other, such as a service letter, goes through the standard library.
"""

from __future__ import annotations

import binascii
import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any, NamedTuple

_FOLD = re.compile(r"\r\n[ \t]+")
_BOUNDARY = re.compile(rb'Content-Type: multipart/alternative;\r\n boundary="([^"\r\n]+)"\r\n')
_OUR_PART = re.compile(
    rb"Content-Type: text/(plain; charset=utf-8|html; charset=us-ascii)\r\n"
    rb"Content-Transfer-Encoding: (7bit|8bit|quoted-printable)\r\n\r\n"
)
_OWN = frozenset({"from", "to", "subject", "reply-to", "date", "mime-version"})


class Parts(NamedTuple):
    """A letter in parts. `headers` are all but those of address, subject, date and MIME."""

    sender: str
    sender_name: str
    reply_to: str
    subject: str
    text: str
    html: str
    headers: dict[str, str]

    def words(self) -> dict[str, Any]:
        """Give what request templates may ask for."""
        return {
            "from": self.sender,
            "from_name": self.sender_name,
            "reply_to": self.reply_to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "headers": self.headers,
        }


def parts_of(content: bytes) -> Parts:
    """Take a whole RFC 5322 message with CRLF line ends apart."""
    head, _, body = content.partition(b"\r\n\r\n")
    headers = _headers(head)
    text, html = _alternatives(head, body) or _by_library(content)
    sender_name, sender = parseaddr(headers.get("From", ""))
    return Parts(
        sender,
        _decoded(sender_name),
        headers.get("Reply-To", ""),
        _decoded(headers.get("Subject", "")),
        text,
        html,
        {
            name: value
            for name, value in headers.items()
            if name.lower() not in _OWN and not name.lower().startswith("content-")
        },
    )


def mailbox(name: str, address: str) -> str:
    """Write a name and an address as one, in plain Unicode, for providers that encode it."""
    if not name:
        return address
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def split_mailbox(written: str) -> tuple[str, str]:
    """Give the decoded name and the address of a header such as Reply-To."""
    name, address = parseaddr(written)
    return _decoded(name), address


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in _FOLD.sub(" ", head.decode("utf-8", "replace")).split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers[name] = value.strip()
    return headers


def _decoded(value: str) -> str:
    return str(make_header(decode_header(value))) if "=?" in value else value


def _alternatives(head: bytes, body: bytes) -> tuple[str, str] | None:
    """Read the two parts where they have our own shape."""
    found = _BOUNDARY.search(head + b"\r\n")
    if found is None:
        return None
    pieces = body.split(b"--" + found[1])
    if len(pieces) != 4 or pieces[3].strip() != b"--":
        return None
    parts = [_part(piece) for piece in pieces[1:3]]
    if parts[0] is None or parts[1] is None:
        return None
    return parts[0], parts[1]


def _part(piece: bytes) -> str | None:
    found = _OUR_PART.match(piece, 2)
    if found is None or not piece.startswith(b"\r\n") or not piece.endswith(b"\r\n"):
        return None
    inside = piece[found.end() : -2]
    if found[2] == b"quoted-printable":
        inside = binascii.a2b_qp(inside)
    return inside.decode("utf-8").replace("\r\n", "\n")


def _by_library(content: bytes) -> tuple[str, str]:
    mail = message_from_bytes(content, policy=policy.default)
    found = [mail.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (part.get_content() if part is not None else "" for part in found)
    return text.replace("\r\n", "\n"), html.replace("\r\n", "\n")
