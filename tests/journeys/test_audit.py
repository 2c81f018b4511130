"""What was sent under rule data that is no longer in use is judged by the data of its time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from dispatcher.services.audit_hours import HoursAudit, audit_hours
from tests.rules.override_texts import entry, week
from tests.support.house import TUESDAY, House, house_on

LONG_AGO, FAR = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)


def audited(house: House) -> HoursAudit:
    return audit_hours(house.dispatcher.database, LONG_AGO, FAR)


def send(house: House, name: str, at: datetime) -> None:
    """Offer something to a Londoner with a British number at this instant."""
    house.jump(at)
    house.campaign(name, policy={"caps": (), "min_gap_hours": 0.0})
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE customer SET country = 'GB'"))
    house.run()


def test_each_is_judged_by_the_overrides_that_were_in_force(
    database_url: str, tmp_path: Path
) -> None:
    """Sent without overrides, then under narrow ones, which are gone since: all are judged."""
    file, home = tmp_path / "overrides.toml", tmp_path / "home"
    file.write_text(entry("GB", brand='"northwind"', windows=week("10:00-12:00")))
    with house_on(database_url, home) as house:
        house.people(1)
        send(house, "Evening", TUESDAY + timedelta(hours=7))
    with house_on(database_url, home, rule_overrides=file) as house:
        send(house, "Narrow", TUESDAY + timedelta(days=1, hours=1))
        assert house.inbox() == [1, 1]
    file.unlink()
    with house_on(database_url, home) as house:
        done = audited(house)
        assert (done.looked_at, done.in_hours, done.doubts) == (2, 2, [])
        with house.dispatcher.database.begin() as conn:  # as if all had been under the narrow ones
            conn.execute(text("ALTER TABLE decision DISABLE TRIGGER ALL"))
            conn.execute(
                text(
                    "UPDATE decision SET rule_book ="
                    " (SELECT hash FROM rule_book WHERE overrides <> '')"
                )
            )
        done = audited(house)
        assert (done.in_hours, done.outside) == (1, 1)
        assert "sent while closed in GB" in done.findings[0].problem


def test_files_that_are_not_what_they_were_judge_nobody(house: House) -> None:
    """Whoever changes the bytes on record changes their name."""
    house.people(1)
    send(house, "Noon", TUESDAY)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("ALTER TABLE rule_book DISABLE TRIGGER ALL"))
        conn.execute(text("UPDATE rule_book SET data = data || '# wider'"))
    done = audited(house)
    assert (done.in_hours, done.unjudged) == (0, 1)
    assert "is not on record" in done.doubts[0].problem
