"""Promises about texts over SMPP: alphabets, parts, addresses, and the end of a person's hours."""

from __future__ import annotations

from typing import Any

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain import gsm7
from dispatcher.domain.messages import Message
from dispatcher.gateways.options import parse
from dispatcher.gateways.sms import smpp_pdu
from dispatcher.gateways.sms.smpp_pdu import Command, Place
from dispatcher.gateways.sms.smpp_settings import SmppSettings
from dispatcher.gateways.sms.smpp_text import Composer, Reader, part_of
from tests.gateways.letters import text_message
from tests.servers.smpp import reply

NOW = 1_800_000_000.0
LONG = "Twenty per cent off at Café Müller {only} on Sunday. " * 8
WIDE = "Nur am Sonntag: zwanzig Prozent 😀 für Żaneta. " * 5


def settings(**options: Any) -> SmppSettings:
    return parse(SmppSettings, {"host": "smpp.example", "system_id": "shop", **options})


def submitted(message: Message, **options: Any) -> list[Any]:
    bodies = Composer(settings(**options)).compose(message, NOW)
    return [smpp34.decode(smpp_pdu.pack(Command.SUBMIT_SM, 1, body)) for body in bodies]


def read_back(parts: list[Any], **options: Any) -> str:
    """Give the text as a telephone would show it."""
    reader, texts = Reader(settings(**options)), {}
    for number, part in enumerate(parts, 1):
        extras = {each.tag: each.value for each in part.tlvs}
        delivery = smpp_pdu.read_delivery(part.encode()[16:])
        assert delivery.extras == extras
        which, octets = part_of(delivery)
        texts[which.number if which else number] = reader.text(octets, part.data_coding)
    return "".join(texts[number] for number in sorted(texts))


def test_a_text_in_the_cheap_alphabet_is_one_packet_of_septets() -> None:
    """data_coding 0, an octet for each septet, escapes included."""
    [one] = submitted(text_message(1, "10€ off at Café Müller"))
    assert one.data_coding == 0
    assert one.short_message == gsm7.encode("10€ off at Café Müller")
    assert (one.dest_addr_ton, one.dest_addr_npi) == (1, 1)
    assert one.destination_addr == "447700900001"
    assert one.registered_delivery == 1


def test_any_other_text_goes_as_utf_16() -> None:
    """data_coding 8."""
    [one] = submitted(text_message(1, "Żaneta 😀"))
    assert one.data_coding == 8
    assert one.short_message == "Żaneta 😀".encode("utf-16-be")


@pytest.mark.parametrize("how", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("text", [LONG, WIDE])
def test_a_long_text_arrives_whole_in_every_way(how: str, text: str) -> None:
    """Parts belong together, only the last asks for a receipt, and the text is the same."""
    parts = submitted(text_message(1, text), long_messages=how)
    assert read_back(parts) == text
    assert [part.registered_delivery for part in parts] == [0] * (len(parts) - 1) + [1]
    assert len(parts) == (1 if how == "payload" else gsm7.count(text).parts)
    assert all(len(part.short_message) <= 140 or part.data_coding == 0 for part in parts)
    assert all(bool(part.esm_class & 0x40) is how.startswith("udh") for part in parts)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=400))
def test_every_text_arrives(text: str) -> None:
    """Whatever is written is read back, in as many parts as were counted."""
    parts = submitted(text_message(1, text or "x"))
    assert read_back(parts) == (text or "x")
    assert len(parts) == gsm7.count(text or "x").parts


@given(st.text("aé€Ω{ ", min_size=1, max_size=400))
def test_every_text_arrives_where_the_default_alphabet_is_latin_1(text: str) -> None:
    """What that alphabet lacks goes as UTF-16, never as a question mark."""
    parts = submitted(text_message(1, text), alphabet="latin1")
    assert read_back(parts, alphabet="latin1") == text
    assert all(len(part.short_message) <= 159 + 6 for part in parts)


SENDERS = [
    ("Brand", (5, 0, "Brand")),
    ("60123", (3, 0, "60123")),
    ("+447700900999", (1, 1, "447700900999")),
    ("447700900999", (1, 1, "447700900999")),
    ("4ever", (5, 0, "4ever")),
]


