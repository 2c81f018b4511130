"""A DNS written down, for what is decided by its answers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

from dispatcher.gateways.email.names import IP, Unanswered


class Written:
    """A DNS written down: "name KIND" to records; names in `unknown` give no answer."""

    def __init__(self, zone: Mapping[str, Sequence[str]], unknown: Sequence[str] = ()) -> None:
        self.zone = zone
        self.unknown = unknown

    def get(self, name: str, kind: str) -> Sequence[str]:
        if name in self.unknown:
            raise Unanswered(name)
        return self.zone.get(f"{name} {kind}", ())

    def texts(self, name: str) -> Sequence[str]:
        return self.get(name, "TXT")

    def exchanges(self, name: str) -> Sequence[str]:
        return self.get(name, "MX")

    def addresses(self, name: str) -> Sequence[IP]:
        return [ip_address(each) for each in self.get(name, "A")]

    def names_of(self, address: IP) -> Sequence[str]:
        return self.get(str(address), "PTR")
