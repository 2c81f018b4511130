"""What is told in whole tens: one person more or less shows in no number of any report."""

from __future__ import annotations

import json
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from dispatcher.cli import campaign_pages
from dispatcher.domain import tens
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Compared, Reach, ReachRow, Report, ReportRow, WaveState

STATES = (DeliveryState.ACCEPTED, DeliveryState.UNSURE, DeliveryState.SKIPPED)
CELLS = st.lists(
    st.tuples(
        st.sampled_from(STATES),
        st.sampled_from(("ok", "no_consent")),
        st.sampled_from(("en", "de")),
        st.integers(0, 60),  # tens
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=8,
    unique_by=lambda cell: cell[:3],
)


def report(cells: list[tuple[DeliveryState, str, str, int]], more: int) -> Report:
    rows = tuple(
        ReportRow(state, reason, Channel.SMS, language, "sms", people, people, people * 0.05)
        for state, reason, language, people in cells
        if people
    )
    return Report(
        1,
        "Spring",
        "running",
        f"paused by the breaker: by sms, {more} opt-outs of 700 messages",
        rows,
        (WaveState(9, "running", 1, 700 + more, more),),
        replies=40 + more,
        opt_outs=more,
        by_reply={"opt_out": 40 + more, "help": more},
        compared=(Compared("left", 30 + more, 600 + more, more, 100 + more),),
    )


def told(done: Report) -> str:
    """Give all that a person or a program is told of a report."""
    blurred = tens.report(done)
    drawn = StringIO()
    console = Console(file=drawn, width=160)
    for part in campaign_pages.report(blurred):
        console.print(part)
    return drawn.getvalue() + json.dumps(campaign_pages.report_data(blurred), default=str)


@given(CELLS, st.integers(0, 9), st.integers(0, 9))
def test_reports_that_differ_by_some_people_of_a_ten_are_the_same(
    cells: list[tuple[DeliveryState, str, str, int, int, int]], one: int, other: int
) -> None:
    """To the letter, whichever cells, sums and costs are compared: nothing can be subtracted."""
    first = [(*cell[:3], 10 * cell[3] + cell[4]) for cell in cells]
    second = [(*cell[:3], 10 * cell[3] + cell[5]) for cell in cells]
    assert told(report(first, one)) == told(report(second, other))


@given(CELLS, st.integers(0, 9))
def test_every_number_of_people_is_in_whole_tens(
    cells: list[tuple[DeliveryState, str, str, int, int, int]], more: int
) -> None:
    """Cells, sums, parts; what is less is not told."""
    done = tens.report(report([(*cell[:3], 10 * cell[3] + cell[4]) for cell in cells], more))
    data = campaign_pages.report_data(done)
    counted = [data["people"], data["missing"], data["open"], data["parts"], data["opt_outs"]]
    counted += [each["people"] for each in data["rows"]]
    for name in ("by_state", "by_reason", "by_channel", "by_language", "by_reply"):
        counted += data[name].values()
    assert not [each for each in counted if isinstance(each, int) and each % 10]
    assert "opt-outs of" not in data["note"]


def test_somebody_alone_looks_like_nobody() -> None:
    """An audience of one or of nine cannot be told from an empty one."""
    alone = Reach((ReachRow(Channel.SMS, "en", "ok", 9), ReachRow(Channel.SMS, "de", "ok", 1)))
    assert tens.reach(alone) == tens.reach(Reach(())) == Reach(())
