"""However many campaigns reach for the same people at once, nobody hears more than was agreed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from dispatcher.domain.decisions import Decision
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, CapScope
from dispatcher.services import reserve as reserving
from dispatcher.services.reserve import reserve
from dispatcher.storage import batches, campaigns, recipients, requests, wave_starts
from dispatcher.storage.database import Database
from tests.support.house import House

PEOPLE = 12
RESERVED = "SELECT customer_id, count(*) FROM delivery WHERE state = 'reserved' GROUP BY 1"
CONTACTS = "SELECT customer_id, count(*) FROM contact GROUP BY 1"
ASKED = "SELECT customer_id, count(*) FROM contact WHERE asked"
REFUSED = "SELECT DISTINCT reason FROM delivery WHERE state IN ('deferred', 'skipped')"
VERSION = "SELECT version_id FROM wave WHERE campaign_id = :id"


@pytest.fixture
def database(house: House) -> Iterator[Database]:
    """A way in that is wide enough for all threads at once."""
    url = house.dispatcher.settings.database_url.get_secret_value()
    database = Database(url, pool_size=25)  # and as many more
    yield database
    database.dispose()


def several_waves(house: House, count: int, cap: Cap) -> None:
    """Plan waves of one offer for the same people, a batch each; they may hear `cap` of them."""
    first = house.campaign(policy={"caps": (cap,), "min_gap_hours": 0.0})
    (version_id,) = house.query(VERSION, id=first)
    with house.dispatcher.database.begin() as conn:
        version = campaigns.load_version(conn, version_id)
        for number in range(1, count):
            wave_starts.start(conn, version, f"wave {number}")
    house.plan()


def reserve_one(house: House, database: Database, worker: str) -> bool:
    """Reserve one batch as a worker does, and hand it back; False when there was none."""
    here = house.dispatcher
    done = reserve(database, here.versions, here.book, here.tariffs, Channel.SMS, worker)
    if done is None:
        return False
    with database.begin() as conn:
        batches.hand_back(conn, done.batch, 0.0)
    return True


def reserve_all(house: House, database: Database, threads: int) -> None:
    """Have many workers reserve at the same moment, until nothing is left to claim."""
    start = threading.Barrier(threads)

    def work(number: int) -> None:
        start.wait(30)
        while reserve_one(house, database, f"worker {number}"):
            pass

    with ThreadPoolExecutor(threads) as workers:
        for done in [workers.submit(work, number) for number in range(threads)]:
            done.result(timeout=60)


def speak_at_random(*asked: Any) -> Sequence[Decision]:
    """Let nobody give way to a better offer: then only the lock stands before the cap."""
    (*_, decisions, _now, _hold) = asked
    return list(decisions)


@pytest.fixture(params=["the best speaks", "whoever comes first speaks"])
def _voices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "the best speaks":
        monkeypatch.setattr(reserving, "yield_to_better", speak_at_random)


@pytest.mark.usefixtures("_voices")
def test_twenty_campaigns_that_reserve_at_once_reach_everybody_once(
    house: House, database: Database
) -> None:
    """One offer a day means one, whoever asks at the same moment."""
    people = house.people(PEOPLE)
    several_waves(house, 24, Cap(1, 24))
    reserve_all(house, database, threads=24)
    assert dict(house.query(RESERVED)) == dict.fromkeys(people, 1)
    assert dict(house.query(CONTACTS)) == dict.fromkeys(people, 1)


def test_fifty_batches_at_once_use_a_cap_of_three_up_and_no_more(
    house: House, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one too many, and not one too few."""
    monkeypatch.setattr(reserving, "yield_to_better", speak_at_random)
    people = house.people(PEOPLE)
    several_waves(house, 50, Cap(3, 24))
    reserve_all(house, database, threads=50)
    assert dict(house.query(RESERVED)) == dict.fromkeys(people, 3)
    assert dict(house.query(CONTACTS)) == dict.fromkeys(people, 3)


def test_fifty_batches_at_once_use_a_cap_of_a_subject_up_and_no_more(
    house: House, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three of one subject a day are three, whoever asks at the same moment."""
    monkeypatch.setattr(reserving, "yield_to_better", speak_at_random)
    people = house.people(PEOPLE)
    several_waves(house, 50, Cap(3, 24, CapScope.SUBJECT))
    reserve_all(house, database, threads=25)
    assert dict(house.query(CONTACTS)) == dict.fromkeys(people, 3)
    assert set(house.query(REFUSED)) <= {"cap_subject"}


def test_fifty_batches_at_once_keep_what_the_consents_wording_promised(
    house: House, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two a month were promised, so two it is."""
    monkeypatch.setattr(reserving, "yield_to_better", speak_at_random)
    people = house.people(PEOPLE, consent=False)
    house.promise(people, "Coffee offers by text, up to 2 messages a month.")
    several_waves(house, 50, Cap(30, 24))
    reserve_all(house, database, threads=25)
    assert dict(house.query(CONTACTS)) == dict.fromkeys(people, 2)
    assert set(house.query(REFUSED)) <= {"cap_disclosed_frequency"}


def test_fifty_batches_at_once_answer_a_question_once_and_count_that_half(
    house: House, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One half and two whole offers use up three; not even half of another has room then."""
    monkeypatch.setattr(reserving, "yield_to_better", speak_at_random)
    people = house.people(PEOPLE)
    with house.dispatcher.database.begin() as conn:
        for customer_id in people:
            requests.ask(conn, customer_id, house.dispatcher.now())
    several_waves(house, 50, Cap(3, 24))
    reserve_all(house, database, threads=50)
    assert dict(house.query(CONTACTS)) == dict.fromkeys(people, 3)
    assert dict(house.query(f"{ASKED} GROUP BY 1")) == dict.fromkeys(people, 1)


def test_nobody_slips_in_between_the_reading_of_the_contacts_and_the_verdict(
    house: House, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a lesser offer is being decided on, the better one finds the people locked."""
    people = house.people(PEOPLE)
    house.campaign("Lesser", priority=3, policy={"caps": (Cap(1, 24),), "min_gap_hours": 0.0})
    house.campaign("Better", priority=8, policy={"caps": (Cap(1, 24),), "min_gap_hours": 0.0})
    house.plan()
    reserve_in_the_middle = _once(partial(reserve_one, house, database, "better"))
    real = recipients.load

    def load(*args: Any) -> Any:
        found = real(*args)
        reserve_in_the_middle()
        return found

    monkeypatch.setattr(recipients, "load", load)
    assert reserve_one(house, database, "lesser")
    reserve_all(house, database, threads=2)
    reserved = Counter(house.query("SELECT customer_id FROM delivery WHERE state = 'reserved'"))
    assert reserved == dict.fromkeys(people, 1)
    assert dict(house.query(CONTACTS)) == dict.fromkeys(people, 1)


def _once(work: Callable[[], object]) -> Callable[[], None]:
    """Give a function that does the work when it is called first, in a thread of its own."""
    begun = threading.Event()

    def first_time() -> None:
        if not begun.is_set():
            begun.set()
            thread = threading.Thread(target=work)
            thread.start()
            thread.join(20)

    return first_time
