"""The settings of one SMTP gateway, each with its help."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Any

from pydantic import SecretStr

from dispatcher.errors import ConfigError

_HELLO = re.compile(r"[A-Za-z0-9.-]+|\[[A-Fa-f0-9.:IPv]+\]")


class Security(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where the mail server is and how to speak to it. Times are in seconds."""

    host: str = field(metadata={"help": "Name or address of the mail server"})
    port: int = field(default=587, metadata={"help": "Port of the mail server"})
    security: Security = field(
        default=Security.STARTTLS,
        metadata={
            "help": "starttls (never falls back to clear text), tls (from the start) or none"
        },
    )
    username: str = field(default="", metadata={"help": "User name, where the server wants one"})
    password: SecretStr | str = field(
        default="", repr=False, metadata={"help": "Password that goes with the user name"}
    )
    auth_without_tls: bool = field(
        default=False, metadata={"help": "Allow the password to travel in clear text"}
    )
    verify: bool = field(default=True, metadata={"help": "Check the server's certificate"})
    ca_file: str = field(
        default="", metadata={"help": "File of certificates to trust instead of the system's"}
    )
    connections: int = field(default=10, metadata={"help": "Connections held open at once"})
    hello_name: str = field(
        default="localhost", metadata={"help": "Our own name in EHLO; best one that resolves"}
    )
    timeout: float = field(
        default=30.0, metadata={"help": "Longest wait for a connection or for one answer"}
    )
    final_timeout: float = field(
        default=120.0, metadata={"help": "Longest wait for the answer to a whole message"}
    )
    idle: float = field(
        default=60.0, metadata={"help": "A connection unused for longer is not used again"}
    )
    breaker: int = field(
        default=20,
        metadata={"help": "After so many troubles in a row the gateway counts as down"},
    )
    dkim: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "Keys to sign mail with, by the sender's domain (and all below it): a table,"
            " or several, each with selector and key_file; empty: the server signs"
        },
    )
    dkim_selectors: tuple[str, ...] = field(
        default=(),
        metadata={"help": "Selectors by which the server signs; only 'gateway check' asks"},
    )
    sends_from: tuple[str, ...] = field(
        default=(),
        metadata={"help": "IP addresses the server sends from; only 'gateway check' asks"},
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "security", _security(self.security))
        if not self.host or not 0 < self.port < 65536:
            raise ConfigError("host, port", "name a mail server, and a port from 1 to 65535")
        if self.connections < 1 or self.breaker < 1:
            raise ConfigError("connections, breaker", "must be 1 or more")
        if min(self.timeout, self.final_timeout, self.idle) <= 0:
            raise ConfigError("timeout, final_timeout, idle", "must be more than 0 seconds")
        if not _HELLO.fullmatch(self.hello_name):
            raise ConfigError("hello_name", f"{self.hello_name!r} is no host name")
        for each in self.sends_from:
            _check_ip(each)
        if self.username and self.security is Security.NONE and not self.auth_without_tls:
            raise ConfigError(
                "security",
                "a password would travel in clear text; use starttls or tls, or set"
                " auth_without_tls if the network itself is protected",
            )

    @property
    def where(self) -> str:
        """Name the server as people do."""
        return f"{self.host}:{self.port}"

    def secret(self) -> str:
        """Give the password itself, for the one place that sends it."""
        if isinstance(self.password, SecretStr):
            return self.password.get_secret_value()
        return self.password

    def tls_context(self) -> ssl.SSLContext:
        """Build the TLS rules: TLS 1.2 or newer, certificates checked unless told otherwise."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except OSError as error:
            raise ConfigError("ca_file", f"{self.ca_file} cannot be read: {error}") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _security(value: str) -> Security:
    try:
        return Security(value)
    except ValueError:
        raise ConfigError(
            "security", f"{value!r} is unknown; choose one of {', '.join(Security)}"
        ) from None


def _check_ip(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise ConfigError("sends_from", f"{text!r} is no IP address") from None
