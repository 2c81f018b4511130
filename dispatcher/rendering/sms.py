"""Texts to phones: rendered, spelled so that they stay cheap, counted in parts.

Each says why it came as far as that costs no further part; whoever answers WHY is told in full.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256

from dispatcher.domain.decisions import Reason
from dispatcher.domain.gsm7 import Segments, count, fits, smarten
from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel, Message
from dispatcher.rendering.compiled import CompiledTemplate
from dispatcher.rendering.engine import RenderError
from dispatcher.rendering.people import Addressee, Unrenderable, UnrenderableError, values_for
from dispatcher.rendering.source import SMS

MAX_PARTS = 4


def segments(text: str, tables: Collection[National] = ()) -> Segments:
    """Give encoding, units and parts of a text; `tables` are those that its gateway can send."""
    return count(text, tables)


class SmsRenderer:
    """Renders the texts of one batch, for a gateway that can send these national `tables`."""

    def __init__(self, template: CompiledTemplate, tables: Collection[National] = ()) -> None:
        self._template = template
        self._tables = tables
        self._links = template.letterhead.links
        self._sender = template.letterhead.brand.sms_sender

    def render(self, person: Addressee) -> Message | Unrenderable:
        """Give one person's text, or why there is none."""
        try:
            return self._render(person)
        except UnrenderableError as why:
            return Unrenderable(person.key, why.reason, why.detail)
        except RenderError as wrong:
            return Unrenderable(person.key, Reason.RENDER_FAILED, str(wrong))

    def _render(self, person: Addressee) -> Message:
        text = self.said(person)
        if self._template.source.smart_encoding:
            text = smarten(text, self._tables)
        size = segments(text, self._tables)
        parts = size.parts
        if not parts:
            raise UnrenderableError(Reason.RENDER_FAILED, "the text is empty")
        if parts > MAX_PARTS:
            raise UnrenderableError(
                Reason.TOO_MANY_SEGMENTS, f"{parts} parts, at most {MAX_PARTS} are sent"
            )
        content = (text + self._ending(person, text, size)).encode()
        return Message(
            key=person.key,
            channel=Channel.SMS,
            address=person.address,
            sender=self._sender,
            content=content,
            ordinal=person.ordinal,
            send_before=person.send_before,
            parts=parts,
            message_id=self._links.delivery_id(person.key),
            digest=sha256(content).digest(),
        )

    def _ending(self, person: Addressee, text: str, size: Segments) -> str:
        """Give the fullest reason that costs nothing at the end of this text, or "" for none."""
        template = self._template
        if "why" in template.words(person.language).texts[SMS].names:
            return ""  # its author has put it where it belongs
        for ending in template.why(person.language, person.ground).endings:
            if fits(text, size, *ending, self._tables):
                return ending.text
        return ""

    def said(self, person: Addressee) -> str:
        """Give one person's text as it is written; raises what `render` makes a value of."""
        template = self._template
        words = template.words(person.language)
        text = words.texts.get(SMS)
        if text is None:
            raise RenderError(f"{words.language}/{SMS} does not exist")
        values = values_for(template, words, person, Channel.SMS)
        if text.constant is not None:
            return text.constant.strip()
        if "unsubscribe_url" in text.names:
            values["unsubscribe_url"] = self._links.unsubscribe(person.key, Channel.SMS)[0]
        return template.engine.render(text.name, values).strip()
