"""People as an operator meets them: who they are and where they can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatcher.domain.messages import Channel


@dataclass(frozen=True, slots=True)
class Address:
    """Where a person is reached on one channel, in normal form, with its keyed digests.

    `digest_wide` is the digest without `+tag` (docs/tokens.md), equal to `digest` without one.
    """

    channel: Channel
    address: str
    digest: bytes
    digest_wide: bytes
    bucket: int
    zones: tuple[str, ...] = ()
    deliverable: bool = True
    jurisdictions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A customer with addresses and declared facts. `hours_*`: minutes after local midnight.

    `prefers` is the channel to be tried first, None if the person has not said. `days` are their
    own weekdays, `12345`, "" for any; `most_a_month` the offers they want at most, 0 if they did
    not say.
    """

    id: int
    language: str = ""
    country: str = ""
    zone: str = ""
    hours_from: int = 0
    hours_until: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[Address, ...] = ()
    visible: bool = True
    erased: bool = False
    region: str = ""
    prefers: Channel | None = None
    days: str = ""
    most_a_month: int = 0

    def address(self, channel: Channel) -> Address | None:
        """Give the address on a channel, if there is one."""
        return next((a for a in self.addresses if a.channel is channel), None)
