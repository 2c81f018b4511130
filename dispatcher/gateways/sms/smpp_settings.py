"""The settings of a gateway over SMPP 3.4: the account, the line, the texts and the receipts."""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

from dispatcher.errors import ConfigError
from dispatcher.gateways.options import option
from dispatcher.gateways.sms.smpp_codes import number
from dispatcher.gateways.vocabulary import Meaning

_KIND = re.compile(r"[0-6]/(?:0|1|3|4|6|8|9|10|14|18)")  # type of number / numbering plan
_ERROR = re.compile(r"[0-9A-Za-z]{1,8}")


class Security(StrEnum):
    """How the line is kept from being read."""

    TLS = "tls"
    NONE = "none"


class Bind(StrEnum):
    """What a line is bound as."""

    TRANSMITTER = "transmitter"
    RECEIVER = "receiver"
    TRANSCEIVER = "transceiver"


class Alphabet(StrEnum):
    """What data_coding 0, the operator's default alphabet, is."""

    GSM7 = "gsm7"
    LATIN1 = "latin1"


class LongMessages(StrEnum):
    """How a text of several parts travels."""

    UDH8 = "udh8"
    UDH16 = "udh16"
    SAR = "sar"
    PAYLOAD = "payload"


class Ids(StrEnum):
    """How the operator writes its message ids."""

    TEXT = "text"
    HEX = "hex"
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppSettings:
    """Everything about one account at an operator or aggregator that speaks SMPP 3.4."""

    host: str = option("The operator's server")
    port: int = option("Its port; 0: 3550 with TLS, 2775 without", 0)
    security: Security = option(
        "tls, or none: texts and password are readable on the way, so only within a VPN",
        Security.TLS,
    )
    ca_file: str = option("File of certificates to trust instead of the system's", "")
    system_id: str = option("Name of the account")
    password: SecretStr = option(
        "Its password; at most 8 characters by the standard", SecretStr("")
    )
    system_type: str = option("What the operator calls this kind of account, if it asks", "")
    bind: Bind = option(
        "How sending processes bind: transmitter, or transceiver to hear on the same lines, too",
        Bind.TRANSMITTER,
    )
    listen_bind: Bind = option(
        "How `dispatcher gateway listen` binds: receiver, or transceiver where the operator knows"
        " nothing else",
        Bind.RECEIVER,
    )
    address_range: str = option("Which of our numbers the listener hears, if the operator asks", "")
    window: int = option("Most parts under way without an answer, in each process", 10)
    connect_timeout: float = option(
        "Longest wait for a connection and for the bind, in seconds", 10.0
    )
    timeout: float = option("Longest wait for an answer, in seconds", 30.0)
    enquire_seconds: float = option("A line that was silent for so long is asked if it lives", 30.0)
    defer_seconds: float = option("When to try again after a deferred or throttled code", 60.0)

    service_type: str = option("service_type of each message, if the operator asks", "")
    number: str = option("Type of number / numbering plan of numbers with +", "1/1")
    short_code: str = option("The same for our short codes", "3/0")
    alphanumeric: str = option("The same for names as senders", "5/0")
    alphabet: Alphabet = option(
        "What data_coding 0 is at this operator: gsm7 or latin1", Alphabet.GSM7
    )
    long_messages: LongMessages = option(
        "How long texts travel: udh8 or udh16 (a header with a reference of 8 or 16 bits; the"
        " latter takes a character of each part), sar, or payload (the operator cuts the text)",
        LongMessages.UDH8,
    )
    validity: bool = option(
        "Tell the operator until when it may deliver: while the person's hours last", True
    )
    receipts: bool = option("Ask for delivery receipts", True)

    codes: dict[str, Meaning] = option(
        "What the operator's own statuses mean: accepted, refused, stopped, dead, deferred, unsure,"
        " throttled or down; such as 0x401",
        {},
    )
    stopped_codes: tuple[str, ...] = option("Statuses for: this person has opted out", ())
    dead_codes: tuple[str, ...] = option("Statuses for: no such number, beside 0x0B", ())
    stopped_errors: tuple[str, ...] = option("The same as `err` of a receipt: opted out", ())
    dead_errors: tuple[str, ...] = option("The same as `err` of a receipt: no such number", ())
    ids: Ids = option(
        "How answers write message ids: text (as they stand), hex or decimal", Ids.TEXT
    )
    receipt_ids: Ids = option("How the text of receipts writes them", Ids.TEXT)
    reply_country: str = option(
        "Country of people whose numbers come without country code, such as US; none: all have one",
        "",
    )

    def __post_init__(self) -> None:
        _check_line(self)
        _check_words(self)
        _check_codes(self)


def _check_line(s: SmppSettings) -> None:
    if not s.host or "/" in s.host or "@" in s.host:
        raise ConfigError("host", "must be the name of a server, such as smpp.operator.example")
    if not 0 <= s.port <= 65_535:
        raise ConfigError("port", "must be from 0 to 65535")
    if s.security is Security.NONE and s.ca_file:
        raise ConfigError("ca_file", "does nothing with security = none")
    if s.bind is Bind.RECEIVER:
        raise ConfigError("bind", "must be transmitter or transceiver: a receiver cannot send")
    if s.listen_bind is Bind.TRANSMITTER:
        raise ConfigError("listen_bind", "must be receiver or transceiver: a transmitter is deaf")
    if not 1 <= s.window <= 1000:
        raise ConfigError("window", "must be from 1 to 1000")
    if min(s.connect_timeout, s.timeout, s.enquire_seconds) <= 0:
        raise ConfigError("connect_timeout, timeout, enquire_seconds", "must be more than 0")
    if s.defer_seconds <= 0:
        raise ConfigError("defer_seconds", "must be more than 0")


def _check_words(s: SmppSettings) -> None:
    password = s.password.get_secret_value()
    words = (
        ("system_id", s.system_id),
        ("password", password),
        ("system_type", s.system_type),
        ("service_type", s.service_type),
        ("address_range", s.address_range),
    )
    for name, word in words:
        if not (word.isascii() and (word.isprintable())):
            raise ConfigError(name, "holds characters that SMPP cannot carry")
    if not s.system_id:
        raise ConfigError("system_id", "is empty")
    for name in ("number", "short_code", "alphanumeric"):
        if not _KIND.fullmatch(getattr(s, name)):
            raise ConfigError(name, "must be type of number / numbering plan, such as 1/1")


def _check_codes(s: SmppSettings) -> None:
    for setting in ("codes", "stopped_codes", "dead_codes"):
        for code in getattr(s, setting):
            if number(code, setting) <= 0:
                raise ConfigError(setting, "must be statuses above 0: 0 is success")
    for setting in ("stopped_errors", "dead_errors"):
        for code in getattr(s, setting):
            if not _ERROR.fullmatch(code):
                raise ConfigError(setting, f'"{code}" is no err of a receipt, such as 027')
    country = s.reply_country
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise ConfigError("reply_country", "must be two letters, such as US")