@pytest.mark.parametrize(("sender", "place"), SENDERS)
def test_a_sender_is_declared_as_what_it_is(sender: str, place: tuple[int, int, str]) -> None:
    """Name, short code or number, each with its type and plan."""
    [one] = submitted(text_message(1)._replace(sender=sender))
    assert (one.source_addr_ton, one.source_addr_npi, one.source_addr) == place


def test_types_of_numbers_are_the_operators_to_say() -> None:
    """Other operators want other types for short codes."""
    [one] = submitted(text_message(1)._replace(sender="60123"), short_code="6/9")
    assert (one.source_addr_ton, one.source_addr_npi) == (6, 9)


@pytest.mark.parametrize("sender", ["", "x" * 21, "Mäx", "a\0b"])
def test_an_address_that_cannot_be_written_is_told(sender: str) -> None:
    """It is one message's trouble, not a crash."""
    with pytest.raises(ValueError, match=r"."):
        submitted(text_message(1)._replace(sender=sender))


def test_the_operator_is_told_when_the_persons_hours_end() -> None:
    """A phone that is switched on at night does not ring then."""
    message = text_message(1)._replace(send_before=NOW + 2 * 3600 + 61.5)
    assert submitted(message)[0].validity_period == "000000020101000R"
    assert submitted(message, validity=False)[0].validity_period == ""
    assert submitted(text_message(1))[0].validity_period == ""
    day = text_message(1)._replace(send_before=NOW + 26 * 3600)
    assert submitted(day)[0].validity_period == "000001020000000R"


NUMBERS = [
    (Place(1, 1, "447700900001"), "", "+447700900001"),
    (Place(1, 1, "+447700900001"), "", "+447700900001"),
    (Place(0, 0, "447700900001"), "", "+447700900001"),
    (Place(2, 1, "07700900001"), "GB", "+447700900001"),
    (Place(0, 1, "07700900001"), "GB", "+447700900001"),
    (Place(2, 1, "07700900001"), "", "07700900001"),
    (Place(3, 0, "60123"), "", "60123"),
    (Place(5, 0, "Info"), "GB", "Info"),
    (Place(1, 1, "00447700900001"), "", "+447700900001"),
]


@pytest.mark.parametrize(("place", "country", "number"), NUMBERS)
def test_who_writes_is_known_by_the_number_in_e164(place: Place, country: str, number: str) -> None:
    """Whatever type the operator gives it; national ones need the country."""
    assert Reader(settings(reply_country=country)).number(place) == number


CODINGS = [
    (0, gsm7.encode("STÖP €"), "STÖP €"),
    (1, b"STOP", "STOP"),
    (3, "ARRÊT".encode("latin-1"), "ARRÊT"),
    (4, b"STOP", "STOP"),
    (6, "СТОП".encode("iso8859-5"), "СТОП"),
    (7, "הפסק".encode("iso8859-8"), "הפסק"),
    (8, "ARRÊT".encode("utf-16-be"), "ARRÊT"),
    (14, "중지".encode("euc_kr"), "중지"),
    (0x10, gsm7.encode("STOP"), "STOP"),
    (0x18, "STOP".encode("utf-16-be"), "STOP"),
    (0xF0, gsm7.encode("STOP"), "STOP"),
    (0xF5, b"STOP", "STOP"),
    (0xE0, "STOP".encode("utf-16-be"), "STOP"),
    (8, b"\x00S\x00T\x00", "ST\ufffd"),
]


@pytest.mark.parametrize(("coding", "octets", "text"), CODINGS)
def test_a_reply_is_read_in_its_alphabet(coding: int, octets: bytes, text: str) -> None:
    """All that phones write in; what is broken shows as such."""
    assert Reader(settings()).text(octets, coding) == text


@given(st.binary(max_size=140), st.integers(0, 255))
def test_every_reply_is_read_somehow(octets: bytes, coding: int) -> None:
    """No octets and no data_coding raise anything."""
    Reader(settings()).text(octets, coding)


@given(st.binary(max_size=40), st.integers(0, 255))
def test_every_header_is_read_or_ignored(octets: bytes, esm: int) -> None:
    """A header that makes no sense makes no part."""
    packet = reply("447700900001", octets, esm_class=esm)
    part, _ = part_of(smpp_pdu.read_delivery(packet[16:]))
    assert part is None or 1 <= part.number <= part.total
