"""Promises about reading SPF: the verdicts of RFC 7208, and what a whole record costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address

import pytest

from dispatcher.gateways.email.spf import Spf, Verdict, examine
from tests.gateways.email.written_dns import Written

OURS = ip_address("192.0.2.10")


ZONE = {
    "mail.shop.example A": ["192.0.2.10", "2001:db8::10"],
    "shop.example A": ["192.0.2.99"],
    "shop.example MX": ["mail.shop.example"],
    "esp.example TXT": ["v=spf1 ip4:192.0.2.0/28 -all"],
    "soft.example TXT": ["v=spf1 ~all"],
    "two.example TXT": ["v=spf1 -all", "v=spf1 ~all"],
    "loop.example TXT": ["v=spf1 include:loop.example -all"],
}


def read(
    record: str, address: str = "192.0.2.10", more: Mapping[str, Sequence[str]] | None = None
) -> Spf:
    """Read a record of shop.example."""
    zone = {**ZONE, "shop.example TXT": ["other text", record], **(more or {})}
    return examine(Written(zone), "shop.example", ip_address(address))


@pytest.mark.parametrize(
    ("record", "verdict", "lookups"),
    [
        ("v=spf1 ip4:192.0.2.10 -all", Verdict.PASS, 0),
        ("v=spf1 IP4:192.0.2.0/24 -ALL", Verdict.PASS, 0),
        ("v=spf1 ip4:192.0.2.11 -all", Verdict.FAIL, 0),
        ("v=spf1 ip6:2001:db8::/32 ~all", Verdict.SOFTFAIL, 0),
        ("v=spf1 -ip4:192.0.2.10 +all", Verdict.FAIL, 0),
        ("v=spf1 a -all", Verdict.FAIL, 1),
        ("v=spf1 a/24 -all", Verdict.PASS, 1),
        ("v=spf1 a:mail.shop.example -all", Verdict.PASS, 1),
        ("v=spf1 mx -all", Verdict.PASS, 1),
        ("v=spf1 include:esp.example -all", Verdict.PASS, 1),
        ("v=spf1 include:soft.example -all", Verdict.FAIL, 1),
        ("v=spf1 redirect=esp.example", Verdict.PASS, 1),
        ("v=spf1 -all redirect=esp.example", Verdict.FAIL, 0),
        ("v=spf1 exists:mail.shop.example -all", Verdict.PASS, 1),
        ("v=spf1 exists:%{i}.shop.example ptr -all", Verdict.FAIL, 2),
        ("v=spf1 ?all", Verdict.NEUTRAL, 0),
        ("v=spf1", Verdict.NEUTRAL, 0),
        ("v=spf1 ip4:192.0.2.10 include:soft.example mx exp=why.example -all", Verdict.PASS, 2),
    ],
)
def test_a_record_is_read_as_receivers_read_it(record: str, verdict: Verdict, lookups: int) -> None:
    """The first term that matches decides; the cost is that of a reader whom none matches."""
    found = read(record)
    assert (found.verdict, found.lookups, found.problems) == (verdict, lookups, [])


def test_an_address_of_the_other_kind_is_found() -> None:
    """IPv6, in a network and by a host's name."""
    assert read("v=spf1 ip6:2001:db8::/32 -all", "2001:db8::1").verdict is Verdict.PASS
    assert read("v=spf1 ip6:2001:db8::1/128 -all", "2001:db8::1").verdict is Verdict.PASS
    assert read("v=spf1 mx -all", "2001:db8::10").verdict is Verdict.PASS
    assert read("v=spf1 a:mail.shop.example//64 -all", "2001:db8::1").verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("v=spf1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1"),
        ("v=spf1 ip4:mail.example -all", "no valid address"),
        ("v=spf1 include:nowhere.example -all", "nowhere.example is included"),
        ("v=spf1 include:two.example -all", "two.example has 2 SPF records"),
        ("v=spf1 include:loop.example -all", "included in itself"),
        ("v=spf1 include -all", "names no domain"),
        ("v=spf1 ,a -all", "no term"),
    ],
)
def test_a_mistake_makes_the_whole_record_void(record: str, told: str) -> None:
    """Receivers give up (permerror), even where an earlier term matches."""
    found = read(record.replace("v=spf1", "v=spf1 ip4:192.0.2.10"))
    assert found.verdict is Verdict.ERROR
    assert told in "; ".join(found.problems)


def test_nested_look_ups_count() -> None:
    """Includes of includes, wherever they stand."""
    includes = {f"i{n}.example TXT": [f"v=spf1 include:i{n + 1}.example ~all"] for n in range(11)}
    includes["i11.example TXT"] = ["v=spf1"]
    found = read("v=spf1 include:i0.example -all", more=includes)
    assert found.lookups == 12


def test_look_ups_that_lead_nowhere_count() -> None:
    """Hosts, mail hosts and names that are not there."""
    found = read("v=spf1 a:gone.example mx:gone.example exists:gone.example -all")
    assert found.void == 3


def test_a_record_open_to_all_is_noticed() -> None:
    """Of the domain itself: what another's record ends with is another matter."""
    assert read("v=spf1 +all").open_to_all
    assert read("v=spf1 all").open_to_all
    assert not read("v=spf1 include:soft.example ~all").open_to_all


def test_a_domain_without_a_record_has_no_verdict() -> None:
    """Other texts are none."""
    found = examine(Written({"shop.example TXT": ["v=spf10", "x"]}), "shop.example", OURS)
    assert (found.verdict, list(found.records)) == (Verdict.NONE, [])
