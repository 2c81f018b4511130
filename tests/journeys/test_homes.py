"""An offer waits for every clock and every law that somebody's number and home leave possible."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from dispatcher.services.explain import explain
from dispatcher.services.import_customers import Order, import_customers
from dispatcher.storage import customers
from tests.support.house import TUESDAY, House

HEAD = "phone,language,country,state,topics,consent_at,consent_kind,consent_source,consent_wording"
EVIDENCE = "coffee,2026-10-01,tcpa_pewc,web form,Yes"


def test_number_and_home_both_bind_from_import_to_decision(house: House, tmp_path: Path) -> None:
    """A number of Oregon in Texas: told when it is nine in Boise and Denver, and in Portland."""
    file = tmp_path / "people.csv"
    file.write_text(f"{HEAD}\n+15415550104,en,US,Texas,{EVIDENCE}\n")
    desk = house.dispatcher.desk
    assert import_customers(desk, Order(file, tmp_path / "rejects.csv"), TUESDAY).proven == 1
    house.campaign()
    house.jump(TUESDAY + timedelta(hours=5, minutes=30))  # 9:30 in Texas, 7:30 in Oregon
    house.run()
    assert house.verdicts() == {("deferred", "quiet_hours"): 1}
    with house.dispatcher.database.begin() as conn:
        ids = conn.exec_driver_sql("SELECT id FROM customer").scalars().all()
        someone = customers.person(conn, ids[0])
        assert someone is not None
        hours = explain(conn, someone, house.dispatcher.book).stories[0].decisions[0].hours
    assert hours is not None
    assert {"US-OR", "US-TX"} <= set(hours.jurisdictions)
    assert {"US-OR", "US-TX", "US"} <= set(hours.bound_by)
    house.jump(TUESDAY + timedelta(hours=8))
    house.tidy()
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1}


def test_a_home_alone_says_the_clock(house: House) -> None:
    """Without a zone the clocks of the home count, of the state if it is known."""
    house.people(1, zone="", country="US", region="TX")
    house.people(1, first=2, zone="", country="US")
    house.campaign()
    house.jump(TUESDAY + timedelta(hours=6, minutes=30))  # 9:30 in Denver, 6:30 in Honolulu
    house.run()
    assert house.verdicts() == {("accepted", "ok"): 1, ("deferred", "quiet_hours"): 1}
