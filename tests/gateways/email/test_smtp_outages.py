"""Promises of the SMTP gateway when a whole server is away, busy, in trouble or not to be had."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from dispatcher.domain.messages import Message, Outcome
from tests.gateways.email.sending import gateway, mails, send, sent
from tests.servers.smtp import CUT, STORE_AND_CUT, Act, SmtpServer, say, say_and_cut

ACCEPTED, DEFERRED, UNSURE = Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.UNSURE


@pytest.mark.parametrize(
    "act",
    [CUT, say(b"554 5.7.1 go away"), say(b"421 4.7.0 too busy"), say(b"HTTP/1.1 400 Bad Request")],
)
@pytest.mark.parametrize("stage", ["CONNECT", "EHLO"])
def test_a_server_that_takes_nobody_is_down(stage: str, act: Act) -> None:
    """No line to be had: what was pulled waits a little, the rest is GatewayDown at once."""
    if stage == "EHLO" and act.say.startswith(b"554"):
        act = say(b"452 4.3.1 no room")
    server = SmtpServer(faults={(stage, 0): act})
    result = sent(server, mails(500), connections=10)
    assert result.down is not None
    assert result.down.retry_after > 0
    assert f"127.0.0.1:{server.port}" in str(result.down)
    assert set(result.outcomes) == {DEFERRED}
    assert len(result.receipts) == 1
    assert result.gate.begun == []


def test_nobody_listening_is_down() -> None:
    """Connection refused is an outage of the gateway, not 500 deferrals."""

    async def scenario() -> None:
        server = SmtpServer()
        async with server.running():
            sender = gateway(server, connections=10)
        result = await send(sender, mails(500))
        assert result.down is not None
        assert "cannot be reached" in str(result.down)
        assert len(result.receipts) == 1

    asyncio.run(scenario())


def test_an_unknown_host_is_down() -> None:
    """A name that does not resolve is said so, with the name."""

    async def scenario() -> None:
        result = await send(gateway(SmtpServer(port=25), host="mail.invalid"), mails(2))
        assert "mail.invalid:25 cannot be reached" in str(result.down)

    asyncio.run(scenario())


def test_a_server_that_allows_fewer_connections_gets_fewer() -> None:
    """Some lines are turned away, the others carry everything."""
    busy = say_and_cut(b"421 4.7.0 too many connections")
    server = SmtpServer(faults={("CONNECT", number): busy for number in range(3, 11)})
    result = sent(server, mails(50), connections=10)
    assert result.outcomes == [ACCEPTED] * 50
    assert result.down is None


def test_a_server_that_dies_in_the_middle_of_a_batch() -> None:
    """After its end: nothing twice, nothing lost, and what was not pulled is GatewayDown."""
    faults = {("DOT", 10): CUT} | {("CONNECT", number): CUT for number in range(2, 100)}
    server = SmtpServer(faults=faults)
    result = sent(server, mails(100))
    assert result.down is not None
    counts = Counter(result.outcomes)
    assert (counts[ACCEPTED], counts[UNSURE], counts[DEFERRED]) == (9, 1, 1)
    assert len(server.stored) == 9


@pytest.mark.parametrize(
    ("stage", "act"),
    [
        ("MAIL", say(b"451 4.7.1 slow down")),
        ("MAIL", say_and_cut(b"421 4.7.0 slow down")),
        ("MAIL", say(b"550 5.7.1 sender not allowed")),
        ("DOT", say(b"452 4.3.1 disk full")),
        ("DOT", STORE_AND_CUT),
    ],
)
def test_a_server_in_trouble_trips_the_breaker(stage: str, act: Act) -> None:
    """Twenty troubles in a row are one GatewayDown, not thousands of deferrals or UNSUREs."""
    server = SmtpServer(faults={(stage, 0): act})
    pulled = 0

    def rendering() -> Iterator[Message]:
        nonlocal pulled
        for message in mails(1000):
            pulled += 1
            yield message

    result = sent(server, rendering(), connections=3)
    assert result.down is not None
    assert result.down.retry_after >= 60
    assert len(result.receipts) == pulled
    assert 20 <= pulled <= 30
    assert ACCEPTED not in result.outcomes


def test_the_breaker_stays_open_until_something_goes_well() -> None:
    """The next batch tries a message or two, not twenty more; one success closes the breaker."""
    server = SmtpServer(faults={("MAIL", 0): say(b"451 4.7.1 slow down")})

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server)
            assert len((await send(sender, mails(100))).receipts) in (20, 21)
            assert len((await send(sender, mails(100))).receipts) <= 2
            server.faults = {}
            assert (await send(sender, mails(100))).outcomes == [ACCEPTED] * 100

    asyncio.run(scenario())


def test_deferrals_of_single_people_trip_nothing() -> None:
    """Greylisting of everybody is no outage."""
    server = SmtpServer(faults={("RCPT", 0): say(b"450 4.7.1 greylisted, come back")})
    result = sent(server, mails(60))
    assert result.down is None
    assert result.outcomes == [DEFERRED] * 60
    assert {receipt.retry_after for receipt in result.receipts} == {300.0}


def test_a_server_that_wants_a_login_is_down_at_once() -> None:
    """530 is about our settings: nobody is refused for it."""
    server = SmtpServer(login=("anna", "s3cret"))
    result = sent(server, mails(100))
    assert result.down is not None
    assert "login" in str(result.down)
    assert set(result.outcomes) == {DEFERRED}
    assert len(result.receipts) <= 2
