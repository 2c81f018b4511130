"""Asks the DNS; no answer at all is Unanswered, which is something else than no record."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Protocol

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from dispatcher.errors import ConfigError

IP = IPv4Address | IPv6Address
_PATIENCE = 6.0  # seconds for one question, over all servers and tries
_PORT = 53


class Unanswered(Exception):
    """The DNS gave no answer, so nobody knows; its text says to which question."""


class Names(Protocol):
    """What is asked of the DNS. Each raises Unanswered, and gives nothing where nothing is."""

    def texts(self, name: str) -> Sequence[str]:
        """Give the TXT records, each put together from its strings."""

    def exchanges(self, name: str) -> Sequence[str]:
        """Give the hosts of the MX records, the best first; "" is the one that takes no mail."""

    def addresses(self, name: str) -> Sequence[IP]:
        """Give the addresses of a host, of both kinds."""

    def names_of(self, address: IP) -> Sequence[str]:
        """Give the names that a PTR record gives an address."""


class DnsNames:
    """The DNS itself. Answers are kept as long as this lives, up to their own end."""

    def __init__(self, server: str = "") -> None:
        """Ask `server` (192.0.2.53, or with a port 192.0.2.53:5353); else the system's servers."""
        try:
            self._resolver = dns.resolver.Resolver(configure=not server)
        except dns.exception.DNSException as error:
            raise ConfigError("dns_server", f"no DNS server is known here: {error}") from None
        if server:
            address, self._resolver.port = _server(server)
            self._resolver.nameservers = [address]
        self._resolver.lifetime = _PATIENCE
        self._resolver.cache = dns.resolver.LRUCache()

    def texts(self, name: str) -> Sequence[str]:
        """Give the TXT records."""
        found = self._ask(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]

    def exchanges(self, name: str) -> Sequence[str]:
        """Give the hosts of the MX records."""
        found = sorted(self._ask(name, "MX"), key=lambda record: record.preference)
        return [_bare(record.exchange) for record in found]

    def addresses(self, name: str) -> Sequence[IP]:
        """Give the addresses of a host."""
        found = (*self._ask(name, "A"), *self._ask(name, "AAAA"))
        return [ip_address(record.address) for record in found]

    def names_of(self, address: IP) -> Sequence[str]:
        """Give the names of an address."""
        found = self._ask(str(dns.reversename.from_address(str(address))), "PTR")
        return [_bare(record.target) for record in found]

    def _ask(self, name: str, kind: str) -> Sequence[Any]:
        try:
            answer = self._resolver.resolve(name, kind, search=False, raise_on_no_answer=False)
        except (dns.resolver.NXDOMAIN, dns.name.EmptyLabel, dns.name.LabelTooLong):
            return ()
        except dns.exception.DNSException as error:
            raise Unanswered(f"{kind} of {name}: {_plainly(error)}") from None
        return tuple(answer.rrset or ())


def _plainly(error: dns.exception.DNSException) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(error, dns.resolver.NoNameservers):
        return "the servers failed"
    return str(error)


def _bare(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower() if len(name) > 1 else ""


def _server(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    try:
        return str(ip_address(host.strip("[]"))), int(port or _PORT)
    except ValueError:
        raise ConfigError("dns_server", f'"{text}" is no address; write 192.0.2.53:53') from None
