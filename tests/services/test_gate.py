"""The gate lets a message through only if it is permitted, wanted, in time, paced and noted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.domain.ports import Passage
from dispatcher.services.dispatch import dispatch
from dispatcher.services.gate import WINDOW, BatchGate, Terms
from dispatcher.storage import journal as journals
from dispatcher.storage.database import driver_url
from dispatcher.storage.journal import Journal, JournalFull, orphans
from dispatcher.storage.watch import Watch
from tests.support.full_disk import no_file_beyond
from tests.support.house import House, house_on
from tests.support.patience import eventually

WAVE, SIZE = 3, 3 * WINDOW
ROOM = 1 << 20  # bytes: what a journal takes first
GO, WAIT, WITHHELD = Passage.GO, Passage.WAIT, Passage.WITHHELD


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    """A watch that has had its first answer, and will not go stale on a busy machine."""
    watch = Watch(database_url, fresh=60)
    watch.start()
    assert eventually(watch.fresh)
    yield watch
    watch.stop()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """A journal of a desk that will be found dead."""
    journal = Journal(tmp_path / "journals", "desk")
    yield journal
    if journal.path.exists():
        journal.close()


@pytest.fixture
def terms() -> Terms:
    """Terms that let everybody of a first window through."""
    now = monotonic()
    return Terms(SIZE, WINDOW, now, 0.0, now + 60, scopes=("all", "campaign:3"))


def message(ordinal: int, send_before: float = float("inf")) -> Message:
    """The message of the person whose number is the place in the batch."""
    key = DeliveryKey(WAVE, ordinal, 1)
    return Message(key, Channel.SMS, "+447700900123", "Northwind", b"Hello", ordinal, send_before)


class Permits:
    """Answers for the permits: each time the next of these, and the last one for ever."""

    def __init__(self, *answers: bool | Exception) -> None:
        self.asked: list[int] = []
        self._answers = list(answers)

    async def __call__(self, upto: int) -> bool:
        self.asked.append(upto)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def at_the_gate(
    watch: Watch,
    journal: Journal,
    terms: Terms,
    story: Callable[[BatchGate], Awaitable[None]],
    permits: Permits | None = None,
) -> None:
    """Tell a story at a gate, on a loop."""

    async def tell() -> None:
        gate = BatchGate(terms, watch, journal, permits or Permits(True))
        await story(gate)
        await gate.finish()
        assert gate.begin(message(0)) is WITHHELD, "once finished it is shut for good"

    asyncio.run(tell())


async def first_answer(gate: BatchGate, asked: Message) -> Passage:
    """Ask as gateways do: wait while it is shut."""
    async with asyncio.timeout(20):
        while (passage := gate.begin(asked)) is WAIT:
            await gate.opens()
    return passage


def test_who_may_go_is_in_the_journal_before_the_bytes_are_written(
    watch: Watch, journal: Journal, terms: Terms, tmp_path: Path
) -> None:
    """And nobody else is."""

    async def story(gate: BatchGate) -> None:
        assert gate.begin(message(1)) is GO
        assert gate.begin(message(2, send_before=time.time() - 1)) is WITHHELD
        assert gate.begun == {1}

    at_the_gate(watch, journal, terms, story)
    journal.abandon()
    [legacy] = orphans(tmp_path / "journals")
    assert legacy.begun == {DeliveryKey(WAVE, 1, 1)}


def test_without_a_fresh_answer_about_withdrawals_everybody_waits(
    watch: Watch, journal: Journal, terms: Terms
) -> None:
    """Nobody is withheld for that, and nobody let through."""

    async def story(gate: BatchGate) -> None:
        await asyncio.to_thread(watch.stop)
        assert gate.begin(message(1)) is WAIT
        assert gate.begun == set()

    at_the_gate(watch, journal, terms, story)


class LateAnswer(Watch):
    """A watch whose first answer arrives right after it was asked who withdrew."""

    def __init__(self) -> None:
        super().__init__("postgresql://nowhere")
        self.answered = False

    def quiet(self, since: float) -> bool:
        """Say what is known, which is nothing yet; then the answer is there."""
        known = super().quiet(since)
        self.answered = True
        return known

    def fresh(self) -> bool:
        """Tell whether the answer has come."""
        return self.answered


def test_an_answer_that_comes_in_the_middle_of_a_question_does_not_count_for_it(
    journal: Journal, terms: Terms
) -> None:
    """Who withdrew would be in that answer: it must be looked at before anybody goes."""

    async def story(gate: BatchGate) -> None:
        assert gate.begin(message(0)) is WAIT
        assert gate.begin(message(0)) is GO

    at_the_gate(LateAnswer(), journal, terms, story)


@pytest.mark.parametrize("scope", ["all", "campaign:3"])
def test_who_withdrew_and_what_was_halted_is_withheld(
    watch: Watch, journal: Journal, terms: Terms, database_url: str, scope: str
) -> None:
    """One person alone, or everybody."""

    async def story(gate: BatchGate) -> None:
        with psycopg.connect(driver_url(database_url), autocommit=True) as somebody:
            somebody.execute("INSERT INTO withdrawal (person_id) VALUES (1)")
            assert eventually(lambda: watch.withdrawn(1, terms.since))
            assert gate.begin(message(1)) is WITHHELD
            assert gate.begin(message(2)) is GO
            somebody.execute("INSERT INTO withdrawal (scope) VALUES (%s)", [scope])
            assert eventually(lambda: watch.withdrawn(scope, terms.since))
            assert gate.begin(message(3)) is WITHHELD

    at_the_gate(watch, journal, terms, story)


def test_permits_are_asked_for_a_window_ahead_and_only_what_they_cover_may_go(
    watch: Watch, journal: Journal, terms: Terms
) -> None:
    """The first message of a window asks for the next window; the last one asks for nothing."""
    permits = Permits(True)

    async def story(gate: BatchGate) -> None:
        assert gate.begin(message(WINDOW)) is WAIT
        assert [await first_answer(gate, message(n)) for n in range(SIZE)] == [GO] * SIZE
        assert gate.begin(message(SIZE)) is WAIT

    at_the_gate(watch, journal, terms, story, permits)
    assert permits.asked == [2 * WINDOW, SIZE]


def test_a_lost_permit_shuts_the_gate(watch: Watch, journal: Journal, terms: Terms) -> None:
    """The batch is somebody else's now: also what was permitted before is withheld."""

    async def story(gate: BatchGate) -> None:
        assert gate.begin(message(0)) is GO
        assert await first_answer(gate, message(WINDOW)) is WITHHELD
        assert gate.begin(message(1)) is WITHHELD

    at_the_gate(watch, journal, terms, story, Permits(False))


