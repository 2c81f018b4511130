"""What people told in answer to a question counts as told by themselves."""

from __future__ import annotations

from dataclasses import replace

from dispatcher.domain.known_facts import FactSource, KnownFact, KnownFacts
from dispatcher.domain.questions import Question, QuestionKind
from dispatcher.services.known_facts import told_when_asked
from tests.support.programme import PROGRAMME

GIVES = {"en": "Then offers come from nearby."}
ASKING = replace(
    PROGRAMME,
    questions=(
        Question("town", QuestionKind.CITY, gives=GIVES, keeps="city"),
        Question("tastes", QuestionKind.TOPICS),
    ),
)


def test_an_answer_is_a_declared_fact_for_what_it_gives() -> None:
    """It may be shown; chosen topics are consents and no facts."""
    (fact,) = told_when_asked(ASKING).facts.values()
    assert (fact.name, fact.source, fact.purpose) == ("city", FactSource.DECLARED, GIVES["en"])
    assert fact.may_show
    assert told_when_asked(None).facts == {}


def test_what_the_facts_file_says_wins() -> None:
    """Whoever declares the fact themselves knows it better."""
    own = KnownFact("city", FactSource.INFERRED, "to choose", may_show=False)
    assert told_when_asked(ASKING).also(KnownFacts({"city": own})).facts["city"] is own
