"""Whoever comes in by a file brings where they live, and where their number says they do."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.messages import Channel
from dispatcher.services.customer_columns import Column, find_columns
from dispatcher.services.subscribe import Desk
from tests.services.importing import person
from tests.support.people import ANNA

OREGON = "+15415550104"


def test_a_number_brings_its_jurisdictions(desk: Desk, bring: Any) -> None:
    """Plain rows: of a number every state its area code serves, of an e-mail address none."""
    assert bring(f"email,phone\n{ANNA},{OREGON}\n").people == 1
    anna = person(desk)
    assert anna.address(Channel.SMS).jurisdictions[0] == "US-OR"
    assert "America/Boise" in anna.address(Channel.SMS).zones
    assert anna.address(Channel.EMAIL).jurisdictions == ()


@pytest.mark.parametrize(
    ("head", "value"),
    [
        ("country,region", "us,tx"),
        ("country,State", "US,TX"),
        ("Country,State/Province", "US,Texas"),
        ("country,province", "US,US-TX"),
        ("country,city", "US-TX,Austin"),
        ("country,state", "US-TX,Texas"),
    ],
)
def test_a_state_is_read_however_shops_write_it(
    desk: Desk, bring: Any, head: str, value: str
) -> None:
    """Under its usual names, by code or name, alone or behind the country."""
    assert bring(f"email,{head}\n{ANNA},{value}\n").people == 1
    anna = person(desk)
    assert (anna.country, anna.region) == ("US", "TX")


def test_a_state_without_country_is_one_of_the_files_country(desk: Desk, bring: Any) -> None:
    """What is said of the whole file holds for its states, too."""
    assert bring(f"email,state\n{ANNA},TX\n", country="US").people == 1
    assert (person(desk).country, person(desk).region) == ("US", "TX")


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",TX", "region", "name the country"),
        ("US,Texass", "region", "US-TX"),
        ("GB,Greater London", "region", "ISO 3166-2"),
        ("US-TX,OR", "region", "US-TX"),
        ("US-XX,", "country", "US-TX"),
    ],
)
def test_a_state_that_cannot_be_right_is_named(
    bring: Any, rejects: Any, row: str, column: str, words: str
) -> None:
    """The row is left out, with a sentence on what to write."""
    assert bring(f"email,country,region\n{ANNA},{row}\n").rejects == 1
    ((_, named, reason),) = rejects()
    assert named == column
    assert words in reason


def test_of_two_columns_for_the_state_ours_counts(tmp_path: Any) -> None:
    """The other one is a fact like any other, under its own name."""
    columns = find_columns(tmp_path, ["email", "state", "region", "province"], {})
    assert columns.known[Column.REGION] == 2
    assert columns.attributes == {"state": 1, "province": 3}


def test_rows_of_one_person_agree_on_a_home(desk: Desk, bring: Any) -> None:
    """The later country counts, with the last state that was said of that country."""
    rows = [("US", "TX"), ("US", "OR"), ("US", ""), ("", "")]
    bring("email,country,region\n" + "".join(f"{ANNA},{c},{r}\n" for c, r in rows))
    assert (person(desk).country, person(desk).region) == ("US", "OR")


def test_who_moves_abroad_keeps_no_state(desk: Desk, bring: Any) -> None:
    """A new country takes the old state along; the same country, and none, keep it."""
    for row, home in [
        ("US,TX,", ("US", "TX")),
        ("US,,", ("US", "TX")),
        (",,x", ("US", "TX")),
        ("FR,,", ("FR", "")),
        ("FR,NOR,", ("FR", "NOR")),
    ]:
        bring(f"email,country,region,note\n{ANNA},{row}\n")
        assert (person(desk).country, person(desk).region) == home


def test_a_number_taken_from_an_earlier_row_brings_its_places(desk: Desk, bring: Any) -> None:
    """Tangled rows: places go with the number they are of."""
    bring(f"email,phone\n{ANNA},{OREGON}\n{ANNA},\n")
    assert person(desk).address(Channel.SMS).jurisdictions[0] == "US-OR"
