"""Promises about SMPP packets: another implementation reads ours, and we read its."""

from __future__ import annotations

from typing import Any

import pytest
import smpp34
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.gateways.sms import smpp_pdu
from dispatcher.gateways.sms.smpp_pdu import Body, Command, Delivery, Malformed, Place

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
kinds = st.integers(0, 6)
octet = st.integers(0, 255)
texts = st.binary(max_size=254)
extras = st.dictionaries(st.integers(0x1400, 0x3FFF), st.binary(max_size=50), max_size=4)
places = st.builds(Place, kinds, kinds, words)


@given(
    st.builds(
        Body,
        words.map(lambda word: word[:5].encode()),
        places,
        places,
        texts,
        octet,
        octet,
        st.just(b"") | st.just(b"000001020304000R"),
        st.integers(0, 2),
        extras.map(lambda each: tuple(each.items())),
    )
)
def test_another_implementation_reads_what_we_submit(body: Body) -> None:
    """Every field arrives as it was meant."""
    packet = smpp_pdu.pack(Command.SUBMIT_SM, 77, smpp_pdu.submit(body))
    read = smpp34.decode(packet)
    assert isinstance(read, smpp34.SubmitSm)
    assert read.sequence_number == 77
    assert read.service_type.encode() == body.service_type
    assert (read.source_addr_ton, read.source_addr_npi, read.source_addr) == body.source
    assert (read.dest_addr_ton, read.dest_addr_npi, read.destination_addr) == body.destination
    assert (read.esm_class, read.data_coding) == (body.esm_class, body.data_coding)
    assert (read.validity_period.encode(), read.registered_delivery) == (
        body.validity,
        body.receipt,
    )
    assert read.short_message == body.text
    assert tuple((each.tag, each.value) for each in read.tlvs) == body.extras


@given(places, places, octet, octet, texts, extras)
def test_we_read_what_another_implementation_delivers(
    source: Place, to: Place, esm: int, coding: int, text: bytes, more: dict[int, bytes]
) -> None:
    """Addresses, text and optional parameters come out as they went in."""
    fields: dict[str, Any] = {
        "source_addr_ton": source.ton,
        "source_addr_npi": source.npi,
        "dest_addr_ton": to.ton,
        "dest_addr_npi": to.npi,
        "esm_class": esm,
        "data_coding": coding,
        "tlvs": [smpp34.Tlv(tag, value) for tag, value in more.items()],
    }
    packet = smpp34.DeliverSm(source.address, to.address, text, **fields).encode()
    read = smpp_pdu.read_delivery(packet[16:])
    assert read == Delivery(source, to, esm, coding, text, more)


@given(st.binary(max_size=120))
def test_whatever_comes_is_read_or_refused(octets: bytes) -> None:
    """A body that is no delivery is Malformed, and nothing else."""
    for read in (smpp_pdu.read_delivery, smpp_pdu.read_data):
        try:
            read(octets)
        except Malformed:
            continue


def test_a_delivery_that_is_cut_anywhere_is_refused() -> None:
    """A cut packet is never taken for a shorter text."""
    whole = smpp34.DeliverSm("447700900001", "60123", b"STOP", source_addr_ton=1).encode()[16:]
    for end in range(len(whole)):
        with pytest.raises(Malformed):
            smpp_pdu.read_delivery(whole[:end])


def test_a_long_text_may_come_as_a_parameter() -> None:
    """message_payload stands for the text where that is empty."""
    payload = smpp34.Tlv(0x0424, b"x" * 400)
    packet = smpp34.DeliverSm("447700900001", "60123", tlvs=[payload]).encode()
    assert smpp_pdu.read_delivery(packet[16:]).text == b"x" * 400


@given(st.binary(max_size=80))
def test_any_answer_to_a_message_is_read(body: bytes) -> None:
    """An id with or without its end, words or none: nothing raises."""
    named, said = smpp_pdu.read_answer(body)
    assert "\0" not in named + said[-1:]
