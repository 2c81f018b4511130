"""The cost of a wave grows with its batches: no statement, commit or compile for a single message.

What is counted is what the driver is told, from every thread of the process but the one that polls
for withdrawals, which asks so often a second whatever is sent.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from bench.world import populate, start_wave
from dispatcher.services import renderer
from dispatcher.services.gate import WINDOW
from tests.support.house import House

FEW, FULL, MANY = 25, 250, 2_000
# Receipts are settled in groups, of which a slow machine makes some more.
GROUPS = 25


class Told(Counter[str]):
    """How often the driver was told to do something."""

    def note(self, what: str, times: int = 1) -> None:
        """Count, unless it is the poll for withdrawals."""
        if threading.current_thread().name != "withdrawals":
            self[what] += times


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Count statements, commits and compiled templates."""
    counts = Told()

    def count(owner: Any, name: str, what: str, times: Callable[..., int]) -> None:
        original = getattr(owner, name)

        def counted(*args: Any, **named: Any) -> Any:
            counts.note(what, times(*args))
            return original(*args, **named)

        monkeypatch.setattr(owner, name, counted)

    def one(*_: Any) -> int:
        return 1

    def each(_cursor: object, _query: object, rows: Sequence[Any], *_: Any) -> int:
        return len(rows)

    count(psycopg.Cursor, "execute", "statements", one)
    count(psycopg.Cursor, "executemany", "statements", each)
    count(psycopg.Cursor, "copy", "statements", one)
    count(psycopg.Connection, "commit", "commits", one)
    count(renderer, "compile_template", "compiles", one)
    return counts


def send_to_all(house: House, told: Told, name: str) -> tuple[Counter[str], int]:
    """Send a wave to everybody; give what it took and how many batches it had."""
    wave = start_wave(house.dispatcher, name)
    told.clear()
    house.plan()
    house.send()
    spent = Counter(told)
    query = "SELECT state, count(*) FROM delivery WHERE wave_id = :wave GROUP BY 1"
    people = house.query("SELECT count(*) FROM customer")[0]
    assert house.query(query, wave=wave) == [("accepted", people)]
    return spent, house.query("SELECT count(*) FROM batch WHERE wave_id = :wave", wave=wave)[0]


def test_a_fuller_batch_asks_the_database_hardly_more(house: House, told: Told) -> None:
    """Ten times the people in one batch take a permit a window and some groups, no more."""
    populate(house.dispatcher, FEW)
    few, batches = send_to_all(house, told, "few")
    assert batches == 1
    populate(house.dispatcher, FULL, already=FEW)
    full, batches = send_to_all(house, told, "full")
    assert batches == 1
    more = (FULL - FEW) // WINDOW + GROUPS
    assert full["commits"] - few["commits"] <= more
    assert full["statements"] - few["statements"] <= 4 * more < FULL - FEW


def test_a_wave_costs_its_batches(house: House, told: Told) -> None:
    """Eight batches take eight times what one takes, and the template is compiled once."""
    populate(house.dispatcher, FULL)
    one, batches = send_to_all(house, told, "one")
    assert batches == 1
    assert one["compiles"] == 1
    populate(house.dispatcher, MANY, already=FULL)
    many, batches = send_to_all(house, told, "many")
    assert 1 < batches <= MANY // 125
    assert many["compiles"] == 1
    for what in ("statements", "commits"):
        assert many[what] <= batches * (one[what] + GROUPS) < MANY


def test_what_is_read_of_a_wave_grows_with_its_people_and_not_with_their_square(
    house: House, told: Told
) -> None:
    """Also when statistics are from before it: to them a new wave has nobody, and is read whole."""
    populate(house.dispatcher, MANY)
    send_to_all(house, told, "known")
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("ANALYZE delivery, audience, contact"))
    before = deliveries_read(house)
    send_to_all(house, told, "new")
    assert deliveries_read(house) - before < 20 * MANY


def deliveries_read(house: House) -> int:
    """Count the rows of deliveries that were ever read; a backend tells it at its end."""
    house.dispatcher.database.dispose()
    (read,) = house.query("""
        SELECT sum(idx_tup_read + seq_tup_read)::bigint FROM pg_stat_user_tables
        JOIN (SELECT relid, sum(idx_tup_read) AS idx_tup_read
              FROM pg_stat_user_indexes GROUP BY 1) AS i USING (relid)
        WHERE relname LIKE 'delivery%'""")
    return int(read)
