"""A report shows what an offer changed, and hides what would speak of single persons."""

from __future__ import annotations

import json
from io import StringIO

from rich.console import Console

from dispatcher.cli.campaign_pages import report, report_data
from dispatcher.domain.reports import Compared, Report


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
