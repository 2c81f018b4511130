"""The journey of an offer, from plan to finish, with every kind of verdict on the way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Cap, Window
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.settings import GatewaySettings
from tests.support.house import TUESDAY, House, house_on
from tests.support.patience import eventually

DAYTIME = {"window": Window(9 * 60, 20 * 60)}


def test_everybody_gets_exactly_one_verdict_and_those_who_asked_get_the_offer(house: House) -> None:
    """Consent decides; whoever gave none has a verdict that says so."""
    house.people(30)
    house.people(10, first=101, consent=False)
    house.campaign()
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 30, ("skipped", "no_consent"): 10}
    assert house.inbox() == list(range(1, 31))
    assert house.query("SELECT state FROM campaign") == ["finished"]


def test_running_everything_again_tells_nobody_twice(house: House) -> None:
    """Bells may ring as often as they like."""
    house.people(20)
    house.campaign()
    house.run()
    house.run()
    house.run()
    assert house.inbox() == list(range(1, 21))


def test_who_sleeps_is_told_in_the_morning(house: House) -> None:
    """The deferred come back when their window opens, and the wave ends when they are served."""
    house.people(5)
    house.people(5, first=51, zone="Pacific/Honolulu")
    house.campaign(policy=DAYTIME)
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 5, ("deferred", "quiet_hours"): 5}
    house.jump(TUESDAY + timedelta(hours=9, minutes=1))
    house.tidy()
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 10}
    assert house.query("SELECT state FROM wave") == ["finished"]


def test_who_leaves_while_deferred_is_never_told(house: House) -> None:
    """The deferred meet all rules again."""
    house.people(3, zone="Pacific/Honolulu")
    house.campaign(policy=DAYTIME)
    house.run()
    opt_out(house.dispatcher.desk, Act(2, Channel.SMS, TUESDAY + timedelta(hours=1)))
    house.jump(TUESDAY + timedelta(hours=9, minutes=1))
    house.tidy()
    house.run()
    assert house.inbox() == [1, 3]
    assert house.query("SELECT reason FROM delivery WHERE customer_id = 2") == ["suppressed"]


def test_the_holdout_hears_nothing(house: House) -> None:
    """People in the lowest buckets are kept back, so that silence can be measured."""
    house.add(1, bucket=100)
    house.add(2, bucket=5000)
    house.consent(1)
    house.consent(2)
    house.campaign(policy={"holdout": 500})
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1, ("skipped", "holdout"): 1}
    assert house.inbox() == [2]


def test_a_cap_holds_over_campaigns(house: House) -> None:
    """The second offer of the day waits or is dropped, whoever sends it."""
    house.people(4)
    house.campaign("First")
    house.run()
    evening = (TUESDAY + timedelta(hours=8)).timestamp()
    house.campaign("Second", policy={"caps": (Cap(1, 24),), "ends_at": evening, "min_gap_hours": 0})
    house.run()
    assert len(house.inbox()) == 4
    assert house.verdicts() == {("accepted", "ok"): 4, ("skipped", "cap_person"): 4}


def test_channels_are_tried_in_order_of_permission(house: House) -> None:
    """Who allowed texts gets a text, who only allowed e-mail gets e-mail, nobody gets both."""
    house.people(3)
    house.people(3, first=51, channel=Channel.EMAIL)
    house.campaign(channels=(Channel.SMS, Channel.EMAIL))
    house.run()
    rows = house.query(
        "SELECT channel, count(*) FROM sandbox_message GROUP BY channel ORDER BY channel"
    )
    assert rows == [("email", 3), ("sms", 3)]


def test_every_message_can_be_traced_to_the_consent_that_allowed_it(house: House) -> None:
    """Why was this sent? is one join."""
    house.people(3)
    house.campaign()
    house.run()
    rows = house.query("""
        SELECT d.customer_id FROM delivery d JOIN consent_event e ON e.id = d.consent_event
        WHERE e.customer_id = d.customer_id AND e.topic = 'coffee' AND e.action = 'opt_in'
        ORDER BY 1""")
    assert rows == [1, 2, 3]


def _is_paused_after_a_round(house: House) -> bool:
    house.run()
    return "paused" in house.query("SELECT state FROM campaign")


def test_the_cost_ceiling_is_never_broken(database_url: str, tmp_path: Path) -> None:
    """A campaign stops before it overspends, and says why."""
    gateways = {"sms": GatewaySettings(kind="sandbox", channel="sms", price=0.10)}
    with house_on(database_url, tmp_path / "home", gateways=gateways) as house:
        house.people(30)
        house.campaign(ceiling=1.0)
        assert eventually(lambda: _is_paused_after_a_round(house))
        told = len(house.inbox())
        (spent,) = house.query("SELECT spent FROM wave")
        assert 1 <= told < 30
        assert float(spent) <= 1.0
        assert "ceiling" in house.query("SELECT note FROM campaign")[0]
