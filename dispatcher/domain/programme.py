"""A programme: what people may ask for, in whose name they are written to, and how they join."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatcher.domain.messages import Channel
from dispatcher.domain.questions import (
    MOST_CHOICES,
    TOPICS_QUESTION,
    Choice,
    Question,
    QuestionKind,
    Texts,
)


def in_language(texts: Texts, language: str) -> str:
    """Give a text in a language, else in English, else in the first that there is."""
    base = language.partition("-")[0]
    found = texts.get(language) or texts.get(base) or texts.get("en")
    return found or next(iter(texts.values()), "")


@dataclass(frozen=True, slots=True)
class Topic:
    """Something people may ask for. `about` is one sentence; `brands` write about it."""

    id: str
    names: Texts
    about: Texts = field(default_factory=dict)
    brands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Programme:
    """The sender of confirmations, and what it offers.

    `keywords` are the words that begin a join by text. `most_a_month`: offers that are promised at
    most on a channel, 0 if nothing is promised. `wordings` are what people agree to, by channel and
    language, with `{programme}`, `{topics}` and `{most}` to be filled in.
    `language` is that of answers to people who have not shown theirs. `questions` are asked by
    text, so many of them on joining, the others one at a time and a month apart.
    """

    name: str
    email: str
    sms_sender: str
    postal_address: str
    contact: str
    topics: tuple[Topic, ...]
    keywords: tuple[str, ...] = ("join",)
    most_a_month: int = 0
    privacy_url: str = ""
    wordings: Mapping[Channel, Texts] = field(default_factory=dict)
    language: str = "en"
    questions: tuple[Question, ...] = ()
    asked_on_joining: int = 2

    def topic(self, name: str) -> Topic | None:
        """Give a topic by its short name."""
        return next((topic for topic in self.topics if topic.id == name), None)

    def topics_question(self) -> Question:
        """Give the question after topics: the programme's own, else one over all of them."""
        for question in self.questions:
            if question.kind is QuestionKind.TOPICS:
                return question
        choices = tuple(Choice(topic.id, topic.names) for topic in self.topics[:MOST_CHOICES])
        return Question(TOPICS_QUESTION, QuestionKind.TOPICS, choices=choices)

    def question(self, name: str) -> Question | None:
        """Give a question by its name."""
        asked = (*self.questions, self.topics_question())
        return next((question for question in asked if question.id == name), None)
