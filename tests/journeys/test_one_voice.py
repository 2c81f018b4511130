"""Where a person has room for one offer, the best of those that are ready speaks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap
from dispatcher.services.explain import explain
from dispatcher.services.reserve import Patience, Round
from dispatcher.services.reserve import reserve as reserve_next
from dispatcher.storage import batches, customers
from tests.support.house import TUESDAY, House


def test_the_better_offer_speaks_whichever_batch_is_taken_first(house: House) -> None:
    """The lesser one steps back, and is dropped once the better one has used the room up."""
    people = house.people(5)
    tonight = (TUESDAY + timedelta(hours=3)).timestamp()
    house.campaign("Lesser", priority=3, policy={"ends_at": tonight})
    house.campaign("Better", priority=8)
    house.plan()
    house.send(Channel.SMS)
    outcome = """
        SELECT c.name, d.state, d.reason, count(*) FROM delivery d
        JOIN wave w ON w.id = d.wave_id JOIN campaign c ON c.id = w.campaign_id
        GROUP BY 1, 2, 3 ORDER BY 1"""
    assert house.inbox() == people
    (better, lesser) = house.query(outcome)
    assert better == ("Better", "accepted", "ok", 5)
    assert lesser[0] == "Lesser"
    house.tidy()
    house.send(Channel.SMS)
    (better, lesser) = house.query(outcome)
    assert lesser[:2] == ("Lesser", "skipped")
    assert lesser[2] in ("min_gap", "cap_brand")
    assert house.inbox() == people


def test_offers_that_have_room_side_by_side_do_not_wait_for_each_other(house: House) -> None:
    """Without a cap between them, nobody steps back."""
    house.people(3)
    free = {"caps": (), "min_gap_hours": 0.0}
    house.campaign("Lesser", priority=3, policy=free)
    house.campaign("Better", priority=8, policy=free)
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 6}


def test_a_paused_offer_outranks_nobody(house: House) -> None:
    """Who cannot speak does not keep others silent."""
    people = house.people(3)
    house.campaign("Lesser", priority=3)
    better = house.campaign("Better", priority=8)
    house.query("UPDATE campaign SET state = 'paused' WHERE id = :id RETURNING 1", id=better)
    house.run()
    assert house.inbox() == people


ONE_A_DAY: dict[str, Any] = {"caps": (Cap(1, 24),), "min_gap_hours": 0.0}
WAITING = "SELECT count(*) FROM due WHERE behind IS NOT NULL"


def reserve(house: House, hold: float = 0.0) -> Round | None:
    """Reserve the next batch of texts, and let the worker stop there."""
    here = house.dispatcher
    return reserve_next(
        here.database,
        here.versions,
        here.book,
        here.tariffs,
        Channel.SMS,
        "a worker",
        Patience(hold),
    )


def hand_back(house: House, done: Round | None) -> None:
    """Give a batch back without sending."""
    assert done is not None
    with house.dispatcher.database.begin() as conn:
        batches.hand_back(conn, done.batch, 0.0)


def lesser_first(house: House, people: int = 3, **better: Any) -> tuple[int, int]:
    """Have the lesser of two offers decided on before the better one; give both campaigns."""
    house.people(people)
    lesser = house.campaign("Lesser", priority=3, policy=ONE_A_DAY)
    house.plan()
    house.query("UPDATE batch SET not_before = clock_timestamp() + interval '1 day' RETURNING 1")
    best = house.campaign("Better", priority=8, **{"policy": ONE_A_DAY} | better)
    house.plan()
    swap = "CASE WHEN not_before > now() THEN '-infinity' ELSE now() + interval '1 day' END"
    house.query(f"UPDATE batch SET not_before = {swap} RETURNING 1")
    return lesser, best


def test_the_outranked_wait_for_the_better_offer_and_not_for_the_clock(house: House) -> None:
    """They are decided on once and woken once, however long the better one takes."""
    lesser_first(house)
    hand_back(house, reserve(house))
    assert house.verdicts() == {("deferred", "outranked"): 3}
    assert house.query(WAITING) == [3]
    house.tidy()
    assert house.query("SELECT count(*) FROM batch WHERE state = 'ready'") == [1]  # the better one
    house.query("UPDATE batch SET not_before = '-infinity' RETURNING 1")
    house.run(Channel.SMS)
    assert house.query("SELECT count(*) FROM due WHERE behind IS NOT NULL") == [0]
    house.run(Channel.SMS)
    assert house.verdicts() == {("accepted", "ok"): 3, ("deferred", "cap_person"): 3}
    decided = "SELECT count(*) FROM decision, unnest(customer_ids)"
    assert house.query(decided) == [3 + 3 + 3]


def test_when_the_better_offer_cannot_be_sent_the_lesser_one_speaks(house: House) -> None:
    """Its slot is free again, and nobody waits for an hour to find that out."""
    lesser_first(house)
    hand_back(house, reserve(house))
    house.query("UPDATE batch SET not_before = '-infinity' RETURNING 1")
    house.query("UPDATE campaign SET state = 'paused' WHERE name = 'Better' RETURNING 1")
    house.run(Channel.SMS)
    house.run(Channel.SMS)
    assert house.inbox() == [1, 2, 3]
    told = "SELECT c.name FROM sandbox_message s JOIN wave w ON w.id = s.wave_id JOIN campaign c"
    assert set(house.query(f"{told} ON c.id = w.campaign_id WHERE s.wave_id > 0")) == {"Lesser"}


def test_an_offer_that_was_dropped_lets_the_lesser_one_speak(house: House) -> None:
    """A better offer that ends in a skip for somebody has not spoken to them."""
    lesser_first(house, audience=Audience("coffee", languages=("en",)))
    hand_back(house, reserve(house))
    house.query("UPDATE customer SET language = 'fr' RETURNING 1")
    house.query("UPDATE batch SET not_before = '-infinity' RETURNING 1")
    house.run(Channel.SMS)
    house.run(Channel.SMS)
    assert house.verdicts() == {("skipped", "left_audience"): 3, ("accepted", "ok"): 3}


def test_explain_says_which_offer_was_better_and_the_replay_agrees(house: House) -> None:
    """The rules let the lesser one pass; the better one came between."""
    lesser, _ = lesser_first(house)
    hand_back(house, reserve(house))
    with house.dispatcher.database.begin() as conn:
        person = customers.person(conn, 1)
        assert person is not None
        (story,) = explain(conn, person, house.dispatcher.book, lesser).stories
    assert story.detail == 'outranked by "Better"'
    (line,) = story.decisions
    assert (line.reason, line.agrees) == (Reason.OUTRANKED, True)


def test_a_better_offer_that_opens_soon_keeps_its_place(house: House) -> None:
    """Within the hold it counts as ready; beyond, who is ready speaks."""
    in_ten_minutes = {"starts_at": (TUESDAY + timedelta(minutes=10)).timestamp()}
    lesser_first(house, policy=ONE_A_DAY | in_ten_minutes)
    hand_back(house, reserve(house, hold=900.0))
    assert house.verdicts() == {("deferred", "outranked"): 3}
    house.query("UPDATE due SET due_at = '2026-01-01' RETURNING 1")
    house.tidy()
    house.query("UPDATE batch SET not_before = '2026-01-01' WHERE not_before < now() RETURNING 1")
    hand_back(house, reserve(house, hold=300.0))
    assert house.verdicts() == {("reserved", "ok"): 3}


def test_offers_on_other_channels_compete_too(house: House) -> None:
    """A person has one day, not one for each channel."""
    people = house.people(3)
    house.also_by(Channel.EMAIL, people)
    house.campaign("By text", priority=3, policy=ONE_A_DAY)
    house.campaign("By mail", priority=8, channels=(Channel.EMAIL,), policy=ONE_A_DAY)
    house.plan()
    house.send(Channel.SMS)
    assert house.verdicts() == {("deferred", "outranked"): 3}
