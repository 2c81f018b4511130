"""The facts a programme declares: those of the shipped templates, and its own beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dispatcher.campaign_files.fact_file import read
from dispatcher.domain.known_facts import FactSource, KnownFact, KnownFacts
from dispatcher.domain.programme import Programme, in_language
from dispatcher.domain.questions import QuestionKind
from dispatcher.errors import CampaignError
from dispatcher.resources import facts_file

FILE = Path("facts.toml")


@cache
def shipped() -> KnownFacts:
    """Give what the shipped templates say about people."""
    return read(facts_file().read_bytes(), str(facts_file()))


def declared(path: Path, *, needed: bool) -> KnownFacts:
    """Give the programme's facts; a file that is `needed` must be there."""
    try:
        return shipped().also(read(path.read_bytes(), str(path)))
    except FileNotFoundError:
        if not needed:
            return shipped()
        told = "there is no such file; the setting `facts` names it"
    except OSError as error:
        told = f"this file cannot be read: {error.strerror}"
    raise CampaignError(path, 0, told)


def told_when_asked(programme: Programme | None) -> KnownFacts:
    """Give the facts that people tell in answer to a programme's questions."""
    questions = programme.questions if programme else ()
    facts = {
        question.keeps: KnownFact(
            name=question.keeps,
            source=FactSource.DECLARED,
            purpose=in_language(question.gives, "en"),
            may_show=True,
        )
        for question in questions
        if question.kind is not QuestionKind.TOPICS
    }
    return KnownFacts(facts)
