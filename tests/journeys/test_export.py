"""Who asks what is known of them is told everything, in words, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from dispatcher.domain.campaigns import Audience
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Window
from dispatcher.rendering import Links
from dispatcher.services.audit_hours import audit_hours
from dispatcher.services.erase import erase
from dispatcher.services.export import NOT_TOLD, TOLD_IN, export, in_words
from dispatcher.services.export_files import EVERYTHING, zipped
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.storage import customers
from tests.journeys.test_erasure import PERSONAL, live, tables
from tests.support.house import TUESDAY, House


def exported(house: House, customer_id: int = 1) -> dict[str, bytes]:
    """Export somebody."""
    here = house.dispatcher
    links = Links(here.tokens, here.settings.public_url, here.settings.mail_domain)
    with here.database.begin() as conn:
        person = customers.person(conn, customer_id)
        assert person is not None
        return export(conn, person, here.book, links)


def everything(house: House) -> Any:
    """Export somebody and read the JSON."""
    return json.loads(exported(house)[EVERYTHING])


def test_no_table_that_names_people_is_left_out(house: House) -> None:
    """A new table with a person's number must be told, or be named with a reason."""
    named = {table for table, _ in tables(house)} | {"customer"}
    assert named == TOLD_IN.keys() | NOT_TOLD.keys()
    assert not TOLD_IN.keys() & NOT_TOLD.keys()
    live(house)
    assert set(TOLD_IN.values()) <= everything(house).keys()


def test_everything_is_told_with_its_reason(house: House) -> None:
    """Profile, proofs, verdicts in words, the audience in words, messages, replies, recipients."""
    live(house)
    opt_out(house.dispatcher.desk, Act(1, Channel.EMAIL, TUESDAY))
    told = everything(house)
    assert [word for word in PERSONAL if word not in json.dumps(told)] == []
    (campaign,) = told["campaigns"]
    assert campaign["meant_for"] == "people who agreed to hear about coffee"
    assert campaign["decisions"][0]["meaning"] == "Nothing stood against it."
    (message,) = told["messages"]
    assert "WEEK26" in message["text"]
    assert message["made"] == "as it went into the sandbox"
    assert told["recipients"] == [{"gateway": "sms", "channel": "sms"}]
    assert told["consents"][-1]["action"] == "opt_out"
    for part in ("replies", "answers", "holds", "counted", "setbacks", "suppressions"):
        assert told[part], part
    assert told["last_heard_of"]
    assert "digest" not in json.dumps(told["customer"])


def test_a_message_is_made_again_where_it_is_not_kept(house: House) -> None:
    """Its words are pinned with the version; that facts may have changed is said."""
    live(house)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("DELETE FROM sandbox_message"))
    (message,) = everything(house)["messages"]
    assert "WEEK26" in message["text"]
    assert "made again from version 1" in message["made"]


def test_a_message_that_cannot_be_made_again_says_so(house: House) -> None:
    """Nothing is made up."""
    live(house)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("DELETE FROM sandbox_message"))
        conn.execute(text("UPDATE customer SET attributes = '{}' WHERE id = 1"))
        conn.execute(text("ALTER TABLE campaign_version DISABLE TRIGGER ALL"))
        conn.execute(
            text("""UPDATE campaign_version SET
                    template = jsonb_set(template, '{required}', '["first_name"]')""")
        )
        row = conn.execute(text("SELECT spec, template FROM campaign_version")).one()
        pinned = json.dumps([row.spec, row.template], sort_keys=True, separators=(",", ":"))
        conn.execute(
            text("UPDATE campaign_version SET digest = encode(sha256(:pinned), 'hex')"),
            {"pinned": pinned.encode()},
        )
    (message,) = everything(house)["messages"]
    assert (message["text"], message["made"]) == (
        "",
        "cannot be made again: missing_field first_name",
    )


def test_the_csv_files_hold_the_same(house: House) -> None:
    """One row for each; a cell that a spreadsheet would run is a text."""
    live(house)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE reply SET text = '=cmd()' WHERE label = 'other'"))
    files = exported(house)
    told = json.loads(files[EVERYTHING])

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))

    for name in ("consents", "replies", "answers", "messages", "counted", "campaigns"):
        assert len(rows(f"{name}.csv")) == len(told[name])
    assert "'=cmd()" in {row["text"] for row in rows("replies.csv")}
    assert {"name": "sms", "value": PERSONAL[0]} in rows("customer.csv")
    with zipfile.ZipFile(io.BytesIO(zipped(files))) as archive:
        assert sorted(archive.namelist()) == sorted(files)


def test_who_was_erased_is_told_only_that(house: House) -> None:
    """The receipt and the bare chain; nothing of what was erased."""
    live(house)
    erase(house.dispatcher.desk, 1, TUESDAY)
    told = everything(house)
    assert told["erasure"]["finished_at"]
    assert [word for word in PERSONAL if word in json.dumps(told)] == []


def test_an_audience_is_told_in_words() -> None:
    """Whatever narrows it."""
    audience = Audience("coffee", ("en", "fr"), ("GB",), {"city": ("Bristol", "Bath")})
    assert in_words(audience) == (
        "people who agreed to hear about coffee, whose language is en or fr, who live in GB, "
        "whose city is Bristol or Bath"
    )


def test_an_offer_without_an_end_is_told_too(house: House) -> None:
    """By mail, at any hour and for ever: there is no moment before which it had to go."""
    house.people(1, channel=Channel.EMAIL)
    house.campaign(channels=[Channel.EMAIL], policy={"window": Window(0, 24 * 60)})
    house.run()
    assert house.query("SELECT send_before::text FROM delivery") == ["infinity"]
    (campaign,) = everything(house)["campaigns"]
    assert (campaign["state"], campaign["send_before"]) == ("accepted", None)
    day = timedelta(days=1)
    checked = audit_hours(house.dispatcher.database, TUESDAY - day, TUESDAY + day)
    assert (checked.looked_at, checked.in_hours) == (1, 1)
