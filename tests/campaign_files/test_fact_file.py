"""The file of facts: what is known of people is declared once, with its source and purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.fact_file import read
from dispatcher.domain.known_facts import OWN, FactSource, KnownFact, KnownFacts, Precision
from dispatcher.domain.sensitive import Category
from dispatcher.errors import CampaignError, CampaignErrors

FACTS = """\
[facts.tier]
source = "purchase"
purpose = "to thank people for what they bought"

[facts.cluster]
source = "inferred"
purpose = "to choose whom to tell first"

[facts.birth_month]
source = "declared"
purpose = "to advise parents by the age of their child"
precision = "month"
sensitive = true
topic = "parents"

[topics.parents]
covers = ["pregnancy"]
"""


def facts(text: str) -> KnownFacts:
    return read(text.encode(), "facts.toml")


def test_a_file_says_what_it_says() -> None:
    """Only what people told us or bought from us may be shown unless the file says otherwise."""
    known = facts(FACTS)
    assert known.facts["tier"].may_show
    assert not known.facts["cluster"].may_show
    assert known.facts["birth_month"] == KnownFact(
        "birth_month",
        FactSource.DECLARED,
        "to advise parents by the age of their child",
        may_show=True,
        precision=Precision.MONTH,
        sensitive=True,
        topic="parents",
    )
    assert known.covers == {"parents": {Category.PREGNANCY}}


def test_the_programmes_own_declaration_wins() -> None:
    """A fact that is shipped and declared again is what the programme says of it."""
    assert facts(FACTS).also(KnownFacts({"tier": facts(FACTS).facts["cluster"]})).facts[
        "tier"
    ].source is (FactSource.INFERRED)


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (FACTS.replace('"purchase"', '"hearsay"'), "facts.toml:2: facts.tier.source: write one of"),
        (FACTS.replace('source = "purchase"\n', ""), "facts.toml:1: facts.tier: say where"),
        (FACTS.replace("purpose =", "porpoise =", 1), "there is no such key; there are source"),
        (FACTS.replace("purpose =", "porpoise =", 1), "say what it is for"),
        (FACTS.replace("[facts.cluster]", "[facts.cluster]\nmay_show = true"), "is never shown"),
        (FACTS.replace('topic = "parents"\n', ""), "sensitive = true goes with topic"),
        (FACTS.replace('"month"', '"second"'), "facts.birth_month.precision: write one of country"),
        (FACTS.replace("= true", '= "yes"'), "write true or false"),
        (FACTS.replace("facts.tier", "facts.last_seen"), "how finely does it tell"),
        (FACTS.replace('["pregnancy"]', '["luck"]'), "there is no such category"),
        (FACTS.replace("[topics.parents]", "[topic.parents]"), "there is no such table"),
        (FACTS + "[[", "facts.toml:18: a key"),
        ("facts = 3", "this is a table"),
        ("[facts]\ntier = 3", "this is a table"),
    ],
)
def test_each_slip_is_found_where_it_is(spoilt: str, says: str) -> None:
    """File, line and a plain sentence that says what to write."""
    with pytest.raises(CampaignError) as refused:
        facts(spoilt)
    assert says in str(refused.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever is in the file, the answer is facts or a sentence."""
    try:
        facts(text)
    except CampaignError as refused:
        told = str(refused)
    else:
        return
    assert told.startswith("facts.toml")


@given(
    st.sampled_from(FactSource),
    st.booleans(),
    st.sampled_from(["", *Precision]),
    st.sampled_from(["", "parents", "*"]),
    st.booleans(),
)
def test_what_is_not_their_own_is_never_shown(
    source: FactSource, may_show: bool, precision: str, topic: str, sensitive: bool
) -> None:
    """No combination of keys makes an inferred, bought-in or observed fact one to show."""
    text = f'[facts.x]\nsource = "{source}"\npurpose = "p"\nmay_show = {str(may_show).lower()}\n'
    text += f'precision = "{precision}"\n' if precision else ""
    text += f'topic = "{topic}"\n' if topic else ""
    text += f"sensitive = {str(sensitive).lower()}\n"
    try:
        fact = facts(text).facts["x"]
    except CampaignErrors:
        return
    assert not fact.may_show or fact.source in OWN
    assert fact.sensitive == bool(fact.topic)
