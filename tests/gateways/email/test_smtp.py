"""Promises of the SMTP gateway towards servers that behave well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from dispatcher.domain.messages import Callback, Message, Outcome
from dispatcher.domain.ports import Passage
from dispatcher.errors import CallbackRejected
from tests.gateways.email.sending import CONTENT, gateway, mail, mails, send, sent
from tests.gateways.gate import FakeGate
from tests.servers.smtp import FEATURES, SmtpServer, say

LOCK_STEP = tuple(name for name in FEATURES if name != "PIPELINING")
BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])


@BOTH
@pytest.mark.parametrize("connections", [1, 3])
def test_every_mail_arrives_once_and_has_one_receipt(
    features: tuple[str, ...], connections: int
) -> None:
    """Twenty mails, twenty receipts, twenty mails stored, over no more connections than set."""
    server = SmtpServer(features=features)
    result = sent(server, mails(20), connections=connections)
    assert sorted(server.recipients) == sorted(message.address for message in mails(20))
    assert [receipt.key.customer_id for receipt in sorted(result.receipts)] == list(range(1, 21))
    assert set(result.outcomes) == {Outcome.ACCEPTED}
    assert server.most_open <= connections
    assert server.rushed == 0


@BOTH
@pytest.mark.parametrize("way", ["drip", "burst", "plain"])
def test_replies_are_understood_however_they_are_cut(features: tuple[str, ...], way: str) -> None:
    """Replies in single bytes or all at once mean the same."""
    server = SmtpServer(features=features, drip=way == "drip", burst=way == "burst")
    server.people = {"person2@example.com": b"550-5.1.1 who\r\n550-5.1.1 is\r\n550 5.1.1 that?"}
    result = sent(server, mails(4))
    accepted, refused = Outcome.ACCEPTED, Outcome.REFUSED
    assert result.outcomes == [accepted, refused, accepted, accepted]
    assert server.recipients == [f"person{number}@example.com" for number in (1, 3, 4)]


def test_one_round_trip_a_message_where_the_server_pipelines() -> None:
    """The next envelope travels with the end of the message before."""
    server = SmtpServer(burst=True)
    sent(server, mails(3))
    verbs = [line.split(b" ")[0].decode() for line in server.commands if line != b"QUIT"]
    assert verbs == ["EHLO", *["MAIL", "RCPT", "DATA"] * 3]


def test_the_envelope_is_the_recipient_and_the_verp_return_path() -> None:
    """MAIL carries envelope_from, which may be empty, and RCPT the address."""
    server = SmtpServer()
    sent(server, [mail(1), mail(2, envelope_from="")])
    assert [(m.sender, m.recipient) for m in server.stored] == [
        ("b+1@bounce.example.com", "person1@example.com"),
        ("", "person2@example.com"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        CONTENT,
        CONTENT + b".\r\n..\r\n. x\r\n\r\n.\r\nQUIT\r\n",
        b".starts with a dot\r\n",
        b"x" * 900 + b"\r\n" + b"a line of seventy bytes or so\r\n.\r\n" * 6000,
        "Überraschung für Zoë\r\n".encode() * 100,
    ],
    ids=["plain", "dots", "first dot", "200 kB", "8-bit"],
)
@BOTH
def test_content_arrives_byte_for_byte(features: tuple[str, ...], content: bytes) -> None:
    """What the server stores is what was rendered, dots and 8-bit letters included."""
    server = SmtpServer(features=features)
    result = sent(server, [mail(content=content), mail(2)])
    assert set(result.outcomes) == {Outcome.ACCEPTED}
    assert server.stored[0].content == content
    assert server.stored[1].content == CONTENT


def test_a_server_without_ehlo_is_greeted_the_old_way() -> None:
    """EHLO refused: HELO, then lock-step."""
    server = SmtpServer(features=(), faults={("EHLO", 0): say(b"502 5.5.1 no")})
    result = sent(server, mails(2))
    assert result.outcomes == [Outcome.ACCEPTED] * 2
    assert server.rushed == 0


def test_eight_bit_is_announced_and_the_size_too() -> None:
    """BODY=8BITMIME goes with 8-bit content only, SIZE with every message."""
    server = SmtpServer()
    content = "Grüße\r\n".encode()
    sent(server, [mail(1, content=content, eight_bit=True), mail(2)])
    assert server.stored[0].options == f"SIZE={len(content)} BODY=8BITMIME"
    assert server.stored[1].options == f"SIZE={len(CONTENT)}"


def test_the_queue_id_of_the_server_is_noted() -> None:
    """The server's own id can be found in its log later."""
    assert sent(SmtpServer(), [mail()]).only.detail == "queued as Q1"


def test_messages_are_pulled_while_earlier_ones_are_on_the_wire() -> None:
    """Rendering is lazy: never more pulled than receipts given plus two a connection."""
    server = SmtpServer()
    pulled = 0

    def rendering() -> Iterator[Message]:
        nonlocal pulled
        for message in mails(50):
            pulled += 1
            yield message

    async def scenario() -> None:
        async with server.running():
            async for _ in gateway(server).send(rendering(), FakeGate()):
                assert pulled <= len(server.stored) + 2

    asyncio.run(scenario())
    assert pulled == 50


