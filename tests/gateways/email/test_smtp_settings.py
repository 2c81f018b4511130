"""Promises about the settings of the SMTP gateway."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from dispatcher.errors import ConfigError
from dispatcher.gateways.email.smtp import SmtpGateway
from dispatcher.gateways.email.smtp_settings import SmtpSettings


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        ({"host": ""}, "host"),
        ({"port": 0}, "port"),
        ({"security": "ssl"}, "security"),
        ({"connections": 0}, "connections"),
        ({"timeout": 0}, "timeout"),
        ({"hello_name": "a b\r\n"}, "hello_name"),
        ({"ca_file": "/nowhere/at/all.pem"}, "ca_file"),
        ({"security": "none", "username": "anna"}, "security"),
    ],
)
def test_a_wrong_setting_is_named(options: dict[str, Any], setting: str) -> None:
    """Each wrong value stops the start with the setting's name."""
    with pytest.raises(ConfigError, match=setting):
        SmtpGateway("mail", **({"host": "mail.example.com"} | options))


def test_the_safe_way_is_the_default() -> None:
    """Unless told otherwise: STARTTLS, certificates checked, no password in clear text."""
    settings = SmtpSettings(host="mail.example.com")
    assert (settings.security, settings.verify, settings.auth_without_tls) == (
        "starttls",
        True,
        False,
    )


def test_every_setting_has_help() -> None:
    """The reference of settings is made from it."""
    assert [field.name for field in fields(SmtpSettings) if not field.metadata.get("help")] == []
