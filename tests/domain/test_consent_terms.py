"""Promises about kinds of consent: where each is good, and how it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consent_terms import DAY, outlives, terms_at
from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource, fold
from dispatcher.domain.messages import Channel

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KINDS = [*ConsentKind, "keyword", ""]

# kind, channel, places, whether an offer may rest on it
PLACES = [
    ("soft_opt_in", Channel.SMS, ("GB",), True),
    ("soft_opt_in", Channel.SMS, ("FR",), True),
    ("soft_opt_in", Channel.EMAIL, ("IT",), True),
    ("soft_opt_in", Channel.SMS, ("IT",), False),
    ("soft_opt_in", Channel.SMS, ("DK",), False),
    ("soft_opt_in", Channel.EMAIL, ("PL",), False),
    ("soft_opt_in", Channel.EMAIL, ("HU",), False),
    ("soft_opt_in", Channel.EMAIL, ("GB", "PL"), False),
    ("soft_opt_in", Channel.EMAIL, (), False),
    ("soft_opt_in", Channel.EMAIL, ("US-TX",), False),
    ("tcpa_pewc", Channel.SMS, ("US-FL",), True),
    ("gdpr_consent", Channel.SMS, ("US-FL",), False),
    ("gdpr_consent", Channel.SMS, ("PR",), False),
    ("gdpr_consent", Channel.EMAIL, ("US-FL",), True),
    ("gdpr_consent", Channel.SMS, ("DE",), True),
    ("gdpr_consent", Channel.EMAIL, (), True),
    ("keyword", Channel.SMS, ("US-FL",), True),
    ("tcpa_pec", Channel.SMS, ("US",), False),
    ("tcpa_pec", Channel.EMAIL, ("DE",), False),
    ("casl_implied_purchase", Channel.SMS, ("CA-ON",), True),
    ("casl_implied_purchase", Channel.EMAIL, ("GB",), False),
    ("casl_referral", Channel.EMAIL, ("CA",), True),
    ("casl_express", Channel.SMS, ("CA",), True),
    ("us_canspam_notice", Channel.EMAIL, ("US-TX",), True),
    ("us_canspam_notice", Channel.SMS, ("US-TX",), False),
    ("us_canspam_notice", Channel.EMAIL, ("DE",), False),
    ("legitimate_interest_b2b", Channel.SMS, ("GB",), False),
    ("legitimate_interest_b2b", Channel.EMAIL, ("GB",), True),
    ("ask_once", Channel.SMS, ("ZA",), True),
    ("ask_once", Channel.SMS, ("GB",), False),
]


@pytest.mark.parametrize(("kind", "channel", "places", "good"), PLACES)
def test_a_kind_is_good_where_its_law_says(
    kind: str, channel: Channel, places: tuple[str, ...], good: bool
) -> None:
    """In every place the person may be in; where nobody knows the place, in all or in none."""
    assert (terms_at(kind, channel, places).wrong == "") is good


@given(st.sampled_from(KINDS), st.sampled_from(Channel), st.sampled_from(["US", "CA", "PL", "IE"]))
def test_a_further_place_never_makes_a_kind_good(kind: str, channel: Channel, place: str) -> None:
    """Nor does it let a consent live longer."""
    one, two = terms_at(kind, channel, ("GB",)), terms_at(kind, channel, ("GB", place))
    assert two.wrong or not one.wrong
    assert two.silence + two.answer <= one.silence + one.answer


ENDS = [
    ("casl_implied_purchase", 730, False),
    ("casl_implied_inquiry", 181, False),
    ("casl_referral", 181, True),
    ("ask_once", inf, True),
    ("casl_implied_published", inf, False),
    ("gdpr_consent", inf, False),
    ("registry_consent", inf, False),
    ("tcpa_pewc", inf, False),
    ("casl_express", inf, False),
]


@pytest.mark.parametrize(("kind", "days", "once"), ENDS)
def test_each_kind_lasts_as_long_as_its_law_says(kind: str, days: float, once: bool) -> None:
    """And not a day longer, leap years or not."""
    terms = terms_at(kind, Channel.EMAIL, ("CA",))
    assert (terms.lasts / DAY, terms.once) == (days, once)


def test_silence_rests_a_consent_for_two_months_and_then_ends_it() -> None:
    """A Korean one it leaves alone; an Irish soft opt-in it ends after a year, at once."""
    common = terms_at("gdpr_consent", Channel.SMS, ("IE",))
    assert (common.silence / DAY, common.answer / DAY) == (730, 60)
    assert terms_at("kr_ad_consent", Channel.SMS, ("KR",)).silence == inf
    irish = terms_at("soft_opt_in", Channel.EMAIL, ("IE",))
    assert (irish.silence / DAY, irish.answer) == (365, 0)


def event(kind: str, days: int, number: int) -> ConsentEvent:
    at = NOON + timedelta(days=days)
    action, source = ConsentAction.OPT_IN, ConsentSource.IMPORT
    return ConsentEvent(1, Channel.EMAIL, "coffee", action, source, at, at, kind, id=number)


stories = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-900, 0)), min_size=1, max_size=6)


@given(stories)
def test_no_later_deal_shortens_what_was_agreed_to(story: list[tuple[str, int]]) -> None:
    """Of express consents the newest counts; without any, of those from deals the one that ends
    last."""
    events = [event(kind, days, number) for number, (kind, days) in enumerate(story, 1)]
    found = fold(events)
    kept = next(each for each in events if each.id == found.event_id)
    assert (found.kind, found.since) == (kept.kind, kept.effective_at)
    express = [e for e in events if not terms_at(e.kind, Channel.EMAIL, ()).implied]
    if express:
        assert kept == max(express, key=lambda each: (each.effective_at, each.id))
    else:
        ends = [
            each.effective_at.timestamp() + terms_at(each.kind, Channel.EMAIL, ()).lasts
            for each in events
        ]
        assert ends[kept.id - 1] == max(ends)


def test_a_newer_purchase_begins_the_two_years_anew() -> None:
    """The clock rolls with each one, and an inquiry does not cut it short."""
    first, second = event("casl_implied_purchase", -700, 1), event("casl_implied_purchase", -10, 2)
    asked = event("casl_implied_inquiry", -1, 3)
    assert fold([second, asked, first]).event_id == 2
    late = event("casl_implied_inquiry", -1, 3)
    assert fold([first, late]).event_id == 3


def test_a_word_of_the_persons_own_stands_against_any_deal() -> None:
    """And nothing stands against a newer word."""
    assert outlives("keyword", NOON, "soft_opt_in", NOON)
    assert not outlives("tcpa_pewc", NOON, "gdpr_consent", NOON)
