"""A message made ready for one mail server: its commands, and its content for the wire."""

from __future__ import annotations

import binascii
import io
import re
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import Message as Mail
from email.policy import SMTP
from typing import NamedTuple

import idna

from dispatcher.domain.messages import Message, Outcome, Receipt
from dispatcher.gateways.email.dkim import Signer
from dispatcher.gateways.email.smtp_line import Features

END = b".\r\n"
KEYLESS_RETRY = 900.0  # seconds; somebody has to set up a key
LARGE = 48 * 1024  # bytes that a socket's buffer may not take in one go

_ADDRESS = re.compile(r"[^\s<>]{1,64}@[^\s<>@]{1,253}")
_RETURN_PATH = re.compile(r"(?:[\x21-\x3b\x3d\x3f-\x7e]{1,192}@[A-Za-z0-9.\[\]:-]{1,253})?")
# From dot to dot, of which a mail has few: searching for line ends takes longer, `in` longest.
_DOT_AT_START = re.compile(rb"\.(?<=[\r\n]\.)")
_WIRE_POLICY = SMTP.clone(refold_source="none")  # headers stay as they are


class Letter(NamedTuple):
    """A message on its way to a server, and how often a line was lost under it."""

    message: Message
    tries: int = 0


class Parcel(NamedTuple):
    """A letter packed for one line: its commands, and its content dot-stuffed, without the dot."""

    letter: Letter
    mail: bytes
    rcpt: bytes
    body: bytes

    @property
    def envelope(self) -> bytes:
        """The three commands that may travel together (RFC 2920)."""
        return b"%b%bDATA\r\n" % (self.mail, self.rcpt)


class Unfit(ValueError):
    """This message cannot go through this server; its text says why."""


class Keyless(Exception):
    """This gateway signs, but has no key for the sender's domain."""


def pack(letter: Letter, features: Features, signer: Signer | None = None) -> Parcel | Receipt:
    """Pack a letter for a server with these features, or refuse it here, before any byte left.

    A letter that could only go unsigned is put off: that is our trouble, not the person's.
    """
    message = letter.message
    try:
        recipient, utf8 = _recipient(message, features)
        sender = _return_path(message.envelope_from)
        options, content = _content(message, features, signer)
        body = stuffed(content)
    except Unfit as problem:
        return Receipt(message.key, Outcome.REFUSED, code="local", detail=str(problem))
    except Keyless as problem:
        return Receipt(message.key, Outcome.DEFERRED, "", "local", str(problem), KEYLESS_RETRY)
    mail = b"MAIL FROM:<%b>%b%b\r\n" % (sender, options, b" SMTPUTF8" if utf8 else b"")
    return Parcel(letter, mail, b"RCPT TO:<%b>\r\n" % recipient, body)


def stuffed(content: bytes) -> bytes:
    """Double the dots that begin lines (RFC 5321 4.5.2) and let the last line end in CRLF.

    A bare CR or LF before a dot is refused: servers that take it for a line end would see the
    message end there, and take what follows for commands.
    """
    if _DOT_AT_START.search(content):
        if b"\r." in content or content.count(b"\n.") != content.count(b"\r\n."):
            raise Unfit("the content has a dot right after a CR or LF that is no whole line end")
        content = content.replace(b"\r\n.", b"\r\n..")
    if content.startswith(b"."):
        content = b"." + content
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    return content


def seven_bit(content: bytes) -> bytes:
    """Encode the parts that hold 8-bit bytes as quoted-printable (RFC 6152 3); the slow path."""
    mail = message_from_bytes(content, policy=_WIRE_POLICY)
    for part in mail.walk():
        _make_seven_bit(part)
    out = io.BytesIO()
    BytesGenerator(out, mangle_from_=False, policy=_WIRE_POLICY).flatten(mail)
    if not out.getvalue().isascii():
        raise Unfit("the server takes no 8-bit mail, and this one has 8-bit bytes in its headers")
    return out.getvalue()


def _make_seven_bit(part: Mail) -> None:
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if part.is_multipart():
        if encoding in ("8bit", "binary"):
            part.replace_header("Content-Transfer-Encoding", "7bit")
        return
    raw = part.get_payload(decode=True)
    if encoding in ("quoted-printable", "base64") or not isinstance(raw, bytes) or raw.isascii():
        return
    text = part.get_content_maintype() == "text"
    part.set_payload(binascii.b2a_qp(raw, istext=text).decode("ascii"))
    del part["Content-Transfer-Encoding"]
    part["Content-Transfer-Encoding"] = "quoted-printable"


def _content(message: Message, features: Features, signer: Signer | None) -> tuple[bytes, bytes]:
    """Give the options of MAIL about the content, and the content as this server gets it."""
    content, options = message.content, b""
    if message.eight_bit or not content.isascii():
        if features.eight_bit:
            options = b" BODY=8BITMIME"
        else:
            content = seven_bit(content)
    if signer is not None:
        content = _signed(content, message.sender, signer)
    if features.size and len(content) > features.size:
        raise Unfit(f"{len(content)} bytes are more than the {features.size} the server takes")
    if features.size:
        options = b" SIZE=%d%b" % (len(content), options)
    return options, content


def _signed(content: bytes, sender: str, signer: Signer) -> bytes:
    """Sign the very bytes that this server gets."""
    domain = _host(sender.rpartition("@")[2])
    keys = signer.keys_for(domain)
    if not keys:
        raise Keyless(f"there is no DKIM key for the sender's domain {domain}; set dkim for it")
    return signer.signed(content, keys)


def _recipient(message: Message, features: Features) -> tuple[bytes, bool]:
    """Give the address for RCPT, and whether the mail needs SMTPUTF8 (RFC 6531).

    It does for letters beyond ASCII before an @, and in a header (RFC 6532). A domain alone goes
    as A-labels, which every server knows.
    """
    address = message.address
    if not address.isprintable() or not _ADDRESS.fullmatch(address):
        raise Unfit("the address has characters, or a length, that no mail address has")
    if not address.isascii():
        local, _, domain = address.rpartition("@")
        address = f"{local}@{_host(domain)}"
    utf8 = not address.isascii() or _has_wide_headers(message.content)
    if utf8 and not features.utf8:
        where = "a header has" if address.isascii() else "the address has"
        raise Unfit(f"{where} letters beyond ASCII and the server does not offer SMTPUTF8")
    return address.encode(), utf8


def _host(domain: str) -> str:
    """Give a domain as lower-case A-labels (RFC 5891)."""
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise Unfit("the address has a domain that is no host name") from None


def _has_wide_headers(content: bytes) -> bool:
    if content.isascii():
        return False
    head, body_follows, _ = content.partition(b"\r\n\r\n")
    return bool(body_follows) and not head.isascii()


def _return_path(address: str) -> bytes:
    if not _RETURN_PATH.fullmatch(address):
        raise Unfit("the return path has characters that no mail address has")
    return address.encode("ascii")
