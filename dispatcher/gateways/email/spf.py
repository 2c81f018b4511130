"""Evaluates SPF (RFC 7208): the verdict for an address, and what the whole record costs to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_network

from dispatcher.gateways.email.names import IP, Names

MOST_LOOKUPS = 10
MOST_VOID = 2  # look-ups without an answer
_DEEPEST = 12
_TERM = re.compile(
    r"(?P<sign6>[+?~-]?)ip6:(?P<net6>[0-9a-f:.]+(?:/\d{1,3})?)"
    r"|(?P<sign>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)"
    r"(?:(?P<mark>[:=])(?P<value>[^/\s]*))?(?:/(?P<four>\d{1,2}))?(?://(?P<six>\d{1,3}))?",
    re.IGNORECASE,
)


class Verdict(StrEnum):
    """What receivers make of mail from an address."""

    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    ERROR = "permerror"


_SIGNS = {
    "+": Verdict.PASS,
    "": Verdict.PASS,
    "-": Verdict.FAIL,
    "~": Verdict.SOFTFAIL,
    "?": Verdict.NEUTRAL,
}


@dataclass(slots=True)
class Spf:
    """What was found: `lookups` and `void` are of the worst case, where every term is read.

    `problems` are mistakes for which receivers give up. `open_to_all`: everybody may send.
    """

    records: Sequence[str] = ()
    verdict: Verdict = Verdict.NONE
    lookups: int = 0
    void: int = 0
    open_to_all: bool = False
    problems: list[str] = field(default_factory=list)


def records_of(names: Names, domain: str) -> list[str]:
    """Give the SPF records of a domain."""
    every = (text.strip() for text in names.texts(domain))
    return [
        text for text in every if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")
    ]


def examine(names: Names, domain: str, address: IP | None = None) -> Spf:
    """Read the record of a domain and all it leads to. Raises Unanswered."""
    walk = _Walk(names, address, Spf(records_of(names, domain)))
    walk.found.verdict = walk.check(domain, walk.found.records, 0)
    return walk.found


class _Walk:
    """One reading of a tree of records, for one address or for none in particular."""

    def __init__(self, names: Names, address: IP | None, found: Spf) -> None:
        self.found = found
        self._names = names
        self._address = address
        self._mechanisms: dict[str, Callable[[str, re.Match[str], int], bool]] = {
            "all": lambda _domain, _term, _depth: True,
            "include": self._include,
            "a": self._a,
            "mx": self._mx,
            "ptr": self._ptr,
            "ip4": self._ip4,
            "exists": self._exists,
        }

    def check(self, domain: str, records: Sequence[str], depth: int) -> Verdict:
        """Read every term, even behind the one that decides: others meet other senders."""
        if len(records) != 1:
            if len(records) > 1:
                self._problem(f"{domain} has {len(records)} SPF records where one is allowed")
            return Verdict.NONE if not records else Verdict.ERROR
        if depth > _DEEPEST:
            self._problem(f"{domain} is included in itself")
            return Verdict.ERROR
        verdict, redirect, closed = None, "", False
        for word in records[0].split()[1:]:
            term = _TERM.fullmatch(word)
            if term is not None and term["mark"] == "=":
                redirect = (term["value"] or "") if term["name"].lower() == "redirect" else redirect
                continue
            sign = self._matched(domain, term, word, depth)
            verdict = verdict or sign
            if term is not None and (term["name"] or "").lower() == "all":
                closed = True
                self.found.open_to_all |= depth == 0 and sign is Verdict.PASS
        if redirect and not closed:
            onward = self._led_to(redirect, depth)
            verdict = verdict or onward
        return Verdict.ERROR if self.found.problems else verdict or Verdict.NEUTRAL

    def _matched(
        self, domain: str, term: re.Match[str] | None, word: str, depth: int
    ) -> Verdict | None:
        """Give what a term says of the address, nothing if it does not speak of it."""
        if term is not None and term["net6"] is not None:
            return _SIGNS[term["sign6"]] if self._in_network(term["net6"], word) else None
        mechanism = self._mechanisms.get(term["name"].lower()) if term is not None else None
        if term is None or mechanism is None:
            self._problem(f'"{word}" in the record of {domain} is no term of SPF')
            return None
        return _SIGNS[term["sign"]] if mechanism(domain, term, depth) else None

    def _include(self, domain: str, term: re.Match[str], depth: int) -> bool:
        if not term["value"]:
            self._problem(f"an include in the record of {domain} names no domain")
            return False
        return self._led_to(term["value"], depth) is Verdict.PASS

    def _led_to(self, target: str, depth: int) -> Verdict | None:
        """Go on at another record; one that is not there is a mistake (RFC 7208 5.2)."""
        self.found.lookups += 1
        if "%" in target or self.found.lookups > MOST_LOOKUPS * 4:
            return None
        records = records_of(self._names, target)
        if not records:
            self._problem(f"{target} is included and has no SPF record")
        return self.check(target, records, depth + 1)

    def _a(self, domain: str, term: re.Match[str], _depth: int) -> bool:
        self.found.lookups += 1
        return self._hosts([term["value"] or domain], term)

    def _mx(self, domain: str, term: re.Match[str], _depth: int) -> bool:
        self.found.lookups += 1
        target = term["value"] or domain
        if "%" in target:
            return False
        hosts = [host for host in self._names.exchanges(target) if host]
        self.found.void += not hosts
        if len(hosts) > MOST_LOOKUPS:
            self._problem(f"mx:{target} has more than {MOST_LOOKUPS} hosts")
        return self._hosts(hosts, term) if hosts else False

    def _ptr(self, _domain: str, _term: re.Match[str], _depth: int) -> bool:
        self.found.lookups += 1  # must not be used any more (RFC 7208 5.5), and matches nobody here
        return False

    def _exists(self, _domain: str, term: re.Match[str], _depth: int) -> bool:
        self.found.lookups += 1
        if not term["value"] or "%" in term["value"]:
            return False
        there = bool(self._names.addresses(term["value"]))
        self.found.void += not there
        return there

    def _ip4(self, _domain: str, term: re.Match[str], _depth: int) -> bool:
        text = f"{term['value']}/{term['four']}" if term["four"] else str(term["value"])
        return self._in_network(text, term[0])

    def _hosts(self, hosts: Sequence[str], term: re.Match[str]) -> bool:
        known = [host for host in hosts if "%" not in host]
        addresses = [each for host in known for each in self._names.addresses(host)]
        self.found.void += bool(known) and not addresses
        widths = {4: term["four"] or "32", 6: term["six"] or "128"}
        nets = (f"{each}/{widths[each.version]}" for each in addresses)
        return any(self._in_network(net, term[0]) for net in nets)

    def _in_network(self, text: str, term: str) -> bool:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            self._problem(f'"{term}" has no valid address')
            return False
        return self._address is not None and self._address in network

    def _problem(self, told: str) -> None:
        if told not in self.found.problems:
            self.found.problems.append(told)
