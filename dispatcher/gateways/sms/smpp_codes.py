"""What the statuses of SMPP 3.4 mean for a message, in one table, and an operator's own codes.

Names and numbers: SMPP Protocol Specification v3.4, 5.1.3. Every status but 0 says that the message
was not taken on, so nobody is told twice when it goes again; only 0xFF says that nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dispatcher.domain.messages import Outcome
from dispatcher.errors import ConfigError
from dispatcher.gateways.classify import Verdict
from dispatcher.gateways.vocabulary import MEANINGS, Meaning

OK = 0x00
THROTTLED = 0x58
QUEUE_FULL = 0x14


class _Code(NamedTuple):
    name: str
    words: str
    meaning: Meaning = Meaning.REFUSED


_REFUSED, _THROTTLED, _DOWN = Meaning.REFUSED, Meaning.THROTTLED, Meaning.DOWN

# Refused: this message only. Throttled: a moment later. Down: settings or account, nothing passes.
_CODES: dict[int, _Code] = {
    0x01: _Code("ESME_RINVMSGLEN", "invalid message length"),
    0x02: _Code("ESME_RINVCMDLEN", "invalid command length"),
    0x03: _Code("ESME_RINVCMDID", "invalid command", _DOWN),
    0x04: _Code("ESME_RINVBNDSTS", "not bound for this command", _DOWN),
    0x05: _Code("ESME_RALYBND", "already bound", _DOWN),
    0x06: _Code("ESME_RINVPRTFLG", "invalid priority flag"),
    0x07: _Code("ESME_RINVREGDLVFLG", "invalid registered delivery flag", _DOWN),
    0x08: _Code("ESME_RSYSERR", "system error", _THROTTLED),
    0x0A: _Code("ESME_RINVSRCADR", "invalid source address"),
    0x0B: _Code("ESME_RINVDSTADR", "invalid destination address", Meaning.DEAD),
    0x0C: _Code("ESME_RINVMSGID", "invalid message id"),
    0x0D: _Code("ESME_RBINDFAIL", "bind failed", _DOWN),
    0x0E: _Code("ESME_RINVPASWD", "invalid password", _DOWN),
    0x0F: _Code("ESME_RINVSYSID", "invalid system_id", _DOWN),
    QUEUE_FULL: _Code("ESME_RMSGQFUL", "message queue full", _THROTTLED),
    0x15: _Code("ESME_RINVSERTYP", "invalid service type", _DOWN),
    0x33: _Code("ESME_RINVNUMDESTS", "invalid number of destinations"),
    0x40: _Code("ESME_RINVDESTFLAG", "invalid destination flag"),
    0x42: _Code("ESME_RINVSUBREP", "invalid submit with replace request"),
    0x43: _Code("ESME_RINVESMCLASS", "invalid esm_class"),
    0x45: _Code("ESME_RSUBMITFAIL", "submit failed"),
    0x48: _Code("ESME_RINVSRCTON", "invalid source type of number"),
    0x49: _Code("ESME_RINVSRCNPI", "invalid source numbering plan"),
    0x50: _Code("ESME_RINVDSTTON", "invalid destination type of number", _DOWN),
    0x51: _Code("ESME_RINVDSTNPI", "invalid destination numbering plan", _DOWN),
    0x53: _Code("ESME_RINVSYSTYP", "invalid system_type", _DOWN),
    0x54: _Code("ESME_RINVREPFLAG", "invalid replace flag"),
    0x55: _Code("ESME_RINVNUMMSGS", "invalid number of messages"),
    THROTTLED: _Code("ESME_RTHROTTLED", "more than the allowed messages a second", _THROTTLED),
    0x61: _Code("ESME_RINVSCHED", "invalid scheduled delivery time"),
    0x62: _Code("ESME_RINVEXPIRY", "invalid validity period", _DOWN),
    0x63: _Code("ESME_RINVDFTMSGID", "invalid predefined message"),
    0x64: _Code("ESME_RX_T_APPN", "temporary error of the receiver", _THROTTLED),
    0x65: _Code("ESME_RX_P_APPN", "permanent error of the receiver"),
    0x66: _Code("ESME_RX_R_APPN", "rejected by the receiver"),
    0xC0: _Code("ESME_RINVOPTPARSTREAM", "error in the optional part"),
    0xC1: _Code("ESME_ROPTPARNOTALLWD", "optional parameter not allowed"),
    0xC2: _Code("ESME_RINVPARLEN", "invalid parameter length"),
    0xC3: _Code("ESME_RMISSINGOPTPARAM", "missing optional parameter"),
    0xC4: _Code("ESME_RINVOPTPARAMVAL", "invalid value of an optional parameter"),
    0xFE: _Code("ESME_RDELIVERYFAILURE", "delivery failure"),
    0xFF: _Code("ESME_RUNKNOWNERR", "unknown error", Meaning.UNSURE),
}


def told(status: int) -> str:
    """Name a status as the standard does, or by its number."""
    known = _CODES.get(status)
    return f"{known.name} ({known.words})" if known else f"status 0x{status:08X}"


class Judge:
    """Gives the verdict on a status; an operator's own meanings go before the standard's."""

    def __init__(
        self,
        own: Mapping[str, Meaning],
        stopped: Iterable[str],
        dead: Iterable[str],
        defer_seconds: float,
    ) -> None:
        self._own = {
            **{number(code, "codes"): meaning for code, meaning in own.items()},
            **{number(code, "dead_codes"): Meaning.DEAD for code in dead},
            **{number(code, "stopped_codes"): Meaning.STOPPED for code in stopped},
        }
        self._wait = defer_seconds

    def verdict(self, status: int, words: str = "") -> Verdict:
        """Say what a status other than 0 means for its message."""
        known = _CODES.get(status)
        code = known.name if known else f"0x{status:08X}"
        detail = words or (known.words if known else "")
        meaning = self._own.get(status) or (known.meaning if known else Meaning.REFUSED)
        outcome, trouble = MEANINGS[meaning]
        return Verdict(
            outcome,
            trouble,
            code=code,
            detail=detail,
            retry_after=self._wait if outcome is Outcome.DEFERRED else 0.0,
            contact_stopped=meaning is Meaning.STOPPED,
            dead_address=meaning is Meaning.DEAD,
        )


def number(code: str, setting: str) -> int:
    """Read a status as operators write it, 1025 or 0x401; raise ConfigError."""
    try:
        return int(code, 0)
    except ValueError:
        raise ConfigError(setting, f'"{code}" is no number such as 1025 or 0x401') from None
