"""Reads programme.toml into a Programme, or tells everything that is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from dispatcher.campaign_files import values
from dispatcher.campaign_files.programme_keys import KEYS
from dispatcher.campaign_files.programme_questions import questions, texts
from dispatcher.campaign_files.syntax import parse
from dispatcher.campaign_files.table import MOST_TOLD, Report, Table
from dispatcher.campaign_files.words import Unreadable
from dispatcher.domain.messages import Channel
from dispatcher.domain.programme import Programme, Topic
from dispatcher.domain.questions import Texts
from dispatcher.errors import CampaignErrors

_KEYWORD = re.compile(r"[^\W_]{2,20}")
_NAMED = re.compile(r"\{([^{}]*)\}")
_WORDING = frozenset({"programme", "topics", "most"})
_NEEDED = frozenset({"programme", "topics"})
_MOST_TOPICS = 200


def read(data: bytes, path: str) -> Programme:
    """Read a file's bytes; `path` is only for messages. Raises CampaignErrors, never less."""
    _, tables, lines = parse(data, path)
    report = Report(path, lines)
    root = Table(report, "", tables, KEYS)
    programme = _programme(root)
    root.done()
    if report.problems:
        told = sorted(report.problems, key=lambda problem: problem.line)
        raise CampaignErrors(told[:MOST_TOLD])
    return programme


def _programme(root: Table) -> Programme:
    head, wordings = root.table("programme"), root.table("wordings")
    email = head.need("email", values.email, "")
    most = head.get("most_a_month", values.whole(1, 999), 0)
    topics = tuple(_topics(root))
    programme = Programme(
        name=head.need("name", values.text(60), ""),
        email=email,
        sms_sender=head.get("sms_sender", values.sms_sender, ""),
        postal_address=head.need("postal_address", values.paragraph(), ""),
        contact=head.get("contact", values.text(120), email),
        topics=topics,
        keywords=head.many("keywords", _keyword) or ("join",),
        most_a_month=most,
        privacy_url=head.get("privacy", values.url, ""),
        wordings={channel: _wordings(wordings.table(channel), most) for channel in Channel},
        language=head.get("language", values.language, "en"),
        questions=questions(root, topics),
        asked_on_joining=head.get("asked_on_joining", values.whole(0, 9), 2),
    )
    for table in (head, wordings):
        table.done()
    return programme


def _topics(root: Table) -> Iterator[Topic]:
    outer = root.table("topics")
    if not outer.values:
        root.report.add(("topics",), "people need something to choose: write [topics.coffee]")
    if len(outer.values) > _MOST_TOPICS:
        root.report.add(("topics",), f"nobody chooses among more than {_MOST_TOPICS} topics")
    for name, where, value in outer.free():
        try:
            values.topic(name)
        except Unreadable as problem:
            root.report.add(where, str(problem))
        inner = outer.table(name) if isinstance(value, dict) else Table(root.report, "", {})
        inner.keys, inner.kind = KEYS, "topics"
        yield Topic(
            id=name,
            names=inner.need("name", texts(60), {}),
            about=inner.get("about", texts(160), {}),
            brands=inner.many("brands", values.text(60)),
        )
        inner.done()


def _wordings(table: Table, most: int) -> Texts:
    read: dict[str, str] = {}
    for name, where, value in table.free():
        try:
            text = values.paragraph(1000)(value)
            _check_wording(text, most)
            read[values.language(name)] = text
        except Unreadable as problem:
            table.report.add(where, str(problem))
    return read


def _check_wording(text: str, most: int) -> None:
    named = set(_NAMED.findall(text))
    if unknown := named - _WORDING:
        raise Unreadable(
            f"nothing fills in {{{min(unknown)}}}; there are {{programme}}, {{topics}} and {{most}}"
        )
    if lacking := _NEEDED - named:
        raise Unreadable(f"people must read what they agree to: name {{{min(lacking)}}}")
    if "most" in named and not most:
        raise Unreadable("{most} needs programme.most_a_month, which is not set")
    if most and "most" not in named:
        raise Unreadable("programme.most_a_month promises a frequency: name {most}")


def _keyword(value: Any) -> str:
    if not isinstance(value, str) or not _KEYWORD.fullmatch(value):
        raise Unreadable("write one word of 2 to 20 letters or digits")
    return value.casefold()
