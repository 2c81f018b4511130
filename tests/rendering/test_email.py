"""Promises of rendered mails, each read back by the standard library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import headerregistry
from email.utils import parsedate_to_datetime
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.campaigns import Brand, Offer
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.errors import CampaignError
from dispatcher.rendering import render_batch
from dispatcher.rendering.email import has_long_line
from dispatcher.rendering.headers import CONTROL
from dispatcher.rendering.people import Addressee, Unrenderable
from dispatcher.tokens import Purpose, Token
from tests.rendering.samples import (
    KEY,
    LINKS,
    MJML,
    NOW,
    TEXT,
    TEXTS,
    TOKENS,
    compiled,
    mail,
    one,
    parsed,
    part,
    person,
    source,
)

TEMPLATE = compiled()
NAMES = [
    "Anna", "Zoë", "GROẞ", "Łukasz", "김민수", "عائشة", "שרה", "e\u0301lodie", "👩‍👩‍👧 Kim",
    "O'Neil & <Söhne>", '"quoted"', "{{ 7 * 7 }}", "=?utf-8?q?x?=", "a\u00a0b", "x" * 300,
]  # fmt: skip
HEADERS = {
    "From", "Date", "MIME-Version", "List-Id", "Feedback-ID", "List-Unsubscribe-Post", "To",
    "Subject", "Message-ID", "X-Dispatcher-Delivery", "List-Unsubscribe", "Content-Type",
    "Content-Transfer-Encoding",
}  # fmt: skip


def test_every_header_says_what_the_rulebook_asks() -> None:
    """From, To, Date, Message-ID, List-*, Feedback-ID and the delivery id, each exactly once."""
    message = mail(TEMPLATE, person(name="Anna"))
    found = parsed(message)
    assert sorted(found.keys()) == sorted(HEADERS)
    assert isinstance(found["From"], headerregistry.AddressHeader)
    assert found["From"].addresses[0].display_name == "Röster Nord"
    assert found["From"].addresses[0].addr_spec == "news@roaster.example"
    assert str(found["To"]) == "anna@example.com"
    assert parsedate_to_datetime(str(found["Date"])) == NOW
    assert found["List-Id"] == "<coffee.nord.roaster.example>"
    assert found["Feedback-ID"] == "spring:nord:promotional:roaster"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.message_id == found["Message-ID"]
    assert (message.key, message.ordinal, message.send_before) == (KEY, 7, 99.0)


def test_all_the_ways_home_carry_signed_ids() -> None:
    """Link, mailbox, return path, delivery id and message id open to this delivery."""
    message = mail(TEMPLATE, person(name="Anna"))
    found = parsed(message)
    ways = re.fullmatch(r"<(https://[^>]+)>, <mailto:u\+(\w+)@[^>]+>", found["List-Unsubscribe"])
    assert ways
    who = Token(KEY.customer_id, KEY.wave_id, 0, Channel.EMAIL)
    assert TOKENS.open_link(Purpose.UNSUBSCRIBE, ways[1].rpartition("/")[2]) == who
    assert TOKENS.open_mailbox(Purpose.UNSUBSCRIBE, ways[2]) == who
    local = message.envelope_from.partition("@")[0].removeprefix("b+")
    attempt = Token(KEY.customer_id, KEY.wave_id, KEY.attempt, Channel.EMAIL)
    assert TOKENS.open_mailbox(Purpose.BOUNCE, local) == attempt
    delivery = TOKENS.open_link(Purpose.DELIVERY, found["X-Dispatcher-Delivery"])
    assert delivery == Token(KEY.customer_id, KEY.wave_id)
    assert ways[1] in part(found, "plain")
    assert ways[1] in unescape(part(found, "html"))


@pytest.mark.parametrize("link", ["preferences_url", "unsubscribe_url"])
def test_a_link_may_stand_in_the_html_alone(link: str) -> None:
    """Whatever the plain text says: each text is made of the names it uses itself."""
    plain = TEXT.replace(f"{{{{ {link} }}}}\n", "")
    html = MJML.replace(f"{{{{ {link} }}}}", f"{{{{- {link} -}}}}")
    for words in (MJML, html):
        template = compiled(source(TEXTS | {"en/text.txt": plain, "en/html.mjml": words}))
        found = parsed(mail(template, person(name="Anna")))
        assert "https://news.roaster.example/" + link[0] + "/" in part(found, "html")


def test_the_link_for_friends_is_the_same_for_everybody() -> None:
    """It travels on, so it must not say who passed it on; mails and texts carry the same."""
    html = MJML.replace("Choose</a>", 'Choose</a> <a href="{{ share_url }}">Tell</a>')
    sms = TEXTS["en/sms.txt"].replace("STOP", "{{ share_url }} STOP")
    template = compiled(source(TEXTS | {"en/html.mjml": html, "en/sms.txt": sms}))
    others = person(name="Ben")._replace(key=KEY._replace(customer_id=77))
    said = [part(parsed(mail(template, who)), "html") for who in (person(name="Anna"), others)]
    text = one(template, Channel.SMS, person("+447700900123", name="Anna"))
    assert isinstance(text, Message)
    links = [re.findall(r"https://\S+?/share/[\w-]+", each) for each in said]
    links.append(re.findall(r"https://\S+?/share/[\w-]+", text.content.decode()))
    assert links == [[LINKS.share(KEY.wave_id)]] * 3


def test_a_second_attempt_has_the_same_message_id() -> None:
    """A copy can be told from a new mail; only the return path knows the attempt."""
    first = mail(TEMPLATE, person(name="Anna")._replace(key=DeliveryKey(12, 3456, 1)))
    second = mail(TEMPLATE, person(name="Anna")._replace(key=DeliveryKey(12, 3456, 2)))
    assert first.message_id == second.message_id
    assert first.content == second.content
    assert first.envelope_from != second.envelope_from
    other = mail(TEMPLATE, person(name="Anna")._replace(key=DeliveryKey(13, 3456, 1)))
    assert other.message_id != first.message_id


@pytest.mark.parametrize("name", NAMES)
def test_any_name_arrives_as_it_was(name: str) -> None:
    """Sharp s, emoji, right-to-left, combining marks, markup: the same in subject and parts."""
    if len(name) > 240:
        name = name[:240]
    message = mail(TEMPLATE, person(name=name))
    found = parsed(message)
    assert found["Subject"] == f"For {name}"
    assert part(found, "plain").startswith(f"Dear {name},\n")
    assert f"Dear {name}, 15 % off" in unescape(part(found, "html"))
    assert "49" not in part(found, "plain").partition("\n")[0]
    assert message.eight_bit is (not message.content.isascii())


@given(st.text(max_size=200))
def test_any_text_is_one_mail_or_a_reason(name: str) -> None:
    """Whatever a field holds: a mail that reads back with the same words, or a plain refusal."""
    message = one(TEMPLATE, Channel.EMAIL, person(name=name))
    if isinstance(message, Unrenderable):
        assert CONTROL.search(name)
        assert message.reason is Reason.RENDER_FAILED
        assert name not in message.detail
        return
    found = parsed(message)
    assert sorted(found.keys()) == sorted(HEADERS)
    assert not found.defects
    assert found["Subject"] == f"For {name}".strip()
    assert part(found, "plain").startswith(f"Dear {name},\n")
    assert f"Dear {name}, 15 % off" in unescape(part(found, "html"))
    lines = message.content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\r" in line or b"\n" in line for line in lines)


@pytest.mark.parametrize(
    "evil",
    [
        "\r",
        "\n",
        "\r\nBcc: x@example.com",
        "\0",
        "\x85",
        "\u2028",
        "\u2029",
        "\x1b",
        "\x7f",
        "\ud800",
    ],
)
def test_nothing_can_become_a_header(evil: str) -> None:
    """A line end in a value that goes to the subject is refused by the field's name."""
    refused = one(TEMPLATE, Channel.EMAIL, person(name=f"Anna{evil}Bcc"))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.RENDER_FAILED
    assert "name" in refused.detail
    refused = one(TEMPLATE, Channel.EMAIL, person(f"a{evil}@example.com", name="Anna"))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.BAD_ADDRESS


