"""Promises about receipts over SMPP: found again by their id, understood, told once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.messages import Event, EventKind
from dispatcher.gateways.sms import smpp_pdu
from dispatcher.gateways.sms.smpp_receipts import Receipts, is_receipt, same
from dispatcher.gateways.sms.smpp_settings import Ids, SmppSettings
from tests.servers.smpp import receipt, reply

USUAL = (
    "id:{id} sub:001 dlvrd:001 submit date:2611220930 done date:2611220931 stat:{stat} err:{err}"
    " text:id:77 stat:UNDELIV"
)


def heard(packet: bytes, **options: Any) -> Event:
    settings = SmppSettings(host="smpp.example", system_id="shop", **options)
    delivery = smpp_pdu.read_delivery(packet[16:])
    assert is_receipt(delivery)
    return Receipts("acme", settings).read(delivery)


def usual(name: str = "4f2a", stat: str = "DELIVRD", err: str = "000") -> bytes:
    return receipt(USUAL.format(id=name, stat=stat, err=err))


STATES = [
    ("DELIVRD", 2, EventKind.DELIVERED),
    ("EXPIRED", 3, EventKind.BOUNCED),
    ("DELETED", 4, EventKind.BOUNCED),
    ("UNDELIV", 5, EventKind.BOUNCED),
    ("ACCEPTD", 6, EventKind.DELAYED),
    ("UNKNOWN", 7, EventKind.UNKNOWN),
    ("REJECTD", 8, EventKind.BOUNCED),
    ("ENROUTE", 1, EventKind.DELAYED),
]


@pytest.mark.parametrize(("stat", "state", "kind"), STATES)
def test_a_state_in_words_and_one_in_a_parameter_say_the_same(
    stat: str, state: int, kind: EventKind
) -> None:
    """All states of the standard are known in both forms."""
    said = heard(usual(stat=stat))
    told = heard(receipt(receipted_message_id=b"4f2a\0", message_state=bytes((state,))))
    assert said.kind is told.kind is kind
    assert said.reference == told.reference == "4f2a"
    assert said.code == told.code == stat


def test_the_persons_own_text_is_no_field() -> None:
    """What follows `text:` is the message itself and may say anything."""
    assert heard(usual()).reference == "4f2a"


def test_the_same_receipt_twice_is_one_event() -> None:
    """Operators repeat themselves; another state is another event."""
    assert heard(usual()).dedup_key == heard(usual()).dedup_key
    assert heard(usual()).dedup_key != heard(usual(stat="UNDELIV")).dedup_key


def test_hex_in_answers_and_decimal_in_receipts_meet() -> None:
    """The id is kept in one form, whichever way it is written."""
    options: dict[str, Any] = {"ids": Ids.HEX, "receipt_ids": Ids.DECIMAL}
    settings = SmppSettings(host="smpp.example", system_id="shop", **options)
    kept = Receipts("acme", settings).reference("00004F2A")
    assert heard(usual("20266"), **options).reference == kept
    # The parameter repeats the answer's own id, whatever the text says.
    both = receipt(
        USUAL.format(id="20266", stat="DELIVRD", err="000"), receipted_message_id=b"4f2a\0"
    )
    assert heard(both, **options).reference == kept


@given(st.integers(0, 2**64 - 1))
def test_an_id_is_found_however_it_is_written(number: int) -> None:
    """Zeros in front, capitals and spaces do not matter, in any of the forms."""
    assert same(f" {number:020X}", Ids.HEX) == same(f"{number}", Ids.DECIMAL)
    assert same(f"{number:012x}", Ids.TEXT) == same(f"{number:X} ", Ids.TEXT)


def test_ids_that_are_no_numbers_stay_as_they_are() -> None:
    """Some operators use other ids than they say; they still meet."""
    name = "5f0c1e9a-33aa-4c1e"
    assert same(name.upper(), Ids.HEX) == same(name, Ids.DECIMAL) == name


def test_an_error_may_mean_that_the_number_is_dead_or_has_left() -> None:
    """Only codes that the settings name, and only of a failed message."""
    options: dict[str, Any] = {"dead_errors": ("1",), "stopped_errors": ("0A7",)}
    dead = heard(usual(stat="UNDELIV", err="001"), **options)
    assert dead.dead_address
    assert dead.code == "UNDELIV 001"
    stopped = heard(usual(stat="REJECTD", err="0a7"), **options)
    assert stopped.contact_stopped
    assert not heard(usual(err="001"), **options).dead_address
    plain = heard(usual(stat="UNDELIV", err="002"), **options)
    assert not plain.dead_address
    assert not plain.contact_stopped


def test_the_networks_error_counts_where_the_text_has_none() -> None:
    """network_error_code: one octet of network, two of error."""
    told = receipt(
        receipted_message_id=b"9\0", message_state=b"\x05", network_error_code=b"\x03\x00\x1b"
    )
    assert heard(told, dead_errors=("27",)).dead_address


@pytest.mark.parametrize(
    "text", ["", "DELIVERED", "id: stat:", "stat:DELIVRD", "id:7 stat:WHAT", "\xff\x00"]
)
def test_a_receipt_that_says_nothing_is_unknown(text: str) -> None:
    """Nothing is guessed."""
    event = heard(receipt(text))
    assert event.kind is EventKind.UNKNOWN


def test_a_persons_text_is_no_receipt() -> None:
    """Whatever it says."""
    packet = reply("447700900001", b"id:1 stat:DELIVRD")
    assert not is_receipt(smpp_pdu.read_delivery(packet[16:]))
