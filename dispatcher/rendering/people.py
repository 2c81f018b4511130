"""What rendering is given of one person, and what it answers when it cannot render for them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.domain.why import Ground, Why
from dispatcher.rendering.compiled import CompiledTemplate, Words
from dispatcher.rendering.headers import CONTROL
from dispatcher.rendering.why import in_words

MAX_FIELD = 1000


class Addressee(NamedTuple):
    """One person of a batch. `ground` is what the decision to write to them stood on.

    `until`: the day on which it ends, if they are asked to stay; None where silence keeps it.
    """

    key: DeliveryKey
    address: str
    language: str
    fields: Mapping[str, str]
    ground: Ground = Ground(Why.TOPIC)
    ordinal: int = 0
    send_before: float = float("inf")
    until: date | None = None


class Unrenderable(NamedTuple):
    """Why there is no message for one person; a SKIP with this reason. Names fields, not values."""

    key: DeliveryKey
    reason: Reason
    detail: str


class UnrenderableError(Exception):
    """Carries the reason out of the middle of a rendering; never leaves this package."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def values_for(
    template: CompiledTemplate, words: Words, person: Addressee, channel: Channel, header: str = ""
) -> dict[str, str]:
    """Give the values of one person's texts: their fields, cleaned, then what we add ourselves.

    A field the person lacks is empty. Control characters become spaces, except in a text that
    goes to a header: there they are refused. `header` is the name of that text.
    """
    fields = person.fields
    for name in template.source.required:
        if not fields.get(name):
            raise UnrenderableError(Reason.MISSING_FIELD, name)
    values = {name: fields.get(name, "") for name in words.fields}
    joined = "".join(values.values())
    if len(joined) > MAX_FIELD or not joined.isprintable():
        values = {name: _clean(words, header, name, value) for name, value in values.items()}
    given = words.given
    if "why" in given:
        values["why"] = template.why(person.language, person.ground).text
    if "preferences_url" in given:
        values["preferences_url"] = template.letterhead.links.preferences(person.key, channel)
    if "stay_url" in given:
        values["stay_url"] = template.letterhead.links.stay(person.key, channel)
    if "consent_ends" in given:
        values["consent_ends"] = in_words(words.language, person.until) if person.until else ""
    if "share_url" in given:
        values["share_url"] = template.letterhead.links.share(person.key.wave_id)
    return values


def _clean(words: Words, header: str, name: str, value: str) -> str:
    if len(value) > MAX_FIELD:
        raise UnrenderableError(
            Reason.RENDER_FAILED, f"{name} is longer than {MAX_FIELD} characters"
        )
    if not CONTROL.search(value):
        return value
    text = words.texts.get(header)
    if text is not None and name in text.names:
        raise UnrenderableError(
            Reason.RENDER_FAILED, f"{name} holds a line break and would go into {header}"
        )
    return CONTROL.sub(" ", value)
