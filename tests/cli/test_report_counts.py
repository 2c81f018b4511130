"""What a report tells of few people: not how many, nor what it could be reckoned from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.cli import report_counts
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import FEWER, WITHHELD, Reach, ReachRow, Report, ReportRow

ACCEPTED, UNSURE, SKIPPED = DeliveryState.ACCEPTED, DeliveryState.UNSURE, DeliveryState.SKIPPED


def report(*rows: tuple[DeliveryState, str, int]) -> Report:
    made = (
        ReportRow(state, reason, Channel.SMS, "en", "sms", people, people, people * 0.05)
        for state, reason, people in rows
    )
    return Report(1, "Coffee week", "finished", "", tuple(made), ())


def test_large_groups_are_told_as_they_are() -> None:
    """With parts and cost, and each sum."""
    told = report_counts.told(report((ACCEPTED, "ok", 500), (SKIPPED, "no_consent", 40)))
    assert told.by("state") == {"accepted": 500, "skipped": 40}
    assert (told.open, told.spent) == (0, True)


def test_a_few_among_those_written_to_hide_another_group_of_them() -> None:
    """Parts and cost tell the sum of both, which is large enough."""
    told = report_counts.told(report((ACCEPTED, "ok", 500), (UNSURE, "ok", 3)))
    assert told.by("state") == {"accepted": WITHHELD, "unsure": FEWER}
    assert told.by("reason") == {"ok": WITHHELD}
    assert told.spent


def test_few_who_were_written_to_are_not_told_by_what_they_cost() -> None:
    """Nor by the sum of the others."""
    told = report_counts.told(report((SKIPPED, "no_consent", 500), (ACCEPTED, "ok", 3)))
    assert told.by("state") == {"skipped": WITHHELD, "accepted": FEWER}
    assert not told.spent


@given(
    st.lists(
        st.tuples(st.sampled_from(DeliveryState), st.sampled_from("abc"), st.integers(1, 40)),
        max_size=8,
    )
)
def test_no_number_is_a_small_one(rows: list[tuple[DeliveryState, str, int]]) -> None:
    """By whatever it is counted."""
    told = report_counts.told(report(*rows))
    numbers = [told.open, *(cell.people for cell in told.cells)]
    for column in ("state", "reason", "channel", "gateway"):
        numbers += told.by(column).values()
    assert not [each for each in numbers if isinstance(each, int) and 0 < each < 10]


def test_a_preview_does_not_tell_how_few_would_be_refused() -> None:
    """Who would get it is told, so the audience is not."""

    def reach(refused: int) -> Reach:
        ok = ReachRow(Channel.SMS, "en", "ok", 500)
        return Reach((ok, ReachRow(Channel.SMS, "en", "no_consent", refused)))

    assert report_counts.audience(reach(3)) == WITHHELD
    assert report_counts.by_reason(reach(3)) == {"ok": 500, "no_consent": FEWER}
    assert report_counts.audience(reach(30)) == 530
    assert report_counts.by_verdict(reach(30)) == [
        (Channel.SMS, "ok", 500),
        (Channel.SMS, "no_consent", 30),
    ]
