"""A reminder comes when the moment is right, and not ten times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.customers import Contact
from dispatcher.domain.messages import Channel
from dispatcher.domain.signals import SignalKind
from dispatcher.proof.pressure import too_many_reminders
from dispatcher.services import signals
from dispatcher.services.erase import erase
from dispatcher.services.explain import explain
from dispatcher.services.serve import By
from dispatcher.storage import brands, customers
from tests.journeys.test_withdrawals import send_while
from tests.support.house import BRAND, TUESDAY, House

MACHINE = "espresso-machine"
LONG = (TUESDAY + timedelta(days=90)).timestamp()


@pytest.fixture(autouse=True)
def known_brand(house: House) -> None:
    """Signals are of brands that are known."""
    with house.dispatcher.database.begin() as conn:
        brands.save(conn, BRAND)


def did(
    house: House,
    people: Sequence[int],
    kind: SignalKind = SignalKind.VIEWED,
    product: str = MACHINE,
    at: datetime = TUESDAY - timedelta(hours=5),
) -> None:
    """Note what some people did, five hours ago."""
    for customer in people:
        with house.dispatcher.database.begin() as conn:
            person = customers.person(conn, customer)
        assert person
        by = By("tests", house.dispatcher.now())
        signals.note(house.dispatcher.desk, person, kind, product, BRAND.id, at, by)


def remind(house: House, product: str = MACHINE, name: str = "", **policy: object) -> None:
    """Start a wave that reminds of a product."""
    audience = Audience("coffee", viewed=(BRAND.id, product))
    terms = {"reminds_of": product, "ends_at": LONG} | policy
    house.campaign(name or f"Still {product}", audience=audience, policy=terms)


def agrees(house: House, customer: int) -> bool:
    """Say whether each decision on somebody comes out the same when it is made again."""
    with house.dispatcher.database.begin() as conn:
        person = customers.person(conn, customer)
        assert person
        told = explain(conn, person, house.dispatcher.book)
    return all(line.agrees for story in told.stories for line in story.decisions)


def test_only_those_who_looked_are_reminded(house: House) -> None:
    """Who bought is not planned for, nor who looked at something else, nor who did nothing."""
    house.people(5)
    did(house, [1, 2])
    did(house, [2], SignalKind.BOUGHT)
    did(house, [3], product="grinder")
    did(house, [4], SignalKind.DISLIKED)
    remind(house)
    assert house.plan() == 1
    house.finish()
    assert house.inbox() == [1]
    assert house.query("SELECT DISTINCT reminds_of FROM contact") == [MACHINE]


def test_a_reminder_waits_for_four_hours(house: House) -> None:
    """From the last look of each: whoever looked an hour ago is reminded three hours later."""
    house.people(2)
    did(house, [1])
    did(house, [2], at=TUESDAY - timedelta(hours=1))
    remind(house)
    house.run(Channel.SMS)
    assert house.inbox() == [1]
    assert house.verdicts()["deferred", "reminder_wait"] == 1
    house.jump(TUESDAY + timedelta(hours=3, minutes=1))
    house.finish()
    assert house.inbox() == [1, 2]
    assert agrees(house, 2)


@pytest.mark.parametrize("end", [SignalKind.BOUGHT, SignalKind.PRICE_COMPLAINT])
def test_an_end_in_mid_campaign_holds_at_once(house: House, end: SignalKind) -> None:
    """The last of a long, throttled batch buys it while the first are being reminded."""
    people = house.people(40)
    did(house, people)
    audience = Audience("coffee", viewed=(BRAND.id, MACHINE))
    house.campaign(audience=audience, policy={"reminds_of": MACHINE}, per_minute=1200)
    house.plan()
    last = people[-1]
    send_while(house, lambda: did(house, [last], end, at=TUESDAY), after_messages=3)
    house.finish()
    assert house.inbox() == people[:-1]
    assert house.query("SELECT state, reason FROM delivery WHERE customer_id = :id", id=last) == [
        ("skipped", "interest_over")
    ]
    assert agrees(house, last)


def test_who_waits_and_buys_hears_nothing(house: House) -> None:
    """What was put off is decided on again, with what has happened since."""
    house.people(1)
    did(house, [1], at=TUESDAY - timedelta(hours=1))
    remind(house)
    house.run(Channel.SMS)
    did(house, [1], SignalKind.BOUGHT, at=TUESDAY)
    house.jump(TUESDAY + timedelta(hours=4))
    house.finish()
    assert house.inbox() == []
    assert house.verdicts() == {("skipped", "interest_over"): 1}


def test_two_reminders_at_once_are_one(house: House) -> None:
    """Two waves of two products meet one person: one speaks, the other waits for three days."""
    house.people(1)
    for product in (MACHINE, "grinder"):
        did(house, [1], product=product)
        remind(house, product, min_gap_hours=0.0, caps=(), max_hold_hours=80.0)
    house.run(Channel.SMS)
    assert house.verdicts() == {("accepted", "ok"): 1, ("deferred", "reminder_gap"): 1}
    house.jump(TUESDAY + timedelta(days=3, minutes=1))
    house.finish()
    assert house.inbox() == [1, 1]


def test_weeks_of_looking_bring_few_reminders(house: House) -> None:
    """On each of these days something else is looked at, and a wave reminds of it."""
    house.people(1)
    for day in (0, 1, 3, 4, 7, 8, 9, 12, 20, 38, 39, 42, 43, 47, 51):
        # Three days are never quite 72 hours.
        now = TUESDAY + timedelta(days=day, hours=2, minutes=-day)
        house.jump(now)
        did(house, [1], product=f"p{day}", at=now - timedelta(hours=5))
        remind(house, f"p{day}", max_hold_hours=0.0, ends_at=(now + timedelta(days=1)).timestamp())
        house.run(Channel.SMS)
    rows = house.query(
        "SELECT extract(epoch FROM at)::float8, brand, reminds_of FROM contact ORDER BY at"
    )
    log = [Contact(at, Channel.SMS, brand, "", reminds_of=of) for at, brand, of in rows]
    assert list(too_many_reminders(log)) == []
    days = [round((contact.at - TUESDAY.timestamp()) / 86400) for contact in log]
    assert days == [0, 4, 8, 39, 43, 47]
    assert agrees(house, 1)


FILE = """\
email,phone,brand,product,kind,at
p1@example.com,,northwind,Espresso-Machine,viewed,2026-12-01T05:00:00Z
,+447700900002,northwind,espresso-machine,viewed,2026-12-01T05:00:00Z
p1@example.com,,northwind,espresso-machine,viewed,2026-12-01T05:30:00Z
nobody@example.com,,northwind,espresso-machine,viewed,2026-12-01T05:00:00Z
p1@example.com,,northwinds,espresso-machine,bought,2026-12-01T05:00:00Z
p1@example.com,,northwind,espresso machine,bought,2026-12-01T05:00:00Z
p1@example.com,,northwind,espresso-machine,eaten,2026-12-01T05:00:00Z
p1@example.com,,northwind,espresso-machine,bought,2027-01-01
p1@example.com,,northwind,espresso-machine,viewed,2026-10-01
,+447700900002,northwind,espresso-machine,bought,2026-12-01T06:00:00Z
"""


def take(house: House, folder: Path, text: str = FILE) -> signals.Taken:
    """Take a file of signals."""
    file = folder / "week.csv"
    file.write_text(text, encoding="utf-8")
    order = signals.Order(file, folder / "rejects.csv")
    return signals.take(house.dispatcher.desk, order, By("tests", house.dispatcher.now()))


def test_a_file_of_signals_is_taken_whole_and_once(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest counts, bad rows are named, and taking it again in chunks changes nothing."""
    house.people(1, channel=Channel.EMAIL)
    house.people(1, first=2)
    taken = take(house, tmp_path)
    assert (taken.rows, taken.news, taken.known, taken.outdated, taken.rejects) == (10, 3, 1, 1, 5)
    named = (tmp_path / "rejects.csv").read_text("utf-8-sig").splitlines()
    assert [line.split(",")[:2] for line in named[1:]] == [
        *(["5", "email"], ["6", "brand"], ["7", "product"], ["8", "kind"], ["9", "at"]),
    ]
    before = house.query("SELECT customer_id, product, kind, at FROM signal ORDER BY 1, 3")
    assert [row[:3] for row in before] == [
        *((1, MACHINE, "viewed"), (2, MACHINE, "bought"), (2, MACHINE, "viewed")),
    ]
    assert before[0][3].minute == 30
    assert house.query("SELECT customer_id FROM sign_of_life") == [2]
    monkeypatch.setattr(signals, "CHUNK", 2)
    assert take(house, tmp_path).news == 0
    assert house.query("SELECT customer_id, product, kind, at FROM signal ORDER BY 1, 3") == before
    remind(house)
    house.plan()
    assert house.query("SELECT people FROM wave") == [1]


def test_signals_are_forgotten_in_time_and_with_the_person(house: House) -> None:
    """A view after thirty days, an end after a year, and all of it with the person."""
    house.people(3)
    did(house, [1, 2, 3])
    did(house, [2, 3], SignalKind.RETURNED)
    erase(house.dispatcher.desk, 3, TUESDAY)
    assert house.query("SELECT DISTINCT customer_id FROM signal ORDER BY 1") == [1, 2]
    house.jump(TUESDAY + timedelta(days=30))
    house.tidy()
    assert house.query("SELECT customer_id, kind FROM signal") == [(2, "returned")]
    house.jump(TUESDAY + timedelta(days=366))
    house.tidy()
    assert house.query("SELECT customer_id FROM signal") == []
