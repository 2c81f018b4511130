"""Reads DMARC: the policy that holds for a domain, and which domains count as one (tree walk)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dispatcher.gateways.email.dkim_keys import read_tags
from dispatcher.gateways.email.names import Names

POLICIES = ("none", "quarantine", "reject")
_MOST_LABELS = 7  # of names asked above the first one


class Dmarc(NamedTuple):
    """A record: at which domain, its tags, and how many records there are at that name."""

    domain: str
    tags: dict[str, str]
    records: int = 1

    @property
    def strict_dkim(self) -> bool:
        """Whether the signature's domain must be the From domain itself."""
        return self.tags.get("adkim", "r").lower() == "s"

    @property
    def strict_spf(self) -> bool:
        """Whether the return path's domain must be the From domain itself."""
        return self.tags.get("aspf", "r").lower() == "s"


def policy_of(names: Names, domain: str) -> Dmarc | None:
    """Give the record that holds for mail from a domain: its own, else its organisation's."""
    own = _record(names, domain)
    if own is not None:
        return own
    above = organisation(names, domain)
    return _record(names, above) if above != domain else None


def policy_word(found: Dmarc, domain: str) -> str:
    """Give the policy's word; a domain below the record's may have one of its own."""
    whole = found.tags.get("p", "")
    return (whole if found.domain == domain else found.tags.get("sp", whole)).lower()


def organisation(names: Names, domain: str) -> str:
    """Give the domain that all below count as: the highest with a record, short of a registry."""
    highest, below = domain, domain
    for name in _upwards(domain):
        found = _record(names, name)
        if found is not None and found.records == 1:
            mark = found.tags.get("psd", "u").lower()
            if mark == "y" and name != domain:
                return below
            highest = name
            if mark == "n":
                return highest
        below = name
    return highest


def aligned(names: Names, first: str, second: str, *, strict: bool) -> bool:
    """Say whether two domains count as the same sender."""
    if first == second:
        return True
    return not strict and organisation(names, first) == organisation(names, second)


def _upwards(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    yield domain
    for at in range(max(1, len(labels) - _MOST_LABELS), len(labels)):
        yield ".".join(labels[at:])


def _record(names: Names, domain: str) -> Dmarc | None:
    every = [text for text in names.texts(f"_dmarc.{domain}") if _is_record(text)]
    return Dmarc(domain, read_tags(every[0]), len(every)) if every else None


def _is_record(text: str) -> bool:
    name, _, value = text.partition(";")[0].partition("=")
    return name.strip() == "v" and value.strip() == "DMARC1"
