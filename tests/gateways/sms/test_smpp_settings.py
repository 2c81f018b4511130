"""Promises about the settings of a gateway over SMPP: a slip is named before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.errors import ConfigError
from dispatcher.gateways.registry import Supplies, build
from dispatcher.gateways.sms.smpp import SmppGateway

LEAST = {"host": "smpp.operator.example", "system_id": "shop"}


def made(**options: Any) -> SmppGateway:
    async def hear(_: object) -> None: ...

    gateway = build("acme", "smpp", LEAST | options, Supplies(hear=hear))
    assert isinstance(gateway, SmppGateway)
    return gateway


WRONG = [
    ({"host": "smpp://operator.example"}, "host"),
    ({"host": ""}, "host"),
    ({"port": 70_000}, "port"),
    ({"security": "starttls"}, "security"),
    ({"security": "none", "ca_file": "ca.pem"}, "ca_file"),
    ({"ca_file": "no/such/file"}, "ca_file: no/such/file"),
    ({"system_id": ""}, "system_id"),
    ({"system_id": "shöp"}, "system_id"),
    ({"service_type": "a\0b"}, "service_type"),
    ({"bind": "receiver"}, "bind"),
    ({"listen_bind": "transmitter"}, "listen_bind"),
    ({"window": 0}, "window"),
    ({"timeout": 0}, "timeout"),
    ({"defer_seconds": 0}, "defer_seconds"),
    ({"number": "1"}, "number"),
    ({"short_code": "9/0"}, "short_code"),
    ({"alphanumeric": "5/2"}, "alphanumeric"),
    ({"long_messages": "split"}, "long_messages"),
    ({"codes": {"0x401": "fine"}}, "codes"),
    ({"codes": {"throttle": "down"}}, "codes"),
    ({"codes": {"0": "refused"}}, "codes"),
    ({"stopped_codes": ["STOP"]}, "stopped_codes"),
    ({"dead_codes": ["-1"]}, "dead_codes"),
    ({"dead_errors": ["no such number"]}, "dead_errors"),
    ({"reply_country": "Britain"}, "reply_country"),
    ({"ids": "base64"}, "ids"),
]


@pytest.mark.parametrize(("options", "named"), WRONG)
def test_a_wrong_setting_is_named(options: dict[str, Any], named: str) -> None:
    """With the gateway it belongs to."""
    with pytest.raises(ConfigError) as error:
        made(**options)
    assert str(error.value).startswith("gateways.acme.")
    assert named in str(error.value)


def test_unless_told_otherwise_the_line_is_private() -> None:
    """TLS at its own port; without it the standard's, and only by name."""
    assert made().server == ("smpp.operator.example", 3550)
    assert made(security="none").server == ("smpp.operator.example", 2775)
    assert made(port=2776).server == ("smpp.operator.example", 2776)


def test_the_password_is_in_no_error() -> None:
    """Not even in the one about itself."""
    with pytest.raises(ConfigError) as error:
        made(password="gehëim77")
    assert "gehëim77" not in str(error.value)


def test_limits_say_what_an_operator_can_do() -> None:
    """As many under way as the window; receipts and replies come back."""
    limits = made(window=25, receipts=False).limits
    assert (limits.in_flight, limits.max_batch) == (25, 1)
    assert limits.replies
    assert not limits.receipts_later
