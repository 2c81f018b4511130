"""Offers wait while something is wrong, from the moment it is known, and rest for a while after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.messages import Channel
from dispatcher.errors import NotFound
from dispatcher.services import hold as holds
from dispatcher.services.erase import erase
from dispatcher.services.explain import explain
from dispatcher.services.serve import By
from dispatcher.storage import customers
from tests.journeys.test_withdrawals import send_while
from tests.support.house import BRAND, TUESDAY, House

COMPLAINT = ContextFlag.COMPLAINT
ENDS = (TUESDAY + timedelta(days=30)).timestamp()


def hold(house: House, customer: int, flag: ContextFlag = COMPLAINT, brand: str = "*") -> bool:
    """Open a flag on somebody."""
    return holds.hold(house.dispatcher.desk, who(house, customer), flag, brand, by(house))


def release(house: House, customer: int, flag: ContextFlag | None = None) -> int:
    """Close flags on somebody."""
    return holds.release(house.dispatcher.desk, who(house, customer), flag, None, by(house))


def who(house: House, customer: int) -> Any:
    """Give somebody as an operator meets them."""
    with house.dispatcher.database.begin() as conn:
        return customers.person(conn, customer)


def by(house: House) -> By:
    """Act now, on the programme's clock."""
    return By("tests", house.dispatcher.now())


def test_a_flag_set_in_mid_campaign_holds_at_once(house: House) -> None:
    """The last of a long, throttled batch complains while the first are being sent to."""
    people = house.people(40)
    house.campaign(per_minute=1200)
    house.plan()
    last = people[-1]
    send_while(house, lambda: hold(house, last), after_messages=3)
    house.finish()
    assert house.inbox() == people[:-1]
    assert house.query("SELECT state, reason FROM delivery WHERE customer_id = :id", id=last) == [
        ("skipped", "context_hold")
    ]
    assert agrees(house, last)


def agrees(house: House, customer: int) -> bool:
    """Say whether each decision on somebody comes out the same when it is made again."""
    with house.dispatcher.database.begin() as conn:
        told = explain(conn, who(house, customer), house.dispatcher.book)
    return all(line.agrees for story in told.stories for line in story.decisions)


def test_offers_rest_for_three_days_after_it_is_closed(house: House) -> None:
    """Within the rest the offer waits, if it may wait so long; after it, it goes out."""
    house.people(1)
    hold(house, 1)
    assert release(house, 1) == 1
    assert release(house, 1) == 0
    house.campaign(policy={"max_hold_hours": 100.0, "ends_at": ENDS})
    house.run(Channel.SMS)
    assert house.verdicts() == {("deferred", "context_hold"): 1}
    house.jump(TUESDAY + timedelta(hours=71))
    house.run(Channel.SMS)
    assert house.inbox() == []
    house.jump(TUESDAY + timedelta(hours=73))
    house.finish()
    assert house.inbox() == [1]
    assert agrees(house, 1)


def test_one_settled_complaint_does_not_end_another(house: House) -> None:
    """What holds longest holds: the failed payment is still open."""
    house.people(1)
    hold(house, 1)
    hold(house, 1, ContextFlag.PAYMENT_FAILURE)
    release(house, 1, COMPLAINT)
    house.jump(TUESDAY + timedelta(days=20))
    house.campaign()
    house.run(Channel.SMS)
    assert house.verdicts() == {("skipped", "context_hold"): 1}


def test_a_flag_of_one_brand_holds_that_brand_only(house: House) -> None:
    """A complaint about another brand does not silence this one; an unknown brand is refused."""
    house.people(2)
    house.campaign()
    with house.dispatcher.database.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO brand (id, name, email, postal_address) VALUES ('theatre', 'T', 'e', 'p')"
        )
    hold(house, 1, brand="theatre")
    hold(house, 2, brand=BRAND.id)
    with pytest.raises(NotFound):
        hold(house, 1, brand="theater")
    house.plan()
    house.finish()
    assert house.inbox() == [1]


def test_quiet_is_kept_and_may_be_ended_by_the_person(house: House) -> None:
    """A month of quiet skips today's offer; when it is ended before, nothing is to rest."""
    house.people(2)
    for person in (1, 2):
        span = holds.span_of("1 month")
        assert holds.quiet(house.dispatcher.desk, who(house, person), span, by(house))
    release(house, 2)
    house.campaign()
    house.plan()
    house.finish()
    assert house.verdicts() == {("skipped", "quiet_until"): 1, ("accepted", "ok"): 1}
    assert house.inbox() == [2]


def test_an_erased_person_leaves_no_flag_behind(house: House) -> None:
    """What was going on with somebody is theirs, and goes with them."""
    house.people(1)
    hold(house, 1, ContextFlag.HARD_TIMES)
    erase(house.dispatcher.desk, 1, TUESDAY)
    assert house.query("SELECT flag FROM context_flag") == []
