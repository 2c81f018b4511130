"""Service mail: a plain letter that answers somebody's own act, as text and as simple HTML."""

from __future__ import annotations

from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import NamedTuple

_PAGE = (
    '<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8">'
    "<title>{subject}</title>"
    '<body style="font:16px/1.5 sans-serif;max-width:34em;margin:2em auto;padding:0 1em">'
    "{paragraphs}</body></html>"
)
_BUTTON = (
    '<p><a href="{link}" style="display:inline-block;padding:.7em 1.4em;border-radius:.4em;'
    'background:#1d4ed8;color:#fff;text-decoration:none;font-weight:bold">{label}</a></p>'
)


class Letter(NamedTuple):
    """What is said: paragraphs, with a button between the first and the others."""

    subject: str
    lead: str
    button: str
    link: str
    rest: tuple[str, ...]
    language: str
    direction: str


class Envelope(NamedTuple):
    """From whom, to whom, and by which id."""

    name: str
    sender: str
    to: str
    message_id: str


def write(letter: Letter, envelope: Envelope, now: datetime) -> bytes:
    """Write the whole mail (RFC 5322, CRLF); ValueError when a value could break out of a header.

    It says that a machine wrote it (RFC 3834), so that no other machine answers.
    """
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = Address(envelope.name, addr_spec=envelope.sender)
    mail["To"] = envelope.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = envelope.message_id
    mail["Auto-Submitted"] = "auto-generated"
    words = (letter.lead, f"{letter.button}:\n{letter.link}", *letter.rest)
    mail.set_content("\n\n".join(words) + "\n")
    mail.add_alternative(_html(letter), subtype="html")
    return mail.as_bytes()


def _html(letter: Letter) -> str:
    said = [f"<p>{escape(letter.lead)}</p>"]
    said += [_BUTTON.format(link=escape(letter.link), label=escape(letter.button))]
    said += [f"<p>{escape(words)}</p>" for words in letter.rest]
    return _PAGE.format(
        language=letter.language,
        direction=letter.direction,
        subject=escape(letter.subject),
        paragraphs="".join(said),
    )