@pytest.mark.parametrize(
    "address", ["a@b.de, c@d.de", "<a@b.de>", "a@b.de;", "a b@c.de", "a@", "@b.de", "", '"a"@b.de']
)
def test_one_bare_address_or_none(address: str) -> None:
    """Nothing can smuggle a second recipient into To."""
    refused = one(TEMPLATE, Channel.EMAIL, person(address, name="Anna"))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.BAD_ADDRESS


def test_control_characters_in_the_body_become_spaces() -> None:
    """A line end in a name that is only in the body does no harm and stops nothing."""
    texts = TEXTS | {"en/subject.txt": "Hello"}
    message = mail(compiled(source(texts)), person(name="Anna\r\nX: y\0z"))
    assert part(parsed(message), "plain").startswith("Dear Anna  X: y z,\n")


def test_brand_and_offer_cannot_break_out_either() -> None:
    """A brand's name must be fit for From; an offer's words are never read as tags."""
    brand = Brand("x\r\ny", "Evil\r\nBcc: a@b.de", "news@roaster.example", "E", "Street\r\n1")
    offer = Offer("x", "{{ 7*7 }} {% if %}\n", "C", "https://x.example/")
    with pytest.raises(CampaignError, match="fit for a header"):
        compiled(brand=brand)
    found = parsed(mail(compiled(offer=offer), person(name="Anna")))
    assert "{{ 7*7 }} {% if %}" in unescape(part(found, "html"))


def test_a_missing_required_field_is_named() -> None:
    """Without a required field there is no mail; an optional one is simply empty."""
    strict = compiled(source(required=("name",)))
    refused = one(strict, Channel.EMAIL, person())
    assert refused == Unrenderable(KEY, Reason.MISSING_FIELD, "name")
    assert isinstance(one(compiled(), Channel.EMAIL, person()), Message)


