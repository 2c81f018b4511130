"""Where a person has room for one offer, the best of those that are ready speaks."""

from __future__ import annotations

from datetime import timedelta

from dispatcher.domain.messages import Channel
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
    house.jump(TUESDAY + timedelta(minutes=2))
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
