"""A report shows what an offer changed, and hides what would speak of single persons."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from rich.console import Console

from dispatcher.cli import campaign_pages
from dispatcher.cli.campaign_pages import report, report_data
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import (
    Compared,
    Forced,
    Preview,
    Reach,
    ReachRow,
    Report,
    TextSize,
)
from tests.support.campaigns import checked


def campaign(*compared: Compared) -> Report:
    """Give a report of a campaign that compared this."""
    return Report(1, "Coffee week", "finished", "", (), (), compared=compared)


def shown(done: Report) -> str:
    """Draw a report as a terminal of a hundred letters shows it."""
    drawn = StringIO()
    console = Console(file=drawn, width=140)
    for part in report(done):
        console.print(part)
    return " ".join(drawn.getvalue().split())


def test_the_kept_back_stand_beside_the_sent() -> None:
    """Each share with its interval, and whether the difference may be chance."""
    told = shown(
        campaign(Compared("wrote to us", 90, 1900, 12, 100), Compared("left", 190, 1900, 0, 100))
    )
    assert "wrote to us 90 of 1,900 (3.9 to 5.8 %) 12 of 100 (7.0 to 19.8 %)" in told
    assert "points: fewer" in told
    assert "left 190 of 1,900 (8.7 to 11.4 %) 0 of 100 (0.0 to 3.7 %)" in told
    assert "points: more" in told
    assert "points: may be chance" in shown(campaign(Compared("left", 19, 1900, 1, 100)))


def test_few_people_are_told_in_neither_form() -> None:
    """Not the count, nor anything it could be reckoned from."""
    one, other = (campaign(Compared("left", 40, 1900, few, 100)) for few in (2, 7))
    assert shown(one) == shown(other)
    assert "fewer than 10 of 100" in shown(one)
    assert json.dumps(report_data(one), default=str) == json.dumps(report_data(other), default=str)


def test_groups_of_few_people_are_not_set_side_by_side() -> None:
    """It is said that they are too few."""
    done = campaign(Compared("left", 40, 1900, 1, 9))
    assert "too few to compare" in shown(done)
    (told,) = report_data(done)["compared"]
    assert told == {"what": "left", "of_sent": 1900, "of_kept": "fewer than 10"}


def text_size(people: int = 10_000, *, smart: bool = True) -> TextSize:
    """Give what a text costs whose quotes smart encoding made plain."""
    forced = (Forced("Zoe: pêche", 6, "ê", None), Forced("a \u2013 b", 2, "\u2013", "-"))
    quotes = (("\u201c", '"'), ("\u00ad", ""))
    return TextSize("en", "UCS-2", 90, 2, 3, people, 0.07, 3, quotes, smart, forced)


def previewed(*sizes: TextSize) -> tuple[str, dict[str, Any]]:
    """Draw a preview of texts, and give the same for programs."""
    rows = tuple(ReachRow(Channel.SMS, each.language, "ok", each.people) for each in sizes)
    seen = Preview(Reach(rows), 1.0, {}, (), None, None, texts=sizes)
    console = Console(width=120, file=StringIO())
    for line in campaign_pages.preview(checked().file.spec, seen):
        console.print(line, markup=False, highlight=False)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue(), campaign_pages.preview_data(seen)


def test_a_preview_tells_what_texts_cost_and_why() -> None:
    """Parts at most, what was saved, and each dear character below its words."""
    shown, data = previewed(text_size())
    assert "2,100.0" in shown.replace("2100.0", "2,100.0")
    assert 'en: 3 parts become 2: replaced \u201c by ", \u00ad by nothing' in shown
    assert "saves 0.07 a message, 700.00 for 10,000 people." in shown
    lines = shown.splitlines()
    at = next(no for no, line in enumerate(lines) if line.strip() == "Zoe: pêche")
    assert lines[at + 1].index("^") == lines[at].index("ê")
    assert "'-' could stand there" in shown
    (told,) = data["texts"]
    assert (told["most_parts"], told["cost_at_most"], told["people"]) == (3, 2100.0, 10_000)
    assert told["forced"][0]["char"] == "ê"


def test_a_preview_tells_what_smart_encoding_would_save() -> None:
    """Where the template has it switched off."""
    assert (
        "smart_encoding = true in offer.toml would replace" in previewed(text_size(smart=False))[0]
    )


def test_the_cost_of_few_texts_is_not_told() -> None:
    """It would say how many people there are."""
    shown, data = previewed(text_size(3))
    assert "for 3 people" not in shown
    assert data["texts"][0]["cost_at_most"] == "not told"
    assert data["texts"][0]["people"] == "fewer than 10"
