"""The packets of SMPP 3.4, packed and taken apart: no network, no meaning.

Field names and numbers are those of the Short Message Peer to Peer Protocol Specification v3.4,
sections 4 and 5.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

HEADER = struct.Struct(">IIII")  # length, command, status, sequence
LARGEST = 70_000  # octets: a message_payload may have 65,535
LAST_SEQUENCE = 0x7FFFFFFF
VERSION = 0x34
ANSWER = 0x80000000  # the bit by which an answer differs from its question


class Command(IntEnum):
    """What a packet asks."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_TRANSMITTER = 0x00000002
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103


class Tag(IntEnum):
    """The optional parameters that are read or written here."""

    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Status(IntEnum):
    """What we answer ourselves."""

    OK = 0x00
    INVALID_COMMAND = 0x03
    TRY_AGAIN = 0x64  # ESME_RX_T_APPN: nothing was stored, so it is to be delivered again
    REJECTED = 0x66  # ESME_RX_R_APPN: it cannot be read, and that will not change


class Malformed(ValueError):
    """A packet that cannot be taken apart."""


class Place(NamedTuple):
    """An address with its type of number and numbering plan."""

    ton: int
    npi: int
    address: str


class Delivery(NamedTuple):
    """A deliver_sm or data_sm: a person's words or a receipt. `text` is still in octets."""

    source: Place
    destination: Place
    esm_class: int
    data_coding: int
    text: bytes
    extras: dict[int, bytes]


class Body(NamedTuple):
    """One submit_sm: `text` has at most 254 octets, more goes as message_payload in `extras`."""

    service_type: bytes
    source: Place
    destination: Place
    text: bytes
    data_coding: int = 0
    esm_class: int = 0
    validity: bytes = b""
    receipt: int = 1
    extras: tuple[tuple[int, bytes], ...] = ()


def pack(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    """Give a whole packet."""
    return HEADER.pack(16 + len(body), command, status, sequence) + body


def bind(system_id: str, password: str, system_type: str, address_range: str) -> bytes:
    """Give the body of any of the three binds."""
    words = b"".join(word.encode("latin-1") + b"\0" for word in (system_id, password, system_type))
    return words + bytes((VERSION, 0, 0)) + address_range.encode("latin-1") + b"\0"


def place(where: Place) -> bytes:
    """Give an address field; UnicodeEncodeError when it is not in ASCII."""
    return bytes((where.ton, where.npi)) + where.address.encode("ascii") + b"\0"


def submit(m: Body) -> bytes:
    """Give the body of a submit_sm; UnicodeEncodeError when an address is not in ASCII."""
    middle = b"%c\0\0\0%b\0%c\0%c\0" % (m.esm_class, m.validity, m.receipt, m.data_coding)
    head = b"%b\0%b%b" % (m.service_type, place(m.source), place(m.destination))
    return head + middle + b"%c" % len(m.text) + m.text + b"".join(_extras(m.extras))


def _extras(extras: Iterable[tuple[int, bytes]]) -> Iterable[bytes]:
    return (struct.pack(">HH", tag, len(value)) + value for tag, value in extras)


def read_delivery(body: bytes) -> Delivery:
    """Take a deliver_sm apart; raise Malformed."""
    try:
        _, at = _word(body, 0)
        source, at = _place(body, at)
        destination, at = _place(body, at)
        esm_class = body[at]
        _, at = _word(body, at + 3)  # schedule
        _, at = _word(body, at)  # validity
        data_coding, size = body[at + 2], body[at + 4]
        end = at + 5 + size
        if end > len(body):
            raise Malformed("the text is shorter than it says")
        extras = _read_extras(body, end)
    except IndexError:
        raise Malformed("it ends too soon") from None
    text = body[at + 5 : end] or extras.get(Tag.MESSAGE_PAYLOAD, b"")
    return Delivery(source, destination, esm_class, data_coding, text, extras)


def read_data(body: bytes) -> Delivery:
    """Take a data_sm apart; raise Malformed."""
    try:
        _, at = _word(body, 0)
        source, at = _place(body, at)
        destination, at = _place(body, at)
        esm_class, data_coding = body[at], body[at + 2]
    except IndexError:
        raise Malformed("it ends too soon") from None
    extras = _read_extras(body, at + 3)
    text = extras.get(Tag.MESSAGE_PAYLOAD, b"")
    return Delivery(source, destination, esm_class, data_coding, text, extras)


def read_answer(body: bytes) -> tuple[str, str]:
    """Give the message id and the operator's words of a submit_sm_resp; a refusal may have none."""
    end = body.find(b"\0")
    if end < 0:
        return _plain(body), ""
    extras = b"" if end + 1 >= len(body) else body[end + 1 :]
    return _plain(body[:end]), _words(extras) if extras else ""


def _words(extras: bytes) -> str:
    try:
        return _plain(_read_extras(extras, 0).get(Tag.ADDITIONAL_STATUS_INFO_TEXT, b""))
    except Malformed:
        return ""


def _plain(octets: bytes) -> str:
    return octets.rstrip(b"\0").decode("latin-1")


def _word(body: bytes, at: int) -> tuple[str, int]:
    end = body.find(b"\0", at)
    if end < 0:
        raise Malformed("a field has no end")
    return body[at:end].decode("latin-1"), end + 1


def _place(body: bytes, at: int) -> tuple[Place, int]:
    ton, npi = body[at], body[at + 1]
    address, end = _word(body, at + 2)
    return Place(ton, npi, address), end


def _read_extras(body: bytes, at: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at < len(body):
        if at + 4 > len(body):
            raise Malformed("an optional parameter is cut off")
        tag, size = struct.unpack_from(">HH", body, at)
        at += 4 + size
        if at > len(body):
            raise Malformed("an optional parameter is cut off")
        found[tag] = body[at - size : at]
    return found
