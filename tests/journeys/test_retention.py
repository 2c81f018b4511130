"""What has been kept long enough goes by itself; what proves something stays as long as it must."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.services.retain import sweep
from dispatcher.services.subscribe import Act, opt_in, opt_out
from dispatcher.storage import chains, retention
from tests.journeys.test_erasure import live
from tests.support.house import TUESDAY, House

MONTH = timedelta(days=31)


def later(house: House, months: int) -> dict[str, int]:
    """Sweep as it will be then; give what went."""
    return at(house, TUESDAY + months * MONTH)


def at(house: House, instant: datetime) -> dict[str, int]:
    """Sweep at an instant of the programme's clock."""
    house.jump(instant)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE retention SET next_at = '-infinity'"))
    return sweep(house.dispatcher.database)


def test_records_go_when_their_time_is_over_and_not_before(house: House) -> None:
    """Words after 13 months, reports and counts after 25; nothing before."""
    live(house)
    assert later(house, 12) == {}
    assert later(house, 14) == {
        "reply": 2,
        "service_message": 1,
        "kept_mail": 1,
        "sandbox_message": 2,
    }
    assert later(house, 24) == {}
    assert later(house, 26) == {"event": 3, "contact": 2}


def test_what_proves_an_opt_out_stays_for_five_years(house: House) -> None:
    """The words that were texted, and the personal proof, counted from the end of the consent."""
    desk = house.dispatcher.desk
    house.people(2)
    for person in (1, 2):
        proof = {"ip": "192.0.2.7"}
        opt_in(desk, Act(person, Channel.SMS, TUESDAY, topic="theatre", evidence=proof))
    opt_out(desk, Act(1, Channel.SMS, TUESDAY + 12 * MONTH))
    with desk.database.begin() as conn:
        conn.execute(
            text("""INSERT INTO reply (dedup_key, gateway, channel, digest, text, label,
                    received_at) VALUES ('k', 'sms', 'sms', 'x', 'STOP', 'opt_out', :at)"""),
            {"at": TUESDAY},
        )
    assert later(house, 58) == {}
    assert later(house, 61) == {"reply that opted out": 1}
    assert later(house, 73) == {"consent_evidence": 1}
    assert later(house, 200) == {}
    assert house.query("SELECT customer_id FROM consent_evidence") == [2]  # is still a customer
    with desk.database.begin() as conn:
        assert chains.verify_chain(conn, [1, 2]) == []


@pytest.mark.parametrize(("label", "stays"), [("wrong_number", 1), ("other", 0)])
def test_words_that_ended_a_consent_are_kept_like_an_opt_out(
    house: House, label: str, stays: int
) -> None:
    """Somebody else's number is as good a reason to be silent as a STOP."""
    with house.dispatcher.database.begin() as conn:
        conn.execute(
            text("""INSERT INTO reply (dedup_key, gateway, channel, digest, text, label,
                    received_at) VALUES ('k', 'sms', 'sms', 'x', 'not me', :label, :at)"""),
            {"at": TUESDAY, "label": label},
        )
    later(house, 58)
    assert house.query("SELECT count(*) FROM reply") == [stays]
    later(house, 61)
    assert house.query("SELECT count(*) FROM reply") == [0]


@pytest.mark.parametrize(("kind", "stays"), [("ask_once", 1), ("keyword", 0)])
def test_a_consent_to_one_message_stays_used_up(house: House, kind: str, stays: int) -> None:
    """If the message it was good for were forgotten, there would be a second one."""
    house.people(1)
    house.campaign()
    house.run()
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE consent SET kind = :kind"), {"kind": kind})
    assert house.query("SELECT count(*) FROM contact") == [1]
    later(house, 40)
    assert house.query("SELECT count(*) FROM contact") == [stays]


def test_whole_months_of_waves_are_dropped_after_three_years(house: House) -> None:
    """Verdicts and hand-overs go together, but not while a wave of that month is at work."""
    live(house)
    now = house.query("SELECT clock_timestamp() FROM clock")[0]
    parts = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'delivery'::regclass"
    assert house.query(parts) == [1]
    at(house, now + 36 * MONTH)
    assert house.query(parts) == [1]
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE wave SET state = 'running'"))
    at(house, now + 40 * MONTH)
    assert house.query(parts) == [1]
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE wave SET state = 'finished'"))
    gone = at(house, now + 40 * MONTH)
    names = {name[:-8] for name in gone if name[-7:-5] == "20"}
    assert names == {"audience", "delivery", "attempt", "decision"}
    assert house.query(parts) == [0]
    assert house.query("SELECT count(*) FROM wave") == [1]  # its counts stay


def test_it_goes_step_by_step_and_rests_in_between(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step takes so many rows; the next comes with the next tidying, then a day's rest."""
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    house.people(5)
    house.campaign()
    house.run()
    assert later(house, 14) == {"sandbox_message": 2}
    assert house.tidy().swept == {"sandbox_message": 2}
    assert house.tidy().swept == {"sandbox_message": 1}
    assert house.tidy().swept == {}
    assert house.query("SELECT next_at > clock_timestamp() + interval '23 h' FROM retention") == [
        True
    ]


def test_dropping_waits_for_nobody_at_work(house: House) -> None:
    """Whoever reads a month keeps it for another day, and nobody queues behind."""
    live(house)
    now = house.query("SELECT clock_timestamp() FROM clock")[0]
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("SELECT count(*) FROM delivery"))
        assert not [name for name in at(house, now + 40 * MONTH) if name.startswith("delivery")]
    assert [name for name in at(house, now + 40 * MONTH) if name.startswith("delivery")]
