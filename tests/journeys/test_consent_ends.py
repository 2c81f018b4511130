"""A consent ends by its kind, its use and by silence, and from then on nothing is sent on it."""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatcher.services.explain import explain
from dispatcher.services.export import collect
from dispatcher.services.find import find
from dispatcher.services.permissions import with_states
from dispatcher.storage import signs_of_life
from dispatcher.wiring import build_links
from tests.support.house import House

ENDING = """
    UPDATE consent SET kind = :kind, since = :now - :days * interval '1 day'
    WHERE customer_id = :id AND topic = 'coffee' RETURNING 1
"""
NUMBERS = """
    UPDATE address SET jurisdictions = CAST(:places AS text[]) WHERE customer_id = :id RETURNING 1
"""
TO_ALL = """
    INSERT INTO consent (customer_id, channel, topic, state, event_id, own_hand, kind, since)
    SELECT customer_id, channel, '*', 'active', 4711, true, 'gdpr_consent', :now
    FROM consent WHERE customer_id = :id RETURNING 1
"""
REASONS = "SELECT customer_id, reason FROM delivery ORDER BY customer_id"
EVENTS = "SELECT consent_event FROM delivery WHERE customer_id = :id"


def given(house: House, person: int, kind: str, days: float, places: tuple[str, ...] = ()) -> None:
    """Let somebody's consent be of this kind and age, and their number of these places."""
    house.query(ENDING, id=person, kind=kind, days=days, now=now(house))
    if places:
        house.query(NUMBERS, id=person, places=list(places))


def now(house: House) -> datetime:
    return house.dispatcher.now()


def noted(house: House, person: int, days: float) -> None:
    """Let somebody have given a sign of life so many days ago."""
    with house.dispatcher.database.begin() as conn:
        signs_of_life.note(conn, [person], now(house) - timedelta(days=days))


def reasons(house: House) -> dict[int, str]:
    """Run, and give the reason of each verdict."""
    house.campaign()
    house.run()
    rows = [tuple(row) for row in house.query(REASONS)]
    return dict(rows)


def test_what_has_ended_is_not_relied_on(house: House) -> None:
    """Each with its own reason, and each verdict can be made again from its record."""
    people = house.people(7)
    given(house, people[0], "casl_implied_purchase", 729, ("CA-ON",))
    given(house, people[1], "casl_implied_purchase", 730, ("CA-ON",))
    given(house, people[2], "gdpr_consent", 731)
    given(house, people[3], "gdpr_consent", 800)
    given(house, people[4], "kr_ad_consent", 800)
    given(house, people[5], "soft_opt_in", 9, ("PL",))
    given(house, people[6], "gdpr_consent", 9, ("US-TX",))
    found = reasons(house)
    assert found == {
        people[0]: "ok",
        people[1]: "consent_expired",
        people[2]: "consent_dormant",
        people[3]: "consent_expired",
        people[4]: "ok",
        people[5]: "no_consent",
        people[6]: "no_consent",
    }
    here = house.dispatcher
    with here.database.begin() as conn:
        told = [explain(conn, find(conn, here.digests, str(each)), here.book) for each in people]
    assert all(line.agrees for each in told for line in each.stories[-1].decisions)


def test_a_sign_of_life_wakes_a_consent_within_two_months_and_not_later(house: House) -> None:
    """Whoever stirs after 26 months of silence has to agree anew."""
    people = house.people(3)
    for person in people:
        given(house, person, "gdpr_consent", 900)
    noted(house, people[0], 120)
    noted(house, people[1], 100)
    noted(house, people[1], 10)
    noted(house, people[2], 800)
    noted(house, people[2], 20)
    found = reasons(house)
    assert found == {people[0]: "ok", people[1]: "consent_expired", people[2]: "ok"}


def test_a_consent_to_everything_takes_the_place_of_one_that_has_ended(house: House) -> None:
    """The message names the consent that it rests on."""
    first, second = house.people(2)
    for person in (first, second):
        given(house, person, "gdpr_consent", 900)
    house.query(TO_ALL, id=second, now=now(house))
    assert reasons(house) == {first: "consent_expired", second: "ok"}
    assert house.query(EVENTS, id=second) == [4711]


def test_a_referral_is_good_for_one_message(house: House) -> None:
    """The second campaign finds it used up."""
    (person,) = house.people(1)
    given(house, person, "casl_referral", 9, ("CA-ON",))
    assert reasons(house) == {person: "ok"}
    house.campaign("Tea week", policy={"caps": (), "min_gap_hours": 0.0})
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1, ("skipped", "consent_expired"): 1}


def test_the_state_of_each_permission_has_a_name(house: House) -> None:
    """For whoever looks somebody up, and for the person who asks what is on record."""
    people = house.people(4)
    given(house, people[1], "casl_implied_inquiry", 9, ("CA-ON",))
    given(house, people[2], "gdpr_consent", 731)
    given(house, people[3], "gdpr_consent", 800)
    here, found = house.dispatcher, []
    with here.database.begin() as conn:
        for each in people:
            person = find(conn, here.digests, str(each))
            told = with_states(conn, explain(conn, person, here.book), now(house))
            data = collect(conn, person, here.book, build_links(here), now(house))
            assert data["allows"] == told.standings
            found.append(told.standings[0].permission)
    assert found == ["active", "implied", "dormant", "lapsed"]
