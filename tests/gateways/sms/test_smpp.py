"""Promises about texts over SMPP when the operator behaves badly, and when it behaves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dispatcher.domain.messages import Message, Outcome, Receipt
from dispatcher.domain.ports import Passage
from dispatcher.errors import GatewayDown
from tests.gateways.gate import FakeGate
from tests.gateways.letters import phone, run, send, text_message
from tests.gateways.sms.smpp_house import bound
from tests.servers.certificates import make_certificate, server_context
from tests.servers.smpp import Answer, Fault, Operator

LONG = "Twenty per cent off at Café Müller {only} on Sunday. " * 8  # three parts
OUTCOMES = [
    (0x00, Outcome.ACCEPTED, False),
    (0x01, Outcome.REFUSED, False),
    (0x0A, Outcome.REFUSED, False),
    (0x0B, Outcome.REFUSED, False),
    (0x0D, Outcome.DEFERRED, True),
    (0x0E, Outcome.DEFERRED, True),
    (0x14, Outcome.DEFERRED, False),
    (0x45, Outcome.REFUSED, False),
    (0x58, Outcome.DEFERRED, False),
    (0x62, Outcome.DEFERRED, True),
    (0xFF, Outcome.UNSURE, False),
    (0x401, Outcome.REFUSED, False),
]


async def sent(
    answer: Answer, messages: list[Message] | None = None, **options: Any
) -> tuple[list[Receipt], GatewayDown | None, Operator]:
    async with Operator() as operator:
        operator.default = answer
        async with bound(operator, **options) as gateway:
            receipts, down = await send(gateway, messages or [text_message(1)], FakeGate())
    return receipts, down, operator


@pytest.mark.parametrize(("status", "outcome", "down"), OUTCOMES)
def test_a_status_means_what_the_standard_says(status: int, outcome: Outcome, down: bool) -> None:
    """This message's trouble, the operator's passing one, or one that lets nothing pass."""

    async def scenario() -> None:
        [receipt], outage, _ = await sent(Answer(status))
        assert receipt.outcome is outcome
        assert receipt.dead_address is (status == 0x0B)
        assert (receipt.retry_after > 0) is (outcome is Outcome.DEFERRED)
        assert (outage is not None) is down
        if status == 0x14:
            assert (receipt.code, receipt.detail) == ("ESME_RMSGQFUL", "message queue full")

    run(scenario())


def test_an_operators_own_codes_go_first() -> None:
    """Opted out, dead, or anything else, also where the standard says otherwise."""

    async def scenario() -> None:
        options: dict[str, Any] = {
            "codes": {"1025": "throttled", "0x0B": "refused", "0x500": "stopped", "0x501": "dead"},
            "stopped_codes": ["0x45"],
            "dead_codes": ["0x0C"],
        }
        for status, outcome, stopped, dead in (
            (0x401, Outcome.DEFERRED, False, False),
            (0x0B, Outcome.REFUSED, False, False),
            (0x45, Outcome.REFUSED, True, False),
            (0x0C, Outcome.REFUSED, False, True),
            (0x500, Outcome.REFUSED, True, False),
            (0x501, Outcome.REFUSED, False, True),
        ):
            [receipt], _, _ = await sent(Answer(status), **options)
            assert receipt.outcome is outcome
            assert (receipt.contact_stopped, receipt.dead_address) == (stopped, dead)

    run(scenario())


IN_DOUBT = [Fault.CUT, Fault.RESET, Fault.GARBAGE, Fault.SHORT, Fault.HUGE, Fault.SILENT]


@pytest.mark.parametrize("fault", IN_DOUBT)
def test_without_a_clear_answer_nobody_knows(fault: Fault) -> None:
    """A line that breaks or falls silent after the last byte leaves the message UNSURE."""

    async def scenario() -> None:
        [receipt], _, operator = await sent(Answer(fault=fault), timeout=0.3)
        assert receipt.outcome is Outcome.UNSURE
        assert receipt.detail
        assert len(operator.submitted) == 1

    run(scenario())


def test_a_packet_the_operator_cannot_read_is_refused() -> None:
    """generic_nack names the message by its number."""

    async def scenario() -> None:
        [receipt], _, _ = await sent(Answer(fault=Fault.NACK))
        assert (receipt.outcome, receipt.code) == (Outcome.REFUSED, "ESME_RINVCMDLEN")

    run(scenario())


def test_what_nobody_asked_is_passed_over() -> None:
    """An answer to no question is ignored, an unknown command is refused, the message is fine."""

    async def scenario() -> None:
        [receipt], down, operator = await sent(Answer(fault=Fault.UNASKED))
        assert receipt.outcome is Outcome.ACCEPTED
        assert down is None
        [nack] = operator.strange
        assert (nack[4:8], nack[8:12]) == (b"\x80\0\0\0", b"\0\0\0\x03")

    run(scenario())


def test_after_a_lost_line_nothing_more_is_begun() -> None:
    """A fresh line at once might leave as many in doubt again: the gateway is down for a moment."""

    async def scenario() -> None:
        async with Operator() as operator:
            operator.answers[phone(5)[1:]] = Answer(fault=Fault.RESET)
            async with bound(operator, window=1) as gateway:
                messages = [text_message(n) for n in range(20)]
                receipts, down = await send(gateway, messages, FakeGate())
                assert down is not None
                outcomes = [receipt.outcome for receipt in receipts]
                assert outcomes[:6] == [Outcome.ACCEPTED] * 5 + [Outcome.UNSURE]
                assert set(outcomes[6:]) <= {Outcome.DEFERRED}
                assert len(operator.submitted) == 6
                operator.answers.clear()
                later, down = await send(gateway, messages[6:], FakeGate())
                assert down is None
                assert {receipt.outcome for receipt in later} == {Outcome.ACCEPTED}

    run(scenario())


def test_a_line_that_was_ended_between_batches_is_bound_again() -> None:
    """Nothing was under way, so nobody need know."""

    async def scenario() -> None:
        async with Operator() as operator, bound(operator) as gateway:
            await send(gateway, [text_message(1)], FakeGate())
            operator.hang_up()
            while operator.lines:  # noqa: ASYNC110 - the far side tells nobody
                await asyncio.sleep(0)
            receipts, down = await send(gateway, [text_message(2)], FakeGate())
            assert down is None
            assert receipts[0].outcome is Outcome.ACCEPTED
            assert len(operator.binds) == 2

    run(scenario())


def test_an_operator_that_leaves_in_the_middle_is_found_again() -> None:
    """Unbind is answered; what is under way lands, what comes later goes over a new line."""

    async def scenario() -> None:
        async with Operator() as operator:
            operator.answers[phone(2)[1:]] = Answer(fault=Fault.LEAVES)
            async with bound(operator, window=1) as gateway:
                messages = [text_message(n) for n in range(6)]
                receipts, down = await send(gateway, messages, FakeGate())
                assert down is None
                assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}
                assert len(operator.binds) == 2

    run(scenario())


def test_a_refused_bind_is_an_outage_that_names_its_reason() -> None:
    """Nobody asks the gate, and the password is not told."""

    async def scenario() -> None:
        async with Operator() as operator, bound(operator) as gateway:
            operator.refuse_bind = 0x0E
            gate = FakeGate()
            receipts, down = await send(gateway, [text_message(1)], gate)
            assert not receipts
            assert not gate.asked
            assert "ESME_RINVPASWD" in str(down)
            assert "geheim77" not in str(down)

    run(scenario())


@pytest.mark.parametrize("how", ["transmitter", "transceiver"])
def test_a_line_is_bound_as_the_settings_say_and_ended_in_good_order(how: str) -> None:
    """Account, password and kind of bind reach the operator; closing unbinds."""

    async def scenario() -> None:
        _, _, operator = await sent(Answer(), bind=how)
        assert operator.binds == [(how, "shop", "geheim77")]
        assert operator.unbound == 1

    run(scenario())


def test_too_much_is_a_pause_for_all_and_a_delay_for_some() -> None:
    """Throttled messages come later, the others wait a moment and pass."""

    async def scenario() -> None:
        async with Operator() as operator:
            throttled = {phone(n)[1:]: Answer(0x58) for n in (2, 3)}
            operator.answers |= throttled
            async with bound(operator, window=4, defer_seconds=7.0) as gateway:
                loop = asyncio.get_running_loop()
                begun = loop.time()
                receipts, down = await send(
                    gateway, [text_message(n) for n in range(12)], FakeGate()
                )
                assert down is None
                assert loop.time() - begun >= 0.5
                late = [r.key.customer_id - 1000 for r in receipts if r.retry_after == 7.0]
                assert late == [2, 3]
                assert sum(r.outcome is Outcome.ACCEPTED for r in receipts) == 10

    run(scenario())


def test_an_operator_that_throttles_for_ever_is_down() -> None:
    """After some pauses in a row the rest is not even tried, and then one at a time."""

    async def scenario() -> None:
        async with Operator() as operator:
            operator.default = Answer(0x14)
            async with bound(operator, window=50) as gateway:
                gateway._paused_until = 0.0
                messages = [text_message(n) for n in range(4)]
                down = None
                for _ in range(5):
                    _, down = await send(gateway, messages[:1], FakeGate())
                    gateway._paused_until = 0.0  # as if the pause had passed
                assert down is not None
                assert "ESME_RMSGQFUL" in str(down)
                operator.default = Answer()
                gate = FakeGate()
                receipts, down = await send(gateway, messages, gate)
                assert down is None
                assert {receipt.outcome for receipt in receipts} == {Outcome.ACCEPTED}

    run(scenario())


def parts(*statuses: int) -> Any:
    """Answer the parts of a message one after another."""
    left = iter(statuses)
    return lambda _: Answer(next(left), message_id="")


PARTS = [
    ((0, 0, 0), Outcome.ACCEPTED),
    ((0x0B, 0x0B, 0x0B), Outcome.REFUSED),
    ((0x58, 0x58, 0x58), Outcome.DEFERRED),
    ((0x58, 0x0B, 0x58), Outcome.REFUSED),
    ((0, 0, 0x58), Outcome.UNSURE),
    ((0x0B, 0, 0), Outcome.UNSURE),
    ((0xFF, 0x58, 0x58), Outcome.UNSURE),
]


@pytest.mark.parametrize(("statuses", "outcome"), PARTS)
def test_a_message_of_many_parts_is_taken_whole_or_not_at_all(
    statuses: tuple[int, ...], outcome: Outcome
) -> None:
    """Some parts taken and some not: nobody may send it again, so it is UNSURE."""

    async def scenario() -> None:
        async with Operator() as operator:
            operator.answerer = parts(*statuses)
            async with bound(operator) as gateway:
                [receipt], _ = await send(gateway, [text_message(1, LONG)], FakeGate())
                assert receipt.outcome is outcome
                assert len(operator.submitted) == 3
                if outcome is Outcome.ACCEPTED:
                    assert receipt.reference == "3"  # the part that asked for the receipt
                if 0 in statuses and outcome is Outcome.UNSURE:
                    assert "parts were taken" in receipt.detail

    run(scenario())


def test_a_line_that_breaks_between_the_parts_leaves_the_message_unsure() -> None:
    """One part was taken: it must not go again."""

    async def scenario() -> None:
        async with Operator() as operator:
            answers = iter((Answer(), Answer(fault=Fault.RESET)))
            operator.answerer = lambda _: next(answers)
            async with bound(operator) as gateway:
                [receipt], _ = await send(gateway, [text_message(1, LONG)], FakeGate())
                assert receipt.outcome is Outcome.UNSURE

    run(scenario())


def test_all_parts_leave_together_after_one_question() -> None:
    """The gate is asked once a message; with WITHHELD no part of it leaves."""

    async def scenario() -> None:
        async with Operator() as operator, bound(operator, window=2) as gateway:
            gate = FakeGate({1: [Passage.WITHHELD], 2: [Passage.WAIT, Passage.GO]})
            messages = [text_message(n, LONG) for n in range(4)]
            receipts, down = await send(gateway, messages, gate)
            assert down is None
            assert [receipt.outcome for receipt in receipts].count(Outcome.ACCEPTED) == 3
            people = [each.destination_addr[-1] for each in operator.submitted]
            assert people == ["0"] * 3 + ["2"] * 3 + ["3"] * 3

    run(scenario())


def test_no_more_are_under_way_than_the_window_holds() -> None:
    """An operator that answers slowly sees as many parts as was agreed."""

    async def scenario() -> None:
        async with Operator() as operator:
            operator.default = Answer(fault=Fault.SILENT)
            async with bound(operator, window=7, timeout=0.4) as gateway:
                messages = [text_message(n) for n in range(30)]
                async for _ in gateway.send(messages, FakeGate()):
                    assert len(operator.submitted) == 7
                    break

    run(scenario())


def test_a_part_that_is_never_answered_holds_nobody_up() -> None:
    """It becomes UNSURE after its time, the others land."""

    async def scenario() -> None:
        async with Operator() as operator:
            operator.answers[phone(3)[1:]] = Answer(fault=Fault.SILENT)
            async with bound(operator, window=2, timeout=0.3, enquire_seconds=9.0) as gateway:
                messages = [text_message(n) for n in range(12)]
                receipts, down = await send(gateway, messages, FakeGate())
                assert down is None
                unsure = [r.key.customer_id for r in receipts if r.outcome is Outcome.UNSURE]
                assert unsure == [1003]
                assert len(operator.binds) == 1

    run(scenario())


def test_a_silent_line_is_asked_whether_it_lives() -> None:
    """enquire_link goes out on an idle line; one that does not answer is given up."""

    async def scenario() -> None:
        async with Operator() as operator:
            times: dict[str, Any] = {"timeout": 0.2, "enquire_seconds": 0.1}
            async with bound(operator, **times) as gateway:
                await send(gateway, [text_message(1)], FakeGate())
                async with asyncio.timeout(10):
                    while operator.enquiries < 2:  # noqa: ASYNC110 - the far side tells nobody
                        await asyncio.sleep(0.01)
                    assert len(operator.lines) == 1
                    operator.mute = True
                    while operator.lines:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                operator.mute = False
                receipts, down = await send(gateway, [text_message(2)], FakeGate())
                assert (receipts[0].outcome, down) == (Outcome.ACCEPTED, None)

    run(scenario())


def test_an_address_that_smpp_cannot_carry_is_one_messages_trouble() -> None:
    """Its neighbours go; the gate is not asked for it."""

    async def scenario() -> None:
        messages = [text_message(n) for n in range(3)]
        messages[1] = messages[1]._replace(sender="Kaffeehaus am Marktplatz")
        receipts, down, operator = await sent(Answer(), messages)
        assert down is None
        assert [r.outcome for r in receipts] == [
            Outcome.ACCEPTED,
            Outcome.REFUSED,
            Outcome.ACCEPTED,
        ]
        assert len(operator.submitted) == 2

    run(scenario())


def test_two_calls_share_one_line_and_its_window() -> None:
    """Batches at the same time get their own receipts, and the operator sees one line."""

    async def scenario() -> None:
        async with Operator() as operator, bound(operator, window=5) as gateway:
            many = [[text_message(n) for n in range(first, first + 40)] for first in (0, 100)]
            done = await asyncio.gather(*(send(gateway, each, FakeGate()) for each in many))
            for messages, (receipts, down) in zip(many, done, strict=True):
                assert down is None
                assert [r.key for r in receipts] == [m.key for m in messages]
            assert len(operator.binds) == 1

    run(scenario())


def test_the_line_may_be_private(tmp_path: Path) -> None:
    """With TLS the operator's certificate must be good."""

    async def scenario() -> None:
        certificate = make_certificate(tmp_path)
        async with Operator(server_context(certificate)) as operator:
            async with bound(operator, security="tls", ca_file=str(certificate)) as gateway:
                receipts, down = await send(gateway, [text_message(1)], FakeGate())
                assert (receipts[0].outcome, down) == (Outcome.ACCEPTED, None)
            async with bound(operator, security="tls") as gateway:
                receipts, down = await send(gateway, [text_message(1)], FakeGate())
                assert not receipts
                assert "certificate" in str(down)

    run(scenario())
