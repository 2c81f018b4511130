"""Gateways are built from plain settings, and a wrong setting is named with a way out."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from dispatcher.domain.gsm7_tables import National
from dispatcher.errors import ConfigError
from dispatcher.gateways import registry
from dispatcher.gateways.registry import KINDS, build, national_tables
from dispatcher.gateways.sandbox import SandboxGateway

URL = "https://sms.example/v1"


def test_the_kind_of_a_gateway_is_its_name_in_the_registry() -> None:
    """One name for a kind, in the settings, the code and the documentation."""
    for name, made in KINDS.items():
        assert getattr(made, "kind") == name  # noqa: B009 - classes of all sorts


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("http_smss", {}, 'gateways.acme.kind: there is no gateway of the kind "http_smss"; did you'),
    ("pigeon", {}, "; there are: "),
    ("http_sms", {}, "gateways.acme.url: is missing"),
    ("http_sms", {"url": URL, "tokn": "x"}, "gateways.acme.tokn: there is no such setting; did"),
    ("http_sms", {"url": "http://sms.example/"}, "gateways.acme.url: would send messages in clear"),
    ("http_sms", {"url": "https://me:pw@sms.example/"}, "must not hold a password"),
    ("http_sms", {"url": "sms.example"}, "must begin with https://"),
    ("http_sms", {"url": "https://sms.example:sms/"}, "gateways.acme.url: cannot be read"),
    ("http_sms", {"url": URL, "format": "xml"}, "gateways.acme.format: input should be 'json'"),
    ("http_sms", {"url": URL, "method": "DELETE"}, "gateways.acme.method"),
    ("http_sms", {"url": URL, "method": "GET"}, "gateways.acme.format: must be query"),
    ("http_sms", {"url": URL, "auth": "bearer"}, "gateways.acme.token: is missing"),
    ("http_sms", {"url": URL, "auth": "bearer", "token": "a\nb"}, "gateways.acme.token: holds"),
    ("http_sms", {"url": URL, "auth": "header", "token": "x"}, "gateways.acme.auth_header"),
    ("http_sms", {"url": URL, "auth": "basic"}, "gateways.acme.username, password: are missing"),
    ("http_sms", {"url": URL, "fields": {"to": "{to}"}}, "gateways.acme.fields: must hold {to}"),
    (
        "http_sms",
        {"url": URL, "fields": {"to": "{to}", "text": "{txet}"}},
        "{txet} cannot be filled in here; usable: {delivery}",
    ),
    (
        "http_sms",
        {"url": URL, "fields": {"to": "{to}", "text": "{text}", "key": "{token}"}},
        "{token} cannot be filled in here",
    ),
    ("http_sms", {"url": URL, "headers": {"X": "{text}"}}, "gateways.acme.headers: {text} cannot"),
    ("http_sms", {"url": URL, "headers": {"X Y": "1"}}, "'X Y' is no header"),
    ("http_sms", {"url": URL, "headers": {"X": "1\r\nY: 2"}}, "is no header that can be sent"),
    ("http_sms", {"url": URL, "max_batch": 5}, "gateways.acme.max_batch: more than 1 needs"),
    ("http_sms", {"url": URL, "in_flight": 0}, "must be 1 or more"),
    ("http_sms", {"url": URL, "timeout": 0}, "must be more than 0"),
    ("http_sms", {"url": URL, "timeout": "soon"}, "gateways.acme.timeout: input should be a"),
    ("http_sms", {"url": URL, "idempotency": 60}, "gateways.acme.idempotency: needs {delivery}"),
    ("http_sms", {"url": URL, "codes": {"1": "great"}}, "gateways.acme.codes: input should be"),
    ("http_sms", {"url": URL, "answer_pattern": "("}, "gateways.acme.answer_pattern: is no"),
    ("http_sms", {"url": URL, "callback_auth": "hmac"}, "callback_secret: must have 16"),
    (
        "http_sms",
        {"url": URL, "callback_auth": "hmac", "callback_secret": "x" * 20, "signed_content": "x"},
        "gateways.acme.signed_content: must hold {timestamp} and {body}",
    ),
    ("http_sms", {"url": URL, "ca_file": "no/such/file"}, "gateways.acme.ca_file: no/such/file"),
    ("sandbox", {"channel": "fax"}, "gateways.acme.channel: input should be 'email' or 'sms'"),
    ("sandbox", {"channel": "sms"}, "gateways.acme.kind: this kind needs put, key"),
    ("smtp", {"host": "mail.example", "prot": 25}, 'did you mean "port"?'),
    ("smtp", {"host": "mail.example", "security": "ssl3"}, "gateways.acme.security"),
]


@pytest.mark.parametrize(("kind", "options", "words"), WRONG)
def test_a_wrong_setting_is_named(kind: str, options: dict[str, Any], words: str) -> None:
    """The error names the setting, says what is wrong and, where it can, what was meant."""
    with pytest.raises(ConfigError) as error:
        build("acme", kind, options)
    assert words in str(error.value)
    assert error.value.setting.startswith("gateways.acme.")


def test_a_secret_is_not_in_the_error_about_it() -> None:
    """A wrong secret is refused without being shown."""
    options = {"url": URL, "auth": "bearer", "token": ["s3cr3t"]}
    with pytest.raises(ConfigError) as error:
        build("acme", "http_sms", options)
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:80/"])
def test_clear_text_is_fine_on_this_machine(url: str) -> None:
    """Simulators and gateways of one's own on loopback need no certificate."""
    assert build("acme", "http_sms", {"url": url}).name == "acme"


def test_an_installed_package_may_bring_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point adds a kind; it cannot take the place of one of ours."""

    def points(group: str) -> list[EntryPoint]:
        value = f"{SandboxGateway.__module__}:SandboxGateway"
        return [EntryPoint(name, value, group) for name in ("box", "smtp")]

    monkeypatch.setattr(registry, "entry_points", points)
    assert registry.kinds()["box"] is SandboxGateway
    assert registry.kinds()["smtp"] is KINDS["smtp"]


def test_the_national_tables_of_a_kind_are_those_its_class_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a class says it can send is reckoned with in previews; others send none."""

    class Operator:
        national_tables = frozenset({National.TURKISH})

    monkeypatch.setitem(KINDS, "operator", Operator)
    assert national_tables("operator") == {National.TURKISH}
    assert national_tables("http_sms") == national_tables("of a package") == frozenset()
