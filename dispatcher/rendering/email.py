"""Mails: headers (RFC 5322, 8058, 3834) and two parts, put together from ready-made pieces.

Static headers are written once a batch. The HTML part is pure ASCII (references instead of
characters) and goes as 7bit, the text part as 7bit or 8bit UTF-8; only a line beyond 998 octets
(RFC 5322, 2.1.1) sends a part through quoted-printable.
"""

from __future__ import annotations

import binascii
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel, Message
from dispatcher.rendering import headers
from dispatcher.rendering.compiled import CompiledTemplate, Letterhead, Text, Words
from dispatcher.rendering.engine import RenderError
from dispatcher.rendering.people import Addressee, Unrenderable, UnrenderableError, values_for
from dispatcher.rendering.source import HTML, SUBJECT, TEXT

MAX_LINE = 998
MAX_SUBJECT = 250
MAX_MAIL = 400_000


class EmailRenderer:
    """Renders the mails of one batch. `now` is the time of hand-over, aware."""

    def __init__(self, template: CompiledTemplate, now: datetime) -> None:
        self._template = template
        self._links = template.letterhead.links
        self._brand = template.letterhead.brand
        self._domain = self._brand.email.rpartition("@")[2]
        self._static = static_headers(template.letterhead, now)

    def render(self, person: Addressee) -> Message | Unrenderable:
        """Give one person's mail, or why there is none."""
        try:
            return self._render(person)
        except UnrenderableError as why:
            return Unrenderable(person.key, why.reason, why.detail)
        except RenderError as wrong:
            return Unrenderable(person.key, Reason.RENDER_FAILED, str(wrong))

    def _render(self, person: Addressee) -> Message:
        if not headers.is_address(person.address):
            raise UnrenderableError(Reason.BAD_ADDRESS, "the address cannot stand in a header")
        template, key, links = self._template, person.key, self._links
        words = template.words(person.language)
        link, box = links.unsubscribe(key, Channel.EMAIL)
        values = values_for(template, words, person, Channel.EMAIL, SUBJECT)
        values["unsubscribe_url"] = link
        subject = _subject(self._text(words, SUBJECT, values))
        text = self._text(words, TEXT, values).replace("\n", "\r\n").encode()
        if "why" in values:
            values["why"] = template.why(person.language, person.ground).html
        html = self._text(words, HTML, values).encode("ascii", "xmlcharrefreplace")
        name = links.delivery_id(key)
        own = (
            f"To: {person.address}\r\n{subject}\r\nMessage-ID: <{name}@{self._domain}>\r\n"
            f"X-Dispatcher-Delivery: {name}\r\n"
            f"List-Unsubscribe: <{link}>,\r\n <mailto:{box}?subject=unsubscribe>\r\n"
        )
        content = _joined(self._static + own.encode(), f"=_{name}", text, html)
        if len(content) > MAX_MAIL:
            raise UnrenderableError(Reason.RENDER_FAILED, f"larger than {MAX_MAIL} bytes")
        return Message(
            key=key,
            channel=Channel.EMAIL,
            address=person.address,
            sender=self._brand.email,
            content=content,
            ordinal=person.ordinal,
            send_before=person.send_before,
            eight_bit=not content.isascii(),
            envelope_from=links.return_path(key),
            message_id=f"<{name}@{self._domain}>",
            digest=sha256(text).digest(),
        )

    def _text(self, words: Words, file: str, values: dict[str, str]) -> str:
        text: Text | None = words.texts.get(file)
        if text is None:
            raise RenderError(f"{words.language}/{file} does not exist")
        if text.constant is not None:
            return text.constant
        return self._template.engine.render(text.name, values)


def static_headers(letterhead: Letterhead, now: datetime) -> bytes:
    """Write the headers that all mails of a batch share, CRLF at the end of each."""
    brand = letterhead.brand
    domain = brand.email.rpartition("@")[2]
    list_id = f"{headers.token(letterhead.topic)}.{headers.token(brand.id)}.{domain}".lower()
    feedback = ":".join(
        headers.token(part)
        for part in (
            letterhead.campaign, brand.id, letterhead.message_class, domain.partition(".")[0],
        )
    )  # fmt: skip
    lines = (
        f"From: {headers.mailbox(brand.name, brand.email)}",
        f"Date: {format_datetime(now)}",
        "MIME-Version: 1.0",
        f"List-Id: <{list_id}>",
        f"Feedback-ID: {feedback}",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    )
    return "".join(f"{line}\r\n" for line in lines).encode()


def _subject(text: str) -> str:
    text = text.strip()
    if not text:
        raise UnrenderableError(Reason.RENDER_FAILED, "the subject is empty")
    if len(text) > MAX_SUBJECT:
        raise UnrenderableError(Reason.RENDER_FAILED, "the subject is too long")
    try:
        return headers.unstructured("Subject", text)
    except ValueError as wrong:
        raise UnrenderableError(Reason.RENDER_FAILED, str(wrong)) from wrong


def _joined(head: bytes, boundary: str, text: bytes, html: bytes) -> bytes:
    """Put head and parts together; the outer encoding names the widest of the parts'."""
    text, text_as = _encoded(text)
    html, html_as = _encoded(html)
    whole_as = "8bit" if text_as == "8bit" else "7bit"
    return b"".join(
        (
            head,
            b'Content-Type: multipart/alternative;\r\n boundary="%s"\r\n'
            b"Content-Transfer-Encoding: %s\r\n\r\n--%s\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n"
            % (boundary.encode(), whole_as.encode(), boundary.encode(), text_as.encode()),
            text,
            b"\r\n--%s\r\nContent-Type: text/html; charset=us-ascii\r\n"
            b"Content-Transfer-Encoding: %s\r\n\r\n" % (boundary.encode(), html_as.encode()),
            html,
            b"\r\n--%s--\r\n" % boundary.encode(),
        )
    )


def _encoded(part: bytes) -> tuple[bytes, str]:
    if has_long_line(part):
        return binascii.b2a_qp(part, istext=True), "quoted-printable"
    return part, "7bit" if part.isascii() else "8bit"


def has_long_line(part: bytes) -> bool:
    """Tell whether a line has more than 998 octets, looking once in every 998."""
    at, size = 0, len(part)
    while size - at > MAX_LINE:
        end = part.rfind(b"\r\n", at, at + MAX_LINE + 2)
        if end < 0:
            return True
        at = end + 2
    return False
