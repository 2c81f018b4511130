"""Texts on their way into SMPP packets and out of them: alphabets, parts, addresses, hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dispatcher.domain import gsm7
from dispatcher.domain.addresses import Problem, normalise_phone
from dispatcher.domain.gsm7 import Encoding
from dispatcher.domain.messages import DeliveryKey, Message
from dispatcher.gateways.callbacks import international
from dispatcher.gateways.sms import smpp_pdu
from dispatcher.gateways.sms.smpp_pdu import Body, Delivery, Place, Tag
from dispatcher.gateways.sms.smpp_settings import Alphabet, LongMessages, SmppSettings

_DEFAULT, _UCS2 = 0, 8
_CODINGS = {Encoding.GSM7: _DEFAULT, Encoding.UCS2: _UCS2}
_LATIN1 = re.compile("[\x00-\xff]*")
_UDH = 0x40  # esm_class: the text begins with a header
_RECEIPT = 1
_LONGEST_WORD = 20  # octets of an address
_LONGEST_VALIDITY = 48 * 3600.0  # seconds; operators keep texts for about two days
_SHORTEST_VALIDITY = 60.0
_NAMED = {
    1: "ascii",
    3: "latin-1",
    6: "iso8859-5",
    7: "iso8859-8",
    14: "euc_kr",
    2: "latin-1",
    4: "latin-1",
}
_INTERNATIONAL, _NAME = 1, 5  # types of number
_SHORT = re.compile(r"[0-9]{3,8}")


class Part(NamedTuple):
    """Which part of how many this is; parts with one reference belong together."""

    reference: int
    total: int
    number: int


class Composer:
    """Writes messages as bodies of submit_sm, one for each part."""

    def __init__(self, settings: SmppSettings) -> None:
        s = self._settings = settings
        self._service_type = s.service_type.encode()
        self._kinds = {name: _kind(getattr(s, name)) for name in _KINDS}
        self._receipt = _RECEIPT if s.receipts else 0
        self._gsm7 = s.alphabet is Alphabet.GSM7
        self._header = 7 if s.long_messages is LongMessages.UDH16 else 6

    def compose(self, message: Message, now: float) -> list[bytes]:
        """Give the bodies; ValueError when an address cannot be written. `now`: Unix seconds."""
        text = message.content.decode()
        body = Body(
            self._service_type,
            self._source(message.sender),
            Place(*self._kinds["number"], _word(message.address.removeprefix("+"))),
            b"",
            validity=self._validity(message.send_before, now),
            receipt=self._receipt,
        )
        encoding = self._encoding(text)
        coding = _CODINGS[encoding]
        parts = gsm7.split(text, encoding=encoding, header=self._header)
        if len(parts) < 2:
            made = body._replace(text=self._octets(text, encoding), data_coding=coding)
            return [smpp_pdu.submit(made)]
        whole = body._replace(data_coding=coding)
        return [smpp_pdu.submit(each) for each in self._long(whole, parts, encoding, message.key)]

    def _long(
        self, body: Body, parts: Sequence[str], encoding: Encoding, key: DeliveryKey
    ) -> list[Body]:
        """Number the parts; only the last asks for a receipt, so that there is one a message."""
        how = self._settings.long_messages
        if how is LongMessages.PAYLOAD:
            payload = self._octets("".join(parts), encoding)
            return [body._replace(extras=((Tag.MESSAGE_PAYLOAD, payload),))]
        reference = key.wave_id * 31 + key.customer_id + key.attempt
        made = []
        for number, text in enumerate(parts, 1):
            receipt = body.receipt if number == len(parts) else 0
            part = Part(reference, len(parts), number)
            octets = self._octets(text, encoding)
            made.append(_numbered(body._replace(receipt=receipt), octets, part, how))
        return made

    def _encoding(self, text: str) -> Encoding:
        """Say how a text goes: in the default alphabet, or in UCS-2 where that does not do."""
        encoding = gsm7.encoding_of(text)
        if encoding is Encoding.GSM7 and not self._gsm7:
            return encoding if _LATIN1.fullmatch(text) else Encoding.UCS2
        return encoding

    def _octets(self, part: str, encoding: Encoding) -> bytes:
        if encoding is Encoding.UCS2:
            return part.encode("utf-16-be")
        return gsm7.encode(part) if self._gsm7 else part.encode("latin-1")

    def _source(self, sender: str) -> Place:
        if sender.startswith("+"):
            return Place(*self._kinds["number"], _word(sender[1:]))
        kind = "short_code" if _SHORT.fullmatch(sender) else "alphanumeric"
        if sender.isdigit() and kind == "alphanumeric":
            kind = "number"
        return Place(*self._kinds[kind], _word(sender))

    def _validity(self, send_before: float, now: float) -> bytes:
        """Give the relative time (7.1.1) left of the person's hours; none where none is set.

        A phone that is switched on at night must not ring then.
        """
        left = send_before - now
        if not self._settings.validity or left > _LONGEST_VALIDITY:
            return b""
        return _relative(int(max(left, _SHORTEST_VALIDITY)))


_KINDS = ("number", "short_code", "alphanumeric")


class Reader:
    """Reads what people write: numbers in E.164, texts in Unicode."""

    def __init__(self, settings: SmppSettings) -> None:
        self._country = settings.reply_country
        self._gsm7 = settings.alphabet is Alphabet.GSM7

    def number(self, place: Place) -> str:
        """Give an address as we write it."""
        written = place.address.strip()
        if place.ton == _NAME:
            return written
        digits = written.removeprefix("+").removeprefix("00")
        if place.ton == _INTERNATIONAL and digits.isdigit():
            return f"+{digits}"
        if self._country and not written.startswith(("+", "00")):
            found = normalise_phone(written, self._country)
            if not isinstance(found, Problem):
                return found
        return international(written)

    def text(self, octets: bytes, data_coding: int) -> str:
        """Give the words; what cannot be read shows as a replacement, never as an error."""
        group = data_coding if data_coding < 16 else _alphabet_of(data_coding)
        if group == _UCS2:
            return octets.decode("utf-16-be", "replace")
        if group in _NAMED:
            return octets.decode(_NAMED[group], "replace")
        return gsm7.decode(octets) if self._gsm7 else octets.decode("latin-1")


def part_of(delivery: Delivery) -> tuple[Part | None, bytes]:
    """Give which part a delivery is, if it is one, and its text without the header."""
    extras = delivery.extras
    if delivery.esm_class & _UDH and delivery.text:
        return _headed(delivery.text)
    sar = [extras.get(tag, b"") for tag in _SAR]
    if all(sar):
        reference, total, number = (int.from_bytes(value, "big") for value in sar)
        return _sane(Part(reference, total, number)), delivery.text
    return None, delivery.text


_SAR = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)


def _headed(octets: bytes) -> tuple[Part | None, bytes]:
    """Take the user data header off (3GPP TS 23.040, 9.2.3.24)."""
    end = 1 + octets[0]
    header, text = octets[1:end], octets[end:]
    at, part = 0, None
    while at + 2 <= len(header):
        kind, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if kind in (0, 8) and len(value) == (3 if kind == 0 else 4):
            part = _sane(Part(int.from_bytes(value[:-2], "big"), value[-2], value[-1]))
        at += 2 + size
    return part, text


def _sane(part: Part) -> Part | None:
    return part if 1 < part.total <= 255 and 1 <= part.number <= part.total else None


def _numbered(body: Body, octets: bytes, part: Part, how: LongMessages) -> Body:
    if how is LongMessages.SAR:
        values = (
            (part.reference & 0xFFFF).to_bytes(2, "big"),
            bytes((part.total,)),
            bytes((part.number,)),
        )
        return body._replace(text=octets, extras=tuple(zip(_SAR, values, strict=True)))
    if how is LongMessages.UDH16:
        header = b"\x06\x08\x04" + (part.reference & 0xFFFF).to_bytes(2, "big")
    else:
        header = b"\x05\x00\x03" + bytes((part.reference & 0xFF,))
    header += bytes((part.total, part.number))
    return body._replace(text=header + octets, esm_class=_UDH)


def _alphabet_of(data_coding: int) -> int:
    """Give the plain data_coding that says the same as one with a message class (TS 23.038, 4)."""
    if data_coding & 0xF0 == 0xF0:
        return 4 if data_coding & 0x04 else _DEFAULT
    if data_coding & 0xC0 == 0:
        return (_DEFAULT, 4, _UCS2, _DEFAULT)[data_coding >> 2 & 0x03]
    return _UCS2 if data_coding & 0xF0 == 0xE0 else _DEFAULT


def _kind(text: str) -> tuple[int, int]:
    ton, npi = text.split("/")
    return int(ton), int(npi)


def _word(text: str) -> str:
    if not 0 < len(text) <= _LONGEST_WORD or "\0" in text:
        raise ValueError("an address has 1 to 20 characters")
    return text


@lru_cache(maxsize=4096)
def _relative(seconds: int) -> bytes:
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    return b"0000%02d%02d%02d%02d000R" % (days, hours, *divmod(seconds, 60))
