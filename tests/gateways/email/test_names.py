"""Promises about asking the DNS: no record and no answer are two things."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from dispatcher.errors import ConfigError
from dispatcher.gateways.email import names
from dispatcher.gateways.email.names import DnsNames, Unanswered
from tests.servers.dns import DnsServer

LONG = " ".join(f'"{"x" * 250}"' for _ in range(5))
ZONE: dict[str, Sequence[str]] = {
    "shop.example TXT": ['"v=spf1 " "-all"', '"other"'],
    "shop.example MX": ["20 later.shop.example.", "10 first.shop.example."],
    "none.example MX": ["0 ."],
    "long.example TXT": [LONG],
    "first.shop.example A": ["192.0.2.1"],
    "first.shop.example AAAA": ["2001:db8::1"],
    "1.2.0.192.in-addr.arpa PTR": ["first.shop.example."],
}


def test_records_are_read_as_they_are_meant() -> None:
    """Strings put together, the best host first, both kinds of addresses, names without dot."""
    with DnsServer(ZONE).running() as server:
        ask = DnsNames(server.address)
        assert sorted(ask.texts("shop.example")) == ["other", "v=spf1 -all"]
        assert ask.exchanges("shop.example") == ["first.shop.example", "later.shop.example"]
        assert ask.exchanges("none.example") == [""]
        found = ask.addresses("first.shop.example")
        assert found == [ip_address("192.0.2.1"), ip_address("2001:db8::1")]
        assert ask.names_of(ip_address("192.0.2.1")) == ["first.shop.example"]


@pytest.mark.parametrize("name", ["nowhere.example", "none.example", "a..b", f"{'x' * 70}.example"])
def test_what_is_not_there_is_nothing(name: str) -> None:
    """No such name, no such record, or a name that cannot be: the answer is known."""
    with DnsServer(ZONE).running() as server:
        assert list(DnsNames(server.address).texts(name)) == []


def test_a_long_answer_is_asked_for_by_tcp() -> None:
    """A datagram that was cut is not the answer."""
    with DnsServer(ZONE).running() as server:
        [text] = DnsNames(server.address).texts("long.example")
        assert len(text) == 1250
        assert server.asked == ["long.example TXT by UDP", "long.example TXT by TCP"]


@pytest.mark.parametrize(
    ("failing", "mute", "told"),
    [({"shop.example"}, set(), "failed"), (set(), {"shop.example"}, "in time")],
)
def test_no_answer_is_not_no_record(
    failing: set[str], mute: set[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that fails or stays mute leaves it open."""
    monkeypatch.setattr(names, "_PATIENCE", 0.3)
    with DnsServer(ZONE, frozenset(failing), frozenset(mute)).running() as server:
        ask = DnsNames(server.address)
        with pytest.raises(Unanswered, match=told):
            ask.texts("shop.example")


def test_one_question_is_asked_once() -> None:
    """The answer is kept for the others who need it."""
    with DnsServer(ZONE).running() as server:
        ask = DnsNames(server.address)
        ask.texts("shop.example")
        ask.texts("shop.example")
        assert len(server.asked) == 1


@pytest.mark.parametrize("text", ["dns.example", "192.0.2.1:x", "192.0.2"])
def test_a_server_is_named_by_its_address(text: str) -> None:
    """A name would have to be looked up."""
    with pytest.raises(ConfigError, match="dns_server"):
        DnsNames(text)


def test_a_server_may_be_named_with_its_port() -> None:
    """In both kinds of addresses."""
    for text in ("192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:53"):
        DnsNames(text)
