"""The database goes away in mid-batch, or a disk is full: sending waits, and nobody gets two."""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

import pytest

from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome, Receipt
from dispatcher.domain.ports import Passage
from dispatcher.errors import StorageDown, Unavailable
from dispatcher.services.dispatch import dispatch
from dispatcher.services.gate import BatchGate, Terms
from dispatcher.services.outbound import Outbound
from dispatcher.services.reserve import Round, reserve
from dispatcher.storage.database import driver
from dispatcher.storage.journal import JournalFull
from tests.support.house import House

PEOPLE = 150
IN_FLIGHT = 64  # the sandbox takes so many at once

# Ends the connection of whoever writes that somebody was told: an outage right inside settle.
CUT = """
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
    CREATE TRIGGER cut BEFORE UPDATE ON delivery FOR EACH ROW
    WHEN (NEW.state = 'accepted') EXECUTE FUNCTION cut()
"""


def _execute(house: House, statements: str) -> None:
    with house.dispatcher.database.begin() as conn:
        driver(conn).execute(statements.encode())


def _reserve(house: House, out: Outbound) -> Round:
    here = house.dispatcher
    current = reserve(
        here.database, here.versions, here.book, here.tariffs, Channel.SMS, out.worker
    )
    assert current is not None
    return current


def _finish(house: House) -> Counter[int]:
    """Let beat and workers do the rest; give what people got."""
    for _ in range(20):
        house.tidy()
        house.send(Channel.SMS)
        if house.query("SELECT state FROM wave") == ["finished"]:
            return Counter(house.inbox())
    raise AssertionError(f"the wave does not finish: {house.verdicts()}")


def test_a_database_lost_inside_settle_costs_no_message(house: House) -> None:
    """The same process goes on afterwards, and its own journal tells what was sent before."""
    people = house.people(PEOPLE)
    house.campaign()
    house.plan()

    async def story() -> None:
        out = house.outbound()
        name = out.worker
        _execute(house, CUT)
        with pytest.raises(StorageDown):
            await dispatch(out, Channel.SMS, 30)
        _execute(house, "DROP TRIGGER cut ON delivery")
        assert house.tidy().adopted == [name]
        await dispatch(out, Channel.SMS, 30)
        assert out.worker != name
        await out.aclose()

    asyncio.run(story())
    got = _finish(house)
    states = dict(house.query("SELECT customer_id, state FROM delivery"))
    assert sorted(states) == people
    assert set(states.values()) <= {"accepted", "unsure"}
    assert set(got.values()) == {1}
    assert Counter(states.values())["unsure"] <= IN_FLIGHT


def test_an_unsure_receipt_of_the_dead_is_never_sent_again(house: House) -> None:
    """The line was lost after the last bytes, then the worker died: unsure, and not released."""
    people = house.people(3)
    house.campaign()
    house.plan()

    async def story() -> None:
        out = house.outbound()
        current = await out.in_store(partial(_reserve, house, out))
        first = current.reserved[0]
        key = DeliveryKey(current.batch.key.wave_id, first.customer_id, first.attempt)
        out.journal.begin(key)
        out.journal.receipt(Receipt(key, Outcome.UNSURE, code="lost"))
        out.journal.abandon()
        out.beaten = True
        await out.aclose()

    asyncio.run(story())
    got = _finish(house)
    assert dict(house.query("SELECT customer_id, state FROM delivery")) == {
        people[0]: "unsure",
        people[1]: "accepted",
        people[2]: "accepted",
    }
    assert got == Counter(people[1:])


class FullJournal:
    """A journal on a full disk, for the gate."""

    full = True

    def begin(self, key: DeliveryKey) -> None:
        if self.full:
            raise JournalFull(f"no room for {key}")


def test_what_cannot_be_noted_waits_until_there_is_room(house: House) -> None:
    """The gate says WAIT while the disk is full, and GO afterwards."""

    async def permit(upto: int) -> bool:
        return bool(upto)

    async def story() -> None:
        out = house.outbound()
        await asyncio.to_thread(_until_fresh, out)
        notes = FullJournal()
        loop = asyncio.get_running_loop()
        terms = Terms(1, 1, loop.time(), 0.0, loop.time() + 60)
        gate = BatchGate(terms, out.watch, notes, permit)  # type: ignore[arg-type]
        message = Message(DeliveryKey(1, 1, 1), Channel.SMS, "+44", "N", b"", send_before=4e9)
        assert gate.begin(message) is Passage.WAIT
        assert gate.begun == set()
        notes.full = False
        assert gate.begin(message) is Passage.GO
        await gate.finish()
        assert gate.begin(message) is Passage.WITHHELD
        await out.aclose()

    asyncio.run(story())
    assert issubclass(JournalFull, Unavailable)


def _until_fresh(out: Outbound) -> None:
    while not out.watch.fresh():
        pass
