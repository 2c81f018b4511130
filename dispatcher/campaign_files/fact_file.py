"""Reads facts.toml, where a programme declares what it knows of people and from where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from dispatcher.campaign_files import values
from dispatcher.campaign_files.syntax import parse
from dispatcher.campaign_files.table import Report
from dispatcher.campaign_files.words import Unreadable
from dispatcher.domain.known_facts import OWN, FactSource, KnownFact, KnownFacts, Precision
from dispatcher.domain.names import is_topic
from dispatcher.domain.sensitive import Category
from dispatcher.errors import CampaignErrors

E = TypeVar("E", bound=StrEnum)

_TABLES = ("facts", "topics")
_FACT_KEYS = ("source", "purpose", "may_show", "precision", "sensitive", "topic")
# Names of what is usually exact: a place, an instant, a number of times.
_EXACT = re.compile(
    r"(?:^|_)(?:last_(?:seen|visit|login|open|click|view)\w*|lat|lon|lng|latitude|longitude|gps"
    r"|street|distance\w*|visits?|views?|clicks|opens|count|times|number_of\w*)(?:_|$)"
)


def read(data: bytes, path: str) -> KnownFacts:
    """Read a file's bytes; `path` is only for messages. Raises CampaignErrors, never less."""
    _, tables, lines = parse(data, path)
    report = Report(path, lines)
    for name in tables:
        if name not in _TABLES:
            report.add((name,), "there is no such table; there are [facts.NAME] and [topics.NAME]")
    facts = {name: _fact(report, name, table) for name, table in _each(report, tables, "facts")}
    covers = {name: _covers(report, name, table) for name, table in _each(report, tables, "topics")}
    if report.problems:
        raise CampaignErrors(sorted(report.problems, key=lambda problem: problem.line))
    return KnownFacts({name: fact for name, fact in facts.items() if fact}, covers)


def _each(
    report: Report, tables: Mapping[str, Any], kind: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    inner = tables.get(kind, {})
    if not isinstance(inner, Mapping):
        report.add((kind,), f"this is a table: write [{kind}.NAME] and the keys below it")
        return
    for name, table in inner.items():
        if isinstance(table, Mapping):
            yield name, table
        else:
            report.add((kind, name), f"this is a table: write [{kind}.{name}], its keys below it")


def _fact(report: Report, name: str, table: Mapping[str, Any]) -> KnownFact | None:
    before = len(report.problems)
    where = ("facts", name)
    for key in table:
        if key not in _FACT_KEYS:
            report.add((*where, key), f"there is no such key; there are {', '.join(_FACT_KEYS)}")
    source = _choice(report, where, table, "source", FactSource)
    if source is None and "source" not in table:
        report.add(where, f'say where it comes from: source = "declared" ({_listed(FactSource)})')
    may_show = _flag(report, where, table, "may_show", default=source in OWN)
    fact = KnownFact(
        name=name,
        source=source or FactSource.INFERRED,
        purpose=_purpose(report, where, table),
        may_show=may_show,
        precision=_choice(report, where, table, "precision", Precision),
        sensitive=_flag(report, where, table, "sensitive", default=False),
        topic=str(table.get("topic", "")),
    )
    if len(report.problems) == before:
        _consistent(report, fact)
    return fact if len(report.problems) == before else None


def _consistent(report: Report, fact: KnownFact) -> None:
    """Report each contradiction among keys that are all right by themselves."""
    where = ("facts", fact.name)
    if fact.may_show and fact.source not in OWN:
        told = f"what is {fact.source} may help to choose people, but is never shown to them"
        report.add((*where, "may_show"), f"{told}; take may_show out")
    if fact.sensitive != bool(fact.topic) or (fact.topic and not is_topic(fact.topic)):
        told = 'sensitive = true goes with topic = "...", the topic whose consent names this use'
        report.add((*where, "sensitive"), told)
    if fact.may_show and fact.precision is None and _EXACT.search(fact.name):
        told = 'how finely does it tell a place, a time or a number? Write: precision = "week"'
        report.add(where, f"{told} (or {_listed(Precision)})")


def _purpose(report: Report, where: tuple[str, ...], table: Mapping[str, Any]) -> str:
    try:
        return values.text(200)(table.get("purpose", ""))
    except Unreadable:
        report.add((*where, "purpose"), 'say what it is for: purpose = "to address people by name"')
        return ""


def _covers(report: Report, name: str, table: Mapping[str, Any]) -> frozenset[Category]:
    given = table.get("covers", [])
    if not is_topic(name) or set(table) != {"covers"} or not isinstance(given, list) or not given:
        told = 'write what the consent to this topic names: covers = ["pregnancy"]'
        report.add(("topics", name), told)
        return frozenset()
    known = {category for category in Category if category in given}
    for at, word in enumerate(given):
        if word not in known:
            told = f"there is no such category; there are {_listed(Category)}"
            report.add(("topics", name, "covers", at), told)
    return frozenset(known)


def _choice(
    report: Report, where: tuple[str, ...], table: Mapping[str, Any], key: str, among: type[E]
) -> E | None:
    if key not in table:
        return None
    found = next((each for each in among if each == table[key]), None)
    if found is None:
        report.add((*where, key), f"write one of {_listed(among)}")
    return found


def _flag(
    report: Report, where: tuple[str, ...], table: Mapping[str, Any], key: str, *, default: bool
) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        report.add((*where, key), "write true or false, without quotation marks")
        return default
    return value


def _listed(among: type[StrEnum]) -> str:
    return ", ".join(among)
