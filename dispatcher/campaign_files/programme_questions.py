"""Reads the questions of a programme file, each of which names what people get for an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dispatcher.campaign_files import values
from dispatcher.campaign_files.programme_keys import KEYS
from dispatcher.campaign_files.table import Table
from dispatcher.campaign_files.words import Unreadable
from dispatcher.domain.programme import Topic
from dispatcher.domain.questions import MOST_CHOICES, Choice, Question, QuestionKind, Texts

_ALL_LANGUAGES = "en"
_MOST_QUESTIONS = 40
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_SHAPE = re.compile(r"(?=.*[A9])[A9 .,'&+-]{1,30}")
_OWN_WORDS = QuestionKind.TOPICS  # has words of the house in every language


def questions(root: Table, topics: Sequence[Topic]) -> tuple[Question, ...]:
    """Read all of them, in the order of the file."""
    outer = root.table("questions")
    if len(outer.values) > _MOST_QUESTIONS:
        root.report.add(("questions",), f"nobody answers more than {_MOST_QUESTIONS} questions")
    found = tuple(_each(outer, topics))
    on_topics = [each for each in found if each.kind is QuestionKind.TOPICS]
    for each in on_topics[1:]:
        told = f'"{on_topics[0].id}" asks about topics already; keep one of them'
        root.report.add(("questions", each.id), told)
    return found


def texts(longest: int) -> Callable[[Any], Texts]:
    """Read a text for all languages, or one for each."""
    read_text = values.text(longest)

    def read_all(value: Any) -> Texts:
        if isinstance(value, dict):
            if not value:
                raise Unreadable('write a text, or one for each language: { en = "Coffee" }')
            return {values.language(language): read_text(text) for language, text in value.items()}
        return {_ALL_LANGUAGES: read_text(value)}

    return read_all


def _each(outer: Table, topics: Sequence[Topic]) -> Iterator[Question]:
    for name, where, value in outer.free():
        if not _NAME.fullmatch(name):
            outer.report.add(where, "name it with small letters, digits, - and _, such as tastes")
        inner = outer.table(name) if isinstance(value, dict) else Table(outer.report, "", {})
        inner.keys, inner.kind = KEYS, "questions"
        yield _question(inner, name, topics)


def _question(table: Table, name: str, topics: Sequence[Topic]) -> Question:
    kind = table.need("kind", _kind, QuestionKind.TEXT)
    said = table.get if kind is _OWN_WORDS else table.need
    question = Question(
        id=name,
        kind=kind,
        asks=said("asks", texts(160), {}),
        gives=said("gives", texts(120), {}),
        choices=_choices(table, kind, topics),
        keeps=table.get("keeps", values.field_name, name.replace("-", "_")),
        shape=table.get("shape", _shape, ""),
        hours=table.get("hours", values.whole(1, 720), 48),
    )
    for key, belongs in (("shape", QuestionKind.TEXT), ("topics", QuestionKind.TOPICS)):
        if table.has(key) and kind is not belongs:
            table.report.add((*table.where, key), f'this goes with kind = "{belongs}"')
    if table.has("choices") and kind is not QuestionKind.CHOOSE:
        table.report.add((*table.where, "choices"), 'choices go with kind = "choose"')
    if kind is _OWN_WORDS and table.has("keeps"):
        table.report.add((*table.where, "keeps"), "chosen topics are kept as consents; take it out")
    table.done()
    return question


def _choices(table: Table, kind: QuestionKind, topics: Sequence[Topic]) -> tuple[Choice, ...]:
    inner = table.table("choices")
    inner.keys, read = KEYS, []
    for name, where, value in inner.free():
        try:
            read.append(Choice(values.slug(name), texts(30)(value)))
        except Unreadable as problem:
            table.report.add(where, str(problem))
    if kind is QuestionKind.TOPICS:
        return _topics(table, topics)
    if kind is QuestionKind.CHOOSE and not 2 <= len(inner.values) <= MOST_CHOICES:
        told = f"write [{table.name}.choices] with 2 to {MOST_CHOICES} choices"
        table.report.add((*table.where, "choices"), told)
    return tuple(read)


def _topics(table: Table, topics: Sequence[Topic]) -> tuple[Choice, ...]:
    known = {topic.id: topic for topic in topics}

    def one(value: Any) -> Choice:
        topic = known.get(value) if isinstance(value, str) else None
        if topic is None:
            raise Unreadable(f"there is no such topic; there are {', '.join(known)}")
        return Choice(topic.id, topic.names)

    named = table.many("topics", one)
    if len(named) > MOST_CHOICES or len({choice.id for choice in named}) < len(named):
        table.report.add((*table.where, "topics"), f"name up to {MOST_CHOICES} topics, each once")
    return named or tuple(Choice(topic.id, topic.names) for topic in topics[:MOST_CHOICES])


def _kind(value: Any) -> QuestionKind:
    found = next((kind for kind in QuestionKind if kind == value), None)
    if found is None:
        raise Unreadable(f"write one of {', '.join(QuestionKind)}")
    return found


def _shape(value: Any) -> str:
    if not isinstance(value, str) or not _SHAPE.fullmatch(value):
        raise Unreadable('write 9 for a digit, A for a letter and plain signs, such as "AA99"')
    return value
