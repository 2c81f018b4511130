"""A batch rendered one person at a time, while earlier messages are already on the wire."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel, Message
from dispatcher.rendering.compiled import CompiledTemplate
from dispatcher.rendering.email import EmailRenderer
from dispatcher.rendering.people import Addressee, Unrenderable
from dispatcher.rendering.sms import SmsRenderer


def render_batch(
    template: CompiledTemplate,
    channel: Channel,
    people: Iterable[Addressee],
    now: datetime,
    tables: Collection[National] = (),
) -> Iterator[Message | Unrenderable]:
    """Yield one message, or the reason why there is none, for each person, in their order.

    Lazy: a person is rendered when asked for. `now` is the time of hand-over, for the Date header;
    `tables` are the national ones that the gateway can send texts in.
    """
    email = channel is Channel.EMAIL
    renderer = EmailRenderer(template, now) if email else SmsRenderer(template, tables)
    for person in people:
        yield renderer.render(person)
