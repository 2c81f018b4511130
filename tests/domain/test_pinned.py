"""Pinned campaigns: what was approved comes back exactly, and any change shows in the digest."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer, TemplateSource
from dispatcher.domain.messages import Channel
from dispatcher.domain.pinned import (
    digest,
    spec_from_json,
    spec_to_json,
    template_from_json,
    template_to_json,
)
from dispatcher.domain.policies import Cap, CapScope, Policy, Window, Worth

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
MINUTES = st.integers(0, 1440)
MONEY = st.floats(0, 1e8, allow_subnormal=False)
TABLES = st.dictionaries(WORDS, WORDS, max_size=3)

POLICIES = st.builds(
    Policy,
    campaign_id=st.just(0),
    brand=WORDS,
    topic=WORDS,
    subject=WORDS,
    starts_at=st.floats(0, 4e9),
    ends_at=st.floats(0, 4e9) | st.just(float("inf")),
    window=st.builds(Window, MINUTES, MINUTES),
    caps=st.lists(
        st.builds(
            Cap,
            st.integers(1, 99),
            st.integers(1, 744),
            st.sampled_from(CapScope),
            st.none() | st.sampled_from(Channel),
        ),
        max_size=4,
    ).map(tuple),
    min_gap_hours=st.floats(0, 100),
    asks=st.booleans(),
    reminds_of=st.just("") | WORDS,
    reconfirms=st.booleans(),
    worth=st.none() | st.builds(Worth, MONEY, MONEY, MONEY, MONEY, MONEY, MONEY),
)
SPECS = st.builds(
    CampaignSpec,
    name=WORDS,
    brand=st.builds(Brand, WORDS, WORDS, WORDS, WORDS, WORDS, WORDS),
    offer=st.builds(Offer, WORDS, WORDS, WORDS, WORDS, MONEY, TABLES),
    audience=st.builds(
        Audience,
        WORDS,
        st.lists(WORDS, max_size=3).map(tuple),
        st.lists(WORDS, max_size=3).map(tuple),
        st.dictionaries(WORDS, st.lists(WORDS, max_size=3).map(tuple), max_size=3),
        st.just(()) | st.tuples(WORDS, WORDS),
        st.booleans(),
    ),
    channels=st.lists(st.sampled_from(Channel), min_size=1, max_size=2, unique=True).map(tuple),
    template=WORDS,
    policy=POLICIES,
    ceiling=MONEY,
    gateways=st.dictionaries(st.sampled_from(Channel), WORDS),
)
TEMPLATES = st.builds(TemplateSource, WORDS, TABLES, st.lists(WORDS).map(tuple), TABLES, WORDS)


def through_json(values: Any) -> Any:
    return json.loads(json.dumps(values))


@given(SPECS)
def test_a_spec_comes_back_exactly(spec: CampaignSpec) -> None:
    """Whatever a file says is still said after a journey through JSON."""
    assert spec_from_json(through_json(spec_to_json(spec))) == spec


@given(TEMPLATES)
def test_a_template_comes_back_exactly(template: TemplateSource) -> None:
    """The words of a template survive to the letter."""
    assert template_from_json(through_json(template_to_json(template))) == template


@given(SPECS, TEMPLATES, WORDS)
def test_the_digest_is_of_the_content_alone(
    spec: CampaignSpec, template: TemplateSource, words: str
) -> None:
    """Order and the campaign's number do not matter; one other word does."""
    pinned = spec_to_json(spec), template_to_json(template)
    shuffled = dict(reversed(pinned[0].items())), dict(reversed(pinned[1].items()))
    numbered = replace(spec, policy=replace(spec.policy, campaign_id=7))
    other = replace(spec, name=spec.name + "!" + words)
    assert digest(*pinned) == digest(*shuffled) == digest(spec_to_json(numbered), pinned[1])
    assert digest(*pinned) != digest(spec_to_json(other), pinned[1])


def test_a_stored_spec_knows_its_campaign() -> None:
    """The campaign's number is not in the file; it comes with the row."""
    spec = CampaignSpec(
        "x",
        Brand("b", "B", "b@b.example", "", "Here"),
        Offer("o"),
        Audience("coffee"),
        (Channel.EMAIL,),
        "t",
        Policy(0, "b", "coffee", "*"),
    )
    assert spec_from_json(spec_to_json(spec), 7).policy.campaign_id == 7
