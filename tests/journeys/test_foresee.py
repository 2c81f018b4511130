"""What the preview foresees is what happens: holds, worth and fatigue by the rules themselves."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.context_flags import ContextFlag
from dispatcher.domain.policies import Window, Worth
from dispatcher.services.foresee import foresee
from dispatcher.storage import context_flags
from dispatcher.storage.campaigns import load_version
from tests.support.house import TUESDAY, House

COMPLAINT, QUIET = ContextFlag.COMPLAINT, ContextFlag.QUIET
LONG: dict[str, Any] = {"ends_at": (TUESDAY + timedelta(days=20)).timestamp(), "caps": ()}


def foreseen(house: House) -> dict[str, int]:
    """Foresee the newest campaign as its preview does."""
    (version,) = house.query("SELECT max(version_id) FROM wave")
    with house.dispatcher.database.begin() as conn:
        spec = load_version(conn, version).spec
        return foresee(conn, spec, house.dispatcher.now().timestamp()).by_reason()


def verdicts(house: House) -> dict[str, int]:
    """Run it until the end, and give what each person got in the newest wave."""
    house.run()
    for days in (1, 2, 3, 4):
        house.jump(TUESDAY + timedelta(days=days))
        house.tidy()
        house.run()
    newest = "SELECT reason FROM delivery WHERE wave_id = (SELECT max(id) FROM wave)"
    return dict(Counter(house.query(newest)))


def flag(house: House, person: int, kind: ContextFlag, brand: str, days: float | None) -> None:
    until = None if days is None else TUESDAY + timedelta(days=days)
    with house.dispatcher.database.begin() as conn:
        context_flags.put(conn, person, kind, brand, TUESDAY, until)


def ignore(house: House, people: list[int], offers: int, ago: int) -> None:
    """Let people have had offers that asked for an answer, the last so many days ago."""
    with house.dispatcher.database.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO wave (id, campaign_id, version_id, brand, state, asks, closes_at,"
                " enqueue_key) SELECT no, campaign_id, version_id, brand, 'finished', true,"
                " closes_at, no::text FROM generate_series(1, 20) AS no, "
                " (SELECT * FROM wave LIMIT 1) AS w"
                " ON CONFLICT DO NOTHING"
            )
        )
        conn.execute(
            text(
                "INSERT INTO contact SELECT id, no, CAST(:now AS timestamptz)"
                " - (:ago + no - 1) * interval '1 day', 'sms', 'other', 'tea', 1"
                " FROM unnest(CAST(:people AS bigint[])) AS id, generate_series(1, :offers) AS no"
            ),
            {"now": TUESDAY, "ago": ago, "people": people, "offers": offers},
        )


def test_whoever_is_to_be_left_in_peace_is_foreseen(house: House) -> None:
    """An open hold and a long wish for quiet are refusals; a short one only delays."""
    house.people(6)
    flag(house, 1, COMPLAINT, "*", None)
    flag(house, 2, QUIET, "northwind", 10)
    flag(house, 3, QUIET, "northwind", 1)
    flag(house, 4, COMPLAINT, "another", None)
    house.campaign(policy=LONG)
    told = foreseen(house)
    assert told == {"ok": 4, "context_hold": 1, "quiet_until": 1}
    assert told == verdicts(house)


def test_a_hold_that_is_over_when_the_offer_begins_is_none(house: House) -> None:
    """The preview of an offer of next week looks at next week."""
    house.people(2)
    flag(house, 1, QUIET, "*", 10)
    next_week = {"starts_at": (TUESDAY + timedelta(days=11)).timestamp()}
    house.campaign(policy=LONG | next_week)
    assert foreseen(house) == {"ok": 2}


@pytest.mark.parametrize("asks", [True, False])
def test_what_is_not_worth_it_and_who_is_tired_are_foreseen(
    house: House,
    asks: bool,
) -> None:
    """By how many offers they ignored, where the campaign asks for answers."""
    house.people(6)
    house.campaign("Before", policy=LONG | {"starts_at": (TUESDAY + timedelta(days=9)).timestamp()})
    ignore(house, [1], 3, 4)
    ignore(house, [2], 9, 4)
    ignore(house, [3], 9, 29)
    ignore(house, [4], 12, 4)
    house.campaign(policy=LONG | {"asks": asks})
    told = foreseen(house)
    assert told == ({"ok": 4, "fatigue": 1, "dormant": 1} if asks else {"ok": 6})
    worth = Worth(gain=1.0, response=0.03, loss=0.0, leaving=0.0, sms_price=0.01, email_price=0.0)
    house.campaign("Worth", policy=LONG | {"asks": asks, "worth": worth})
    told = foreseen(house)
    assert told == ({"ok": 2, "not_worth_it": 4} if asks else {"ok": 6})


def test_the_first_rule_that_refuses_is_named(house: House) -> None:
    """In the order of the rules: a hold comes before unknown hours, and these before fatigue."""
    house.people(3, zone="")
    house.campaign("Before", policy=LONG | {"starts_at": (TUESDAY + timedelta(days=9)).timestamp()})
    flag(house, 1, COMPLAINT, "*", None)
    ignore(house, [2], 12, 4)
    house.campaign(policy=LONG | {"asks": True, "window": Window(540, 1200)})
    told = foreseen(house)
    assert told == {"context_hold": 1, "zone_unknown_closed": 2}
    assert told == verdicts(house)
