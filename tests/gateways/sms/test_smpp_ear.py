"""Promises about what operators deliver over SMPP: stored first, acknowledged afterwards."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import smpp34

from dispatcher.domain import gsm7
from dispatcher.domain.messages import EventKind
from dispatcher.gateways.sms import smpp_ear
from tests.gateways.gate import FakeGate
from tests.gateways.letters import run, send, text_message
from tests.gateways.sms.smpp_house import Ledger, bound
from tests.servers.smpp import ENQUIRE_LINK, Answer, Operator, receipt, reply

PERSON = "447700900001"
OK, TRY_AGAIN, REJECTED = 0x00, 0x64, 0x66
DELIVERED = "id:1 sub:001 dlvrd:001 submit date:26 done date:26 stat:DELIVRD err:000 text:"


@asynccontextmanager
async def listening(**options: Any) -> AsyncIterator[tuple[Operator, Ledger]]:
    """Give an operator that is heard, and what is heard of it."""
    ledger, stopped, said = Ledger(), asyncio.Event(), list[str]()
    async with Operator() as operator, bound(operator, ledger, **options) as gateway:
        listener = asyncio.create_task(gateway.listen(stopped, said.append))
        await operator.heard()
        try:
            yield operator, ledger
        finally:
            stopped.set()
            await listener
    assert said[0].startswith("acme: listening as ")


def test_a_stop_is_stored_before_it_is_acknowledged() -> None:
    """The words, who said them and to which number are there when the operator hears OK."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            assert operator.binds == [("receiver", "shop", "geheim77")]
            assert await operator.deliver(reply(PERSON, b"STOP")) == OK
            [event] = ledger.events
            assert (event.kind, event.text) == (EventKind.REPLIED, "STOP")
            assert (event.sender, event.recipient) == (f"+{PERSON}", "60123")

    run(scenario())


def test_nothing_is_acknowledged_while_it_is_being_stored() -> None:
    """The line lives on meanwhile: a question that came later is answered first."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            ledger.awake.clear()
            done = asyncio.create_task(operator.deliver(reply(PERSON, b"STOP")))
            await ledger.asked.wait()
            operator.post(struct.pack(">IIII", 16, ENQUIRE_LINK, 0, 0))
            async with asyncio.timeout(10):
                while not operator.strange:  # noqa: ASYNC110 - the far side tells nobody
                    await asyncio.sleep(0)
            assert operator.strange[0][4:8] == b"\x80\0\0\x15"
            assert not done.done()
            ledger.awake.set()
            assert await done == OK

    run(scenario())


def test_what_cannot_be_stored_comes_again() -> None:
    """The operator is told to try later, and then it is stored."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            ledger.down = True
            assert await operator.deliver(reply(PERSON, b"STOP")) == TRY_AGAIN
            ledger.down = False
            assert await operator.deliver(reply(PERSON, b"STOP")) == OK
            assert [event.text for event in ledger.events] == ["STOP"]

    run(scenario())


def test_one_that_breaks_the_house_does_not_silence_the_others() -> None:
    """A bug is logged and the delivery left with the operator; its neighbours are stored."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            ledger.poison = "boom"
            texts = (b"STOP", b"boom", b"YES")
            done = [asyncio.create_task(operator.deliver(reply(PERSON, each))) for each in texts]
            assert await asyncio.gather(*done) == [OK, TRY_AGAIN, OK]
            assert [event.text for event in ledger.events] == ["STOP", "YES"]

    run(scenario())


def test_what_is_no_packet_of_any_kind_is_refused_for_good() -> None:
    """It would not be read the next time either."""

    async def scenario() -> None:
        async with listening() as (operator, _):
            whole = reply(PERSON, b"STOP")
            cut = (len(whole) - 3).to_bytes(4, "big") + whole[4:-3]
            assert await operator.deliver(cut) == REJECTED

    run(scenario())


def test_two_equal_replies_are_two() -> None:
    """Somebody may say STOP twice, with a YES in between: nothing of it is swallowed."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            for text in (b"STOP", b"YES", b"STOP"):
                await operator.deliver(reply(PERSON, text))
            assert len({event.dedup_key for event in ledger.events}) == 3

    run(scenario())


def piece(number: int, text: str, total: int = 3, ref: int = 9) -> bytes:
    header = bytes((5, 0, 3, ref, total, number))
    return reply(PERSON, header + gsm7.encode(text), esm_class=0x40)


