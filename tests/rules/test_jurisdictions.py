"""Promises about the shipped rule data: complete, sourced, fresh, and found by the right chain."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatcher.rules.jurisdictions import FRESH_DAYS, Confidence, Tier, is_code, stale
from dispatcher.services.jurisdictions import shipped

BOOK = shipped()


def test_all_jurisdictions_are_there() -> None:
    """Ninety-one of them, with eighteen territories."""
    assert (len(BOOK.entries), len(BOOK.territories)) == (91, 18)


@pytest.mark.parametrize("code", BOOK.entries)
def test_every_rule_says_where_it_is_from(code: str) -> None:
    """Each has a basis and sources; who is sure of it can be looked up."""
    entry = BOOK.entries[code]
    assert entry.name
    assert entry.basis
    assert entry.sources
    graded = {BOOK.sources[source].grade for source in entry.sources}
    assert entry.confidence != Confidence.HIGH or graded != {"K"}


def test_the_data_is_fresh() -> None:
    """Data is good for 180 days after it was put together, and no day longer."""
    last = BOOK.as_of + timedelta(days=FRESH_DAYS)
    assert stale(BOOK, last) == ""
    assert f"{FRESH_DAYS + 1} days old" in stale(BOOK, last + timedelta(days=1))


@pytest.mark.parametrize(
    ("code", "members", "zone"),
    [
        ("FR", ["FR"], "Europe/Paris"),
        ("US-FL", ["US-FL", "US"], "America/New_York"),
        ("US-NY", ["US"], "America/New_York"),
        ("GB-SCT", ["GB"], "Europe/London"),
        ("PR", ["US"], "America/Puerto_Rico"),
        ("US-PR", ["US"], "America/Puerto_Rico"),
        ("RE", ["FR"], "Indian/Reunion"),
        ("IT-IM", ["IT"], "Europe/Rome"),  # Imperia, not the Isle of Man
        ("SJ", ["NO"], "Arctic/Longyearbyen"),
    ],
)
def test_the_chain_goes_from_the_part_to_the_country(
    code: str, members: list[str], zone: str
) -> None:
    """A state is bound by its own rules and its country's; a territory keeps its own clock."""
    chain = BOOK.chain(code)
    assert [member.code for member in chain.members] == members
    assert chain.zones[0] == zone


def test_an_unlisted_country_has_the_default_and_no_zone() -> None:
    """Nobody knows what time it is there."""
    chain = BOOK.chain("IS")
    assert [member.code for member in chain.members] == ["ZZ"]
    assert chain.zones == ()


def test_codes_are_told_from_words() -> None:
    """FR and US-FL are codes, France and us-fl are not."""
    assert [is_code(text) for text in ("FR", "US-FL", "FR-971")] == [True] * 3
    assert not any(map(is_code, ("", "France", "us-fl", "FR\n", "US-", "F1")))


def test_the_law_on_caps_and_deadlines_came_along() -> None:
    """What later steps enforce is in the data already."""
    assert BOOK.entries["US-FL"].caps[0].most == 3
    assert BOOK.entries["CO"].caps[1].scope == "recipient_channels"
    deadline = BOOK.entries["US"].optout_deadline
    assert deadline is not None
    assert tuple(deadline) == (10, "business_days")
    assert BOOK.entries["FR"].outer_week is not None
    assert BOOK.entries["KR"].more["separate_night_consent"] is True
    assert (BOOK.close_margin_minutes, BOOK.max_hold_hours) == (15, 72)
    assert {code for code, entry in BOOK.entries.items() if entry.own_hand} == {"KR", "ZA", "CO"}


def test_each_tier_occurs() -> None:
    """From binding to doubtful."""
    assert {entry.tier for entry in BOOK.entries.values()} == set(Tier)
