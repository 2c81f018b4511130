"""Promises of rendered texts to phones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.decisions import Reason
from dispatcher.domain.gsm7 import count
from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel, Message
from dispatcher.rendering import render_batch
from dispatcher.rendering.people import Unrenderable
from dispatcher.rendering.sms import segments
from dispatcher.tokens import Purpose, Token
from tests.rendering.samples import KEY, NOW, TEXTS, TOKENS, compiled, one, person, source

TEMPLATE = compiled()
PHONE = "+447700900123"


def test_a_text_says_what_was_written() -> None:
    """Sender, address, words and parts, ready for a gateway."""
    message = one(TEMPLATE, Channel.SMS, person(PHONE, name="Zoë"))
    assert isinstance(message, Message)
    assert message.content.decode() == (
        "Röster Nord: Zoë, WEEK26 STOP to end\nWhy: coffee, 2026-05-03"
    )
    assert (message.sender, message.address, message.parts) == ("Nord", PHONE, 1)
    delivery = TOKENS.open_link(Purpose.DELIVERY, message.message_id)
    assert delivery == Token(KEY.customer_id, KEY.wave_id)


@pytest.mark.parametrize(
    ("name", "said"), [("O’Neil", "O'Neil"), ("A\u00a0B", "A B"), ("A\r\nB", "A  B"), ("é", "é")]
)
def test_typography_that_costs_a_part_is_made_plain(name: str, said: str) -> None:
    """Curly quotes and odd spaces become plain ones; accents stay."""
    message = one(TEMPLATE, Channel.SMS, person(PHONE, name=name))
    assert isinstance(message, Message)
    assert message.content.decode().startswith(f"Röster Nord: {said},")


def test_more_than_four_parts_are_not_sent() -> None:
    """A text that grew too long is skipped with its own reason."""
    refused = one(TEMPLATE, Channel.SMS, person(PHONE, name="ж" * 300))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.TOO_MANY_SEGMENTS
    assert "5 parts" in refused.detail


@given(st.text(max_size=120))
def test_parts_are_what_the_text_costs(name: str) -> None:
    """Whatever the name, parts and content agree."""
    message = one(TEMPLATE, Channel.SMS, person(PHONE, name=name))
    assert isinstance(message, Message)
    assert message.parts == count(message.content.decode()).parts
    assert "STOP to end" in message.content.decode()


def test_a_link_in_a_text_is_short_and_signed() -> None:
    """The way out by link costs at most 39 characters more than our address."""
    texts = TEXTS | {"en/sms.txt": "{{ brand.name }}: hi. {{ unsubscribe_url }} STOP to end"}
    message = one(compiled(source(texts)), Channel.SMS, person(PHONE))
    assert isinstance(message, Message)
    link = message.content.decode().split()[3]
    token = link.removeprefix("https://news.roaster.example/u/")
    assert len(token) <= 39
    who = Token(KEY.customer_id, KEY.wave_id, 0, Channel.SMS)
    assert TOKENS.open_link(Purpose.UNSUBSCRIBE, token) == who
    assert message.parts == 1


def test_a_template_without_texts_for_phones_sends_none() -> None:
    """A missing sms.txt is a reason, not a crash."""
    texts = {path: text for path, text in TEXTS.items() if "sms" not in path}
    refused = one(compiled(source(texts)), Channel.SMS, person(PHONE))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.RENDER_FAILED
    assert "sms.txt" in refused.detail


def test_an_empty_text_is_not_sent() -> None:
    """Nothing to say means nothing is sent."""
    texts = TEXTS | {"en/sms.txt": "{{ name }}"}
    refused = one(compiled(source(texts)), Channel.SMS, person(PHONE))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.RENDER_FAILED


def test_a_text_is_counted_by_the_tables_that_its_gateway_can_send() -> None:
    """Turkish costs one part where the gateway knows its table, two where it does not."""
    texts = TEXTS | {"en/sms.txt": "{{ brand.name }}: " + "ş" * 100 + " STOP to end"}
    template = compiled(source(texts))
    for tables, parts in ((), 2), ({National.TURKISH}, 1):
        (message,) = render_batch(template, Channel.SMS, [person(PHONE)], NOW, tables)
        assert isinstance(message, Message)
        assert message.parts == parts == segments(message.content.decode(), tables).parts


def test_a_template_may_keep_its_typography() -> None:
    """Without smart encoding the words go out as they were written, and cost what they cost."""
    kept = compiled(replace(source(), smart_encoding=False))
    message = one(kept, Channel.SMS, person(PHONE, name="O\u2019Neil"))
    assert isinstance(message, Message)
    assert "O\u2019Neil" in message.content.decode()


def test_segments_tells_encoding_units_and_parts() -> None:
    """The three are what a text costs."""
    assert segments("a" * 161)._asdict() == {"encoding": "GSM-7", "units": 161, "parts": 2}
    assert segments("ж" * 71)._asdict() == {"encoding": "UCS-2", "units": 71, "parts": 2}