def test_html_is_ascii_and_escaped() -> None:
    """The HTML part travels as 7bit, and a name cannot bring markup along."""
    found = parsed(mail(TEMPLATE, person(name="<b>Zoë</b>")))
    body = found.get_body(("html",))
    assert body is not None
    assert body["Content-Transfer-Encoding"] == "7bit"
    assert "&lt;b&gt;Zo&#235;&lt;" in part(found, "html")
    assert 'href="https://shop.example/week?a=1&amp;b=2"' in part(found, "html")
    assert "https://shop.example/week?a=1&b=2" in part(found, "plain")


@pytest.mark.parametrize("word", ["x" * 3000, "é" * 1200])
def test_a_line_that_is_too_long_goes_as_quoted_printable(word: str) -> None:
    """A part with a line beyond 998 octets is folded without losing a character."""
    offer = Offer("x", word, "C", "https://x.example/", 0.0, {"long": word})
    texts = TEXTS | {"en/text.txt": TEXTS["en/text.txt"] + "{{ offer.long }}\n"}
    message = mail(compiled(source(texts), offer), person(name="Zoë"))
    found = parsed(message)
    assert word in part(found, "plain")
    assert word in unescape(part(found, "html"))
    assert part(found, "plain").startswith("Dear Zoë,\n")
    assert max(map(len, message.content.split(b"\r\n"))) <= 998
    assert not message.eight_bit


@given(st.lists(st.integers(0, 1100), max_size=6))
def test_long_lines_are_found(lengths: list[int]) -> None:
    """A part has a long line exactly when one of its lines has more than 998 octets."""
    part = b"\r\n".join(b"x" * length for length in lengths)
    assert has_long_line(part) is any(length > 998 for length in lengths)


def test_a_mailbox_beyond_ascii_stays_itself() -> None:
    """An address that needs SMTPUTF8 is written as it is, and the mail says that it is 8bit."""
    message = mail(TEMPLATE, person("éva@example.com", name="Eva"))
    assert "To: éva@example.com\r\n".encode() in message.content
    assert message.eight_bit


def test_values_that_are_far_too_long_are_refused() -> None:
    """A field of a thousand letters and more is no name."""
    refused = one(TEMPLATE, Channel.EMAIL, person(name="x" * 1001))
    assert isinstance(refused, Unrenderable)
    assert refused.reason is Reason.RENDER_FAILED
    subject = one(TEMPLATE, Channel.EMAIL, person(name="x" * 900))
    assert isinstance(subject, Unrenderable)
    assert "subject" in subject.detail


def test_a_person_gets_their_language_or_the_documented_next() -> None:
    """fr-CA, then fr, then the template's default language."""
    texts = TEXTS | {path.replace("en/", "fr/"): text for path, text in TEXTS.items()}
    texts |= {"fr/subject.txt": "Pour {{ name }}", "fr-CA/subject.txt": "Icitte {{ name }}"}
    texts |= {path.replace("en/", "fr-CA/"): TEXTS[path] for path in TEXTS if "subject" not in path}
    template = compiled(source(texts))
    said = {
        wanted: parsed(mail(template, person(language=wanted, name="A")))["Subject"]
        for wanted in ("fr-CA", "fr_ca", "fr-BE", "fr", "en-GB", "sv", "")
    }
    assert said == {
        "fr-CA": "Icitte A", "fr_ca": "Icitte A", "fr-BE": "Pour A", "fr": "Pour A",
        "en-GB": "For A", "sv": "For A", "": "For A",
    }  # fmt: skip
    html = part(parsed(mail(template, person(language="fr", name="A"))), "html")
    assert 'lang="fr"' in html
    assert "Vous avez demandé « coffee » le 3 mai 2026." in unescape(html)


def test_an_offer_speaks_the_language_too() -> None:
    """price_fr stands in for price in French."""
    texts = {f"{lang}/{file}": text for lang in ("en", "fr") for file, text in [
        ("subject.txt", "{{ offer.price }}"), ("text.txt", TEXTS["en/text.txt"]),
        ("html.mjml", MJML),
    ]}  # fmt: skip
    offer = Offer("o", fields={"price": "EUR 15.00", "price_fr": "15,00 €"})
    template = compiled(source(texts), offer)
    assert parsed(mail(template, person()))["Subject"] == "EUR 15.00"
    assert parsed(mail(template, person(language="fr-BE")))["Subject"] == "15,00 €"


def test_a_batch_is_rendered_one_by_one() -> None:
    """Nobody is rendered before their message is asked for."""
    asked: list[int] = []

    def people() -> Iterator[Addressee]:
        for number in range(3):
            asked.append(number)
            yield person(name="A")

    batch = render_batch(TEMPLATE, Channel.EMAIL, people(), NOW)
    assert asked == []
    next(batch)
    assert asked == [0]