def test_a_long_reply_is_heard_as_one() -> None:
    """Its parts may come in any order; all are acknowledged once the whole is stored."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            texts = {2: "stop sending ", 1: "Please do not ", 3: "me offers"}
            done = [
                asyncio.create_task(operator.deliver(piece(number, text)))
                for number, text in texts.items()
            ]
            assert await asyncio.gather(*done) == [OK] * 3
            assert [e.text for e in ledger.events] == ["Please do not stop sending me offers"]

    run(scenario())


def test_a_character_that_a_phone_tears_in_two_is_whole_again() -> None:
    """Phones cut where a part is full, also within a pair of UTF-16."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            octets = "Danke 😀 STOP".encode("utf-16-be")
            halves = (octets[:14], octets[14:])
            done = [
                asyncio.create_task(
                    operator.deliver(
                        reply(
                            PERSON,
                            bytes((5, 0, 3, 9, 2, number)) + half,
                            esm_class=0x40,
                            data_coding=8,
                        )
                    )
                )
                for number, half in enumerate(halves, 1)
            ]
            assert await asyncio.gather(*done) == [OK] * 2
            assert [event.text for event in ledger.events] == ["Danke 😀 STOP"]

    run(scenario())


def test_a_long_reply_by_parameters_is_heard_as_one() -> None:
    """Some operators number the parts outside the text."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            done = [
                asyncio.create_task(operator.deliver(reply(PERSON, text, tlvs=_sar(number))))
                for number, text in enumerate((b"leave ", b"me alone"), 1)
            ]
            assert await asyncio.gather(*done) == [OK] * 2
            assert [event.text for event in ledger.events] == ["leave me alone"]

    run(scenario())


def _sar(number: int) -> list[Any]:
    values = ((0x020C, b"\0\x07"), (0x020E, b"\x02"), (0x020F, bytes((number,))))
    return [smpp34.Tlv(tag, value) for tag, value in values]


def test_a_part_alone_is_heard_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator that waits for each acknowledgement is not kept waiting for ever."""
    monkeypatch.setattr(smpp_ear, "_PART_SECONDS", 0.05)

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            assert await operator.deliver(piece(1, "STOP ", 2)) == OK
            assert await operator.deliver(piece(2, "please", 2)) == OK
            assert [event.text for event in ledger.events] == ["STOP ", "please"]

    run(scenario())


def test_parts_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above that each is heard by itself, at once."""
    monkeypatch.setattr(smpp_ear, "_MOST_PARTS", 2)

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            operator.post(piece(1, "a", 2, ref=1))
            operator.post(piece(1, "b", 2, ref=2))
            assert await operator.deliver(piece(1, "STOP", 2, ref=3)) == OK
            assert [event.text for event in ledger.events] == ["STOP"]
        assert sorted(event.text for event in ledger.events) == ["STOP", "a", "b"]

    run(scenario())


def test_a_receipt_finds_its_message() -> None:
    """Before the answer, after it, twice, or in parameters only: one reference, one event each."""

    async def scenario() -> None:
        ledger = Ledger()
        async with Operator() as operator:
            early = receipt(DELIVERED.replace("id:1", "id:00A7"))
            operator.default = Answer(message_id="a7", early=early)
            async with bound(operator, ledger, bind="transceiver") as gateway:
                [sent], _ = await send(gateway, [text_message(1)], FakeGate())
                again = receipt(receipted_message_id=b"A7\0", message_state=b"\x02")
                assert await operator.deliver(early) == OK
                assert await operator.deliver(again) == OK
            assert sent.reference == "a7"
            assert {event.reference for event in ledger.events} == {"a7"}
            assert {event.kind for event in ledger.events} == {EventKind.DELIVERED}
            assert len(ledger.events) == 3

    run(scenario())


def test_a_listener_comes_back_when_the_line_breaks() -> None:
    """With patience, and what was not acknowledged comes again."""

    async def scenario() -> None:
        async with listening() as (operator, ledger):
            operator.hang_up()
            async with asyncio.timeout(10):
                while len(operator.binds) < 2:  # noqa: ASYNC110 - the far side tells nobody
                    await asyncio.sleep(0.01)
            await operator.heard()
            assert await operator.deliver(reply(PERSON, b"STOP")) == OK
            assert [event.text for event in ledger.events] == ["STOP"]

    run(scenario())


def test_a_listener_waits_for_an_operator_that_is_not_there() -> None:
    """Nobody listens, or the account is wrong: it says so and tries again until it is stopped."""

    async def scenario() -> None:
        said: list[str] = []
        stopped = asyncio.Event()

        def tell(words: str) -> None:
            said.append(words)
            if len(said) > 1:
                stopped.set()

        async with Operator() as operator:
            operator.refuse_bind = 0x0F
            async with bound(operator) as gateway:
                await gateway.listen(stopped, tell)
        assert all("ESME_RINVSYSID" in words for words in said)

    run(scenario())