def test_connections_outlive_the_batch() -> None:
    """The second batch uses the connection of the first."""
    server = SmtpServer()

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server)
            await send(sender, mails(3))
            await send(sender, mails(3))
            await sender.aclose()

    asyncio.run(scenario())
    assert server.reached["CONNECT"] == 1
    assert server.reached["DOT"] == 6


def test_closing_the_gateway_says_goodbye() -> None:
    """The server hears QUIT on the connection that rested."""
    server = SmtpServer()

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server)
            await send(sender, mails(1))
            await sender.aclose()
            async with asyncio.timeout(10):
                await server.left.wait()

    asyncio.run(scenario())
    assert server.commands[-1] == b"QUIT"


def test_two_batches_at_once_share_the_connections() -> None:
    """Two sends in parallel keep the limit on connections, and both are complete."""
    server = SmtpServer()

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server, connections=2)
            first, second = await asyncio.gather(
                send(sender, mails(20)), send(sender, [mail(100 + n) for n in range(20)])
            )
            assert len(first.receipts) == len(second.receipts) == 20

    asyncio.run(scenario())
    assert server.most_open <= 2


def test_a_crash_in_rendering_surfaces_once_all_on_the_wire_is_known() -> None:
    """The messages before the crash are settled, none is UNSURE, and the crash is not swallowed."""
    server = SmtpServer()

    def rendering() -> Iterator[Message]:
        yield from mails(5)
        raise ZeroDivisionError

    receipts = []

    async def scenario() -> None:
        async with server.running():
            async for receipt in gateway(server).send(rendering(), FakeGate()):
                receipts.append(receipt)  # noqa: PERF401  those before the crash count

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scenario())
    assert [receipt.outcome for receipt in receipts] == [Outcome.ACCEPTED] * 5


def test_a_consumer_that_stops_early_leaves_no_task_behind() -> None:
    """Closing the iterator ends its tasks and its half-sent messages."""
    server = SmtpServer()

    async def scenario() -> set[asyncio.Task[None]]:
        async with server.running():
            before = asyncio.all_tasks()
            receipts = gateway(server, connections=3).send(mails(100), FakeGate())
            async with aclosing(receipts):
                await anext(receipts)
            return {task for task in asyncio.all_tasks() - before if "Visit" not in repr(task)}

    left = asyncio.run(scenario())
    assert not [task for task in left if "_lane" in repr(task) or "_carry_all" in repr(task)]
    assert len(server.stored) < 100


def test_nothing_to_send_opens_no_connection() -> None:
    """An empty batch costs nothing."""
    server = SmtpServer()
    assert sent(server, []).receipts == []
    assert server.reached["CONNECT"] == 0


def test_callbacks_are_refused() -> None:
    """SMTP servers call nobody back, so whoever calls is wrong."""
    callback = Callback("POST", "/hooks/mail", {}, {}, b"", 0.0)
    with pytest.raises(CallbackRejected, match="no callbacks"):
        gateway(SmtpServer(port=25)).read(callback)


@BOTH
def test_the_gate_is_asked_once_for_each_message_and_before_its_end(
    features: tuple[str, ...],
) -> None:
    """Whatever the server stored had passed the gate, and nothing passed twice."""
    server = SmtpServer(features=features)
    gate = FakeGate({2: [Passage.WAIT, Passage.WAIT], 5: [Passage.WAIT]})
    result = sent(server, mails(6), gate)
    assert result.outcomes == [Outcome.ACCEPTED] * 6
    assert [key.customer_id for key in gate.begun] == [1, 2, 3, 4, 5, 6]
    assert gate.waits == 3


@BOTH
@pytest.mark.parametrize("size", [100, 200_000])
@pytest.mark.parametrize("withheld", [1, 2, 3])
def test_a_withheld_message_never_arrives_and_the_others_do(
    features: tuple[str, ...], size: int, withheld: int
) -> None:
    """WITHHELD after DATA: the line is left without a dot, and the next message takes a new one."""
    server = SmtpServer(features=features)
    gate = FakeGate({withheld: [Passage.WAIT, Passage.WITHHELD]})
    letters = [mail(number, content=b"x" * 70 + b"\r\n" * (size // 2)) for number in (1, 2, 3)]
    result = sent(server, letters, gate)
    expected = [Outcome.ACCEPTED] * 3
    expected[withheld - 1] = Outcome.WITHHELD
    assert result.outcomes == expected
    assert f"person{withheld}@example.com" not in server.recipients
    assert len(server.recipients) == 2
    assert gate.begun_twice == []


def test_a_gate_that_waits_lets_no_last_byte_out() -> None:
    """While the gate says WAIT the message stays unstored; when it opens, it goes."""
    server = SmtpServer()

    class ShutGate(FakeGate):
        def __init__(self) -> None:
            super().__init__()
            self.shut = asyncio.Event()
            self.asked_to_open = asyncio.Event()

        def begin(self, message: Message) -> Passage:
            if not self.shut.is_set():
                return Passage.WAIT
            return super().begin(message)

        async def opens(self) -> None:
            self.asked_to_open.set()
            await self.shut.wait()

    async def scenario() -> None:
        async with server.running():
            gate = ShutGate()
            sending = asyncio.create_task(send(gateway(server), mails(2), gate))
            await gate.asked_to_open.wait()
            assert server.stored == []
            gate.shut.set()
            assert (await sending).outcomes == [Outcome.ACCEPTED] * 2

    asyncio.run(scenario())
