"""What has been kept long enough goes by itself; what proves something stays as long as it must."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.services.erase import erase
from dispatcher.services.retain import sweep
from dispatcher.services.subscribe import Act, opt_in, opt_out
from dispatcher.storage import chains, retention, signs_of_life
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
    return sweep(house.dispatcher.desk)


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
        signs_of_life.note(conn, [1, 2], TUESDAY + 199 * MONTH)
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
        signs_of_life.note(conn, [1], TUESDAY + 39 * MONTH)
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


def test_whoever_was_silent_for_three_years_is_forgotten(house: House) -> None:
    """But not whose consent silence keeps; the proof stays sealed for its time, then goes, too."""
    desk = house.dispatcher.desk
    house.people(4)
    for person in (1, 2, 3):
        proof = {"ip": "192.0.2.7"}
        opt_in(desk, Act(person, Channel.SMS, TUESDAY, topic="theatre", evidence=proof))
    with desk.database.begin() as conn:
        conn.execute(text("UPDATE consent SET kind = 'kr_ad_consent' WHERE customer_id = 2"))
        signs_of_life.note(conn, [3], TUESDAY + 20 * MONTH)
    assert "prospects" not in later(house, 35)
    assert later(house, 37)["prospects"] == 2
    left = "SELECT id FROM customer WHERE erased_at IS NULL ORDER BY id"
    assert house.query(left) == [2, 3]
    assert house.query("SELECT customer_id FROM address ORDER BY 1") == [2, 3]
    kept = "SELECT customer_id FROM consent_evidence ORDER BY 1"
    assert house.query(kept) == [1, 2, 3]
    with desk.database.begin() as conn:
        conn.execute(text("UPDATE erasure SET again_at = '-infinity'"))
    house.tidy()  # looks once more for what came late
    assert house.query(kept) == [1, 2, 3]
    assert "consent_evidence" not in later(house, 95)
    assert later(house, 99)["consent_evidence"] == 1
    assert house.query("SELECT count(*) FROM vault.person_key WHERE customer_id = 1") == [0]
    assert house.query("SELECT count(*) FROM suppression") == [3]
    with desk.database.begin() as conn:
        assert chains.verify_chain(conn, [1, 2, 3, 4]) == []


def test_whoever_asks_to_be_erased_leaves_no_proof_behind(house: House) -> None:
    """Also if time has erased them before."""
    desk = house.dispatcher.desk
    house.people(1)
    opt_in(desk, Act(1, Channel.SMS, TUESDAY, topic="theatre", evidence={"ip": "192.0.2.7"}))
    later(house, 37)
    assert house.query("SELECT count(*) FROM consent_evidence") == [1]
    erase(desk, 1, TUESDAY + 38 * MONTH)
    assert house.query("SELECT count(*) FROM consent_evidence") == [0]


def test_whoever_said_yes_and_chose_no_topic_is_forgotten_after_a_month(house: House) -> None:
    """Of three who were asked for their topics one has chosen, and one was asked of late."""
    for person in (1, 2, 3):
        house.add(person)
    house.consent(2)
    asked = """
        INSERT INTO conversation (customer_id, question, channel, offered, wording, state,
                                  asked_at, expires_at)
        VALUES (:id, 'topics', 'sms', '{}', '', 'dropped', :at, :at) RETURNING 1
    """
    for person, days in ((1, 0), (2, 0), (3, 20)):
        house.query(asked, id=person, at=TUESDAY + timedelta(days=days))
    house.add(4)  # known otherwise
    assert at(house, TUESDAY + timedelta(days=29)) == {}
    assert at(house, TUESDAY + timedelta(days=33)) == {"joined without a topic": 1}
    assert house.query("SELECT id FROM customer WHERE erased_at IS NULL ORDER BY 1") == [2, 3, 4]


def test_forgetting_goes_step_by_step_and_passes_over_who_stirs(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was interrupted is taken up again; who stirs after being named stays."""
    monkeypatch.setattr(retention, "_PEOPLE", 2)
    house.people(5)
    instant = TUESDAY + 37 * MONTH
    house.jump(instant)
    kind = retention.FORGOTTEN[0]
    with house.dispatcher.database.begin() as conn:
        named, more = retention.quiet(conn, kind, instant)
        assert (named, more) == ([1, 2], True)
        signs_of_life.note(conn, [1], instant)
        assert not retention.is_quiet(conn, kind, 1, instant)
        assert retention.is_quiet(conn, kind, 2, instant)
    assert at(house, instant)["prospects"] == 2
    assert house.tidy().swept["prospects"] == 2
    assert "prospects" not in house.tidy().swept
    assert house.query("SELECT id FROM customer WHERE erased_at IS NULL") == [1]
