"""What operators report of messages over SMPP: receipts in words (Appendix B) and in parameters."""

from __future__ import annotations

import re

from dispatcher.domain.messages import Event, EventKind
from dispatcher.gateways.callbacks import dedup_key
from dispatcher.gateways.sms.smpp_pdu import Delivery, Tag
from dispatcher.gateways.sms.smpp_settings import Ids, SmppSettings

_KINDS = 0x3C  # esm_class, bits 5-2: what a deliver_sm is
_ABOUT_OURS = (0x04, 0x20)  # a receipt; a notice on the way to it
# 5.2.28 with the words of Appendix B; what is not over yet is a delay.
_STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_MEANINGS = {
    "SCHEDULED": EventKind.DELAYED,
    "ENROUTE": EventKind.DELAYED,
    "ACCEPTD": EventKind.DELAYED,
    "DELIVRD": EventKind.DELIVERED,
    "EXPIRED": EventKind.BOUNCED,
    "DELETED": EventKind.BOUNCED,
    "UNDELIV": EventKind.BOUNCED,
    "REJECTD": EventKind.BOUNCED,
}
_WORDS = re.compile(r"\b(id|stat|err):\s*([^\s:]+)", re.IGNORECASE)
_TEXT = re.compile(r"\btext:", re.IGNORECASE)
_BASES = {Ids.HEX: 16, Ids.DECIMAL: 10}


def is_receipt(delivery: Delivery) -> bool:
    """Tell whether a delivery is about a message of ours, not from a person."""
    about = delivery.esm_class & _KINDS in _ABOUT_OURS
    return about or Tag.RECEIPTED_MESSAGE_ID in delivery.extras


class Receipts:
    """Reads the receipts of one gateway, and message ids wherever they stand."""

    def __init__(self, gateway: str, settings: SmppSettings) -> None:
        self._gateway = gateway
        self._ids, self._receipt_ids = settings.ids, settings.receipt_ids
        self._stopped = _plain_errors(settings.stopped_errors)
        self._dead = _plain_errors(settings.dead_errors)

    def reference(self, message_id: str) -> str:
        """Give the id of an answer in the form in which it is kept and found again."""
        return same(message_id, self._ids)

    def read(self, delivery: Delivery) -> Event:
        """Give the event of a receipt; one whose id or state is missing is UNKNOWN."""
        said = _said(delivery.text)
        extras = delivery.extras
        named = extras.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
        reference = self._reference(named, said.get("id", ""))
        state = _state(extras.get(Tag.MESSAGE_STATE, b"")) or said.get("stat", "").upper()
        error = said.get("err", "") or _network_error(extras.get(Tag.NETWORK_ERROR_CODE, b""))
        kind = _MEANINGS.get(state, EventKind.UNKNOWN) if reference else EventKind.UNKNOWN
        failed = kind is EventKind.BOUNCED and error.strip("0") != ""
        plain = _plain_error(error)
        return Event(
            dedup_key(self._gateway, "receipt", reference, state, error),
            self._gateway,
            kind,
            0.0,
            reference=reference,
            code=f"{state} {error}".strip() if failed else state,
            contact_stopped=failed and plain in self._stopped,
            dead_address=failed and plain in self._dead,
        )

    def _reference(self, named: str, written: str) -> str:
        """Give the id: the parameter repeats the answer's, unless it is just what the text says."""
        if named and named != written:
            return same(named, self._ids)
        return same(written, self._receipt_ids) if written else ""


def same(message_id: str, ids: Ids) -> str:
    """Give one form for an id that operators write with zeros, in capitals, in hex or decimal."""
    plain = message_id.strip().lower()
    base = _BASES.get(ids)
    if base:
        try:
            return str(int(plain, base))
        except ValueError:
            pass
    return plain.lstrip("0") or plain[:1]


def _said(octets: bytes) -> dict[str, str]:
    """Give the fields of a receipt in words; what follows `text:` is the message's own."""
    words = octets.replace(b"\0", b"").decode("latin-1")
    end = _TEXT.search(words)
    return {k.lower(): v for k, v in _WORDS.findall(words[: end.start()] if end else words)}


def _state(value: bytes) -> str:
    return _STATES.get(value[0], str(value[0])) if value else ""


def _network_error(value: bytes) -> str:
    return str(int.from_bytes(value[1:3], "big")) if len(value) == 3 else ""


def _plain_errors(errors: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(_plain_error, errors))


def _plain_error(error: str) -> str:
    return error.lower().lstrip("0")
