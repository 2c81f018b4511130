"""Whom a bounce is about, asked of flufl.bounce, which knows some rare servers by their wording."""

from __future__ import annotations

import logging
from email.message import Message

from flufl.bounce import all_failures

from dispatcher.inbound.mime import Part
from dispatcher.inbound.returned_mail import addresses

_ASKED = ("from", "subject", "x-mailer")
# It logs every mail that it trips over with a traceback; such mail is an everyday matter here.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL + 1)


def on(mail: Part, words: str) -> list[str]:
    """Give the addresses it finds, none when it fails; asked only where we found none ourselves.

    It gets a flat mail of bounded size: what the server says, never the parts inside.
    """
    flat = Message()
    for name in _ASKED:
        flat[name] = " ".join(mail.header(name).split())
    flat.set_payload(words)
    try:
        temporary, permanent = all_failures(flat)
    except Exception:  # noqa: BLE001 - its detectors raise whatever an odd mail makes them raise
        return []
    found = b" ".join(sorted({*temporary, *permanent})).decode("utf-8", "replace")
    return addresses(found)