def test_no_answer_is_no_permit(watch: Watch, journal: Journal, terms: Terms) -> None:
    """What the database did not say is not taken for a yes."""

    async def story(gate: BatchGate) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        assert await first_answer(gate, message(WINDOW)) is WITHHELD

    at_the_gate(watch, journal, terms, story, Permits(OSError("no answer")))


def test_whose_hours_are_over_is_withheld(watch: Watch, journal: Journal, terms: Terms) -> None:
    """By the programme's clock, which may be ahead of the wall's."""
    now = time.time()

    async def ahead(gate: BatchGate) -> None:
        assert gate.begin(message(1, send_before=now + 3590)) is WITHHELD
        assert gate.begin(message(2, send_before=now + 3660)) is GO

    at_the_gate(watch, journal, replace(terms, clock_ahead=3600.0), ahead)


def test_hours_end_though_the_machines_clock_is_set_back(
    watch: Watch, journal: Journal, terms: Terms
) -> None:
    """Time that passes cannot be set."""

    async def set_back(gate: BatchGate) -> None:
        assert gate.begin(message(1, send_before=monotonic() + 3590)) is WITHHELD
        assert gate.begin(message(2, send_before=monotonic() + 3660)) is GO

    terms = replace(terms, clock_ahead=-float("inf"), steady_ahead=3600.0)
    at_the_gate(watch, journal, terms, set_back)


def test_when_the_time_of_the_batch_is_over_everybody_left_is_withheld(
    watch: Watch, journal: Journal, terms: Terms
) -> None:
    """Its worker was told to come to an end."""

    async def story(gate: BatchGate) -> None:
        assert gate.begin(message(1)) is WITHHELD

    at_the_gate(watch, journal, replace(terms, closes_at=monotonic() - 0.001), story)


def fill(journal: Journal) -> None:
    """Note messages of nobody until the journal takes no more."""
    key = DeliveryKey(0, 0, 0)
    with pytest.raises(JournalFull):  # noqa: PT012 - the room is not known beforehand
        while True:
            journal.begin(key)


def test_while_the_journal_has_no_room_everybody_waits_and_then_they_go(
    watch: Watch, journal: Journal, terms: Terms, tmp_path: Path
) -> None:
    """What cannot be noted must not go; nobody is dropped for it."""

    async def story(gate: BatchGate) -> None:
        with no_file_beyond(ROOM):
            fill(journal)
            assert gate.begin(message(1)) is WAIT
            assert gate.begin(message(1)) is WAIT
            assert gate.begun == set()
        assert gate.begin(message(1)) is GO

    at_the_gate(watch, journal, terms, story)
    journal.abandon()
    [legacy] = orphans(tmp_path / "journals")
    assert DeliveryKey(WAVE, 1, 1) in legacy.begun


async def send_through_a_full_disk(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Dispatch with a full journal, and make room once the desk has said that it waits."""
    out = house.outbound()
    with no_file_beyond(ROOM):
        fill(out.journal)
        work = asyncio.ensure_future(dispatch(out, Channel.SMS, 30))
        async with asyncio.timeout(20):
            while "nothing is sent until there is room" not in caplog.text:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # a log tells nobody that it was written to
        assert house.inbox() == []
    await work
    assert not out.beaten
    await out.aclose()


def test_a_campaign_meets_a_full_disk_and_goes_on_when_there_is_room(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent meanwhile, it is said once, and afterwards everybody gets the message."""
    with house_on(database_url, tmp_path / "home") as house:
        people = house.people(5)
        house.campaign()
        house.plan()
        asyncio.run(send_through_a_full_disk(house, caplog))
        assert house.inbox() == people
        assert house.verdicts() == {("accepted", "ok"): len(people)}
    assert caplog.text.count("nothing is sent until there is room") == 1
    assert ROOM == journals._CHUNK
