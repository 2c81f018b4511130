"""A small template, a letterhead and people, for the tests of rendering."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from dispatcher.domain.campaigns import Brand, Offer, TemplateSource
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.domain.why import Ground, Why
from dispatcher.rendering import Addressee, Letterhead, Links, compile_template, render_batch
from dispatcher.rendering.compiled import CompiledTemplate
from dispatcher.rendering.people import Unrenderable
from dispatcher.tokens import Tokens

SHIPPED = Path(__file__).parents[2] / "templates"
NOW = datetime(2026, 5, 11, 9, 30, tzinfo=UTC)
TOKENS = Tokens([b"k" * 32])
LINKS = Links(TOKENS, "https://news.roaster.example", "in.roaster.example")
BRAND = Brand(
    "nord", "Röster Nord", "news@roaster.example", "Nord", "Hafenweg 1, 20457 Hamburg", "+49 40 123"
)
OFFER = Offer("Coffee week", "15 % off", "WEEK26", "https://shop.example/week?a=1&b=2", 15.0)
KEY = DeliveryKey(12, 3456, 2)

MJML = """<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>Dear {{ name }}, {{ offer.headline }}</mj-text>
        <mj-button href="{{ offer.url }}">Go</mj-button>
        <mj-text>{{ why }} <a href="{{ unsubscribe_url }}">Leave</a></mj-text>
        <mj-text><a href="{{ preferences_url }}">Choose</a></mj-text>
        <mj-text>{{ brand.postal_address }}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
TEXT = "Dear {{ name }},\n{{ offer.url }}\n--\n{{ why }}\n{{ unsubscribe_url }}\n"
TEXT += "{{ preferences_url }}\n{{ brand.postal_address }}\n"
TEXTS = {
    "en/subject.txt": "For {{ name }}\n",
    "en/text.txt": TEXT,
    "en/html.mjml": MJML,
    "en/sms.txt": "{{ brand.name }}: {{ name }}, {{ offer.code }} STOP to end\n",
}


def source(texts: Mapping[str, str] = TEXTS, required: tuple[str, ...] = ()) -> TemplateSource:
    """Give the small template, or another with these texts."""
    return TemplateSource("small", texts, required, {"name": "Zoë"}, "en")


def compiled(
    template: TemplateSource | None = None, offer: Offer = OFFER, brand: Brand = BRAND
) -> CompiledTemplate:
    """Compile a template under the sample letterhead."""
    return compile_template(
        template or source(), Letterhead(brand, offer, LINKS, "coffee", "spring")
    )


def person(address: str = "anna@example.com", language: str = "en", **fields: str) -> Addressee:
    """Give somebody with these fields."""
    return Addressee(KEY, address, language, fields, Ground(Why.TOPIC, date(2026, 5, 3)), 7, 99.0)


def one(
    template: CompiledTemplate, channel: Channel, somebody: Addressee
) -> Message | Unrenderable:
    """Render for one person."""
    (message,) = render_batch(template, channel, [somebody], NOW)
    return message


def mail(template: CompiledTemplate, somebody: Addressee) -> Message:
    """Render a mail that must come out."""
    message = one(template, Channel.EMAIL, somebody)
    assert isinstance(message, Message), message
    return message


def parsed(message: Message) -> EmailMessage:
    """Read a mail back with the standard library."""
    found = message_from_bytes(message.content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(message: EmailMessage, subtype: str) -> str:
    """Give the decoded text of one part, with plain line ends."""
    body = message.get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
