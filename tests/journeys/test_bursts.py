"""Whoever four campaigns reach for within a day hears the best of them, and the others never."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.campaigns import Offer
from dispatcher.domain.messages import Channel
from tests.support.house import OFFER, TUESDAY, House

FREE: dict[str, Any] = {"caps": (), "min_gap_hours": 0.0, "burst": 3}
OUTCOMES = """
    SELECT c.name, d.state, d.reason, count(*) FROM delivery d
    JOIN wave w ON w.id = d.wave_id JOIN campaign c ON c.id = w.campaign_id
    GROUP BY 1, 2, 3 ORDER BY 1, 2"""


def worth(value: float) -> Offer:
    return Offer(OFFER.name, OFFER.code, OFFER.url, value=value, fields=OFFER.fields)


def dropped(house: House) -> list[str]:
    return [name for name, _, reason, _ in house.query(OUTCOMES) if reason == "burst"]


@pytest.mark.parametrize("values", [(1, 2, 3, 4), (4, 3, 2, 1), (2, 4, 1, 3)])
def test_the_best_of_a_burst_speaks_and_the_others_are_dropped(
    house: House, values: tuple[int, ...]
) -> None:
    """Whichever is taken first: dropped, not put off."""
    people = house.people(3)
    for value in values:
        house.campaign(f"Worth {value}", policy=FREE, offer=worth(value))
    house.run()
    assert dropped(house) == ["Worth 1", "Worth 2", "Worth 3"]
    assert ("Worth 4", "accepted", "ok", 3) in house.query(OUTCOMES)
    assert house.inbox() == people


def test_three_offers_in_a_day_are_no_burst(house: House) -> None:
    """Caps and the cool-down see to them."""
    house.people(2)
    for value in (1, 2, 3):
        house.campaign(f"Worth {value}", policy=FREE, offer=worth(value))
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 6}


def test_a_late_comer_still_meets_the_burst(house: House) -> None:
    """What was said and what was dropped counts for a day, and not for longer."""
    house.people(2)
    for value in (1, 2, 3, 4):
        house.campaign(f"Worth {value}", policy=FREE, offer=worth(value))
    house.run()
    house.jump(TUESDAY + timedelta(hours=5))
    house.campaign("Late and less", policy=FREE, offer=worth(1))
    house.campaign("Late and best", policy=FREE, offer=worth(9))
    house.run()
    assert dropped(house) == ["Late and less", "Worth 1", "Worth 2", "Worth 3"]
    house.jump(TUESDAY + timedelta(hours=30))
    house.campaign("The next day", policy=FREE, offer=worth(1))
    house.run()
    assert ("The next day", "accepted", "ok", 2) in house.query(OUTCOMES)


def test_offers_that_would_not_go_out_make_no_burst(house: House) -> None:
    """Nobody loses an offer to campaigns whose rules shut the person out anyway."""
    house.people(2)
    for value in (7, 8, 9):
        house.campaign(f"Worth {value}", policy=FREE | {"ends_at": 0.0}, offer=worth(value))
    house.campaign("Plain", policy=FREE, offer=worth(1))
    house.run(Channel.SMS)
    assert ("Plain", "accepted", "ok", 2) in house.query(OUTCOMES)


def test_who_waits_for_a_slot_takes_part_in_the_burst(house: House) -> None:
    """Offers that are only put off by some hours are dropped as well."""
    house.people(2, hours_from=15 * 60, hours_until=16 * 60)
    for value in (1, 2, 3, 4):
        house.campaign(f"Worth {value}", policy={"burst": 3}, offer=worth(value))
    house.run()
    assert dropped(house) == ["Worth 1", "Worth 2", "Worth 3"]
    assert ("Worth 4", "deferred", "quiet_hours", 2) in house.query(OUTCOMES)
