"""The report of a chaos run says what was found, and its exit code means it."""

from __future__ import annotations

from typing import Any

import pytest

from bench.chaos_accounts import Accounts
from bench.chaos_faults import MACHINE_LOST
from bench.chaos_judge import LAPSED, ON_THE_WIRE, UNANSWERED, UNEXPLAINED, doubts
from bench.chaos_report import Doubt, Findings

FINE: dict[str, Any] = {
    "seed": 7,
    "broker": "valkey",
    "build": "sound",
    "people": 100,
    "seconds": 3.0,
    "states": {"accepted": 98, "unsure": 2},
    "copies": 99,
    "lost": [],
    "double": [],
    "untrue": [],
    "unsure": 2,
    "unsure_listed": 2,
    "doubts": [Doubt("for a reason", 2, 3)],
    "most_on_the_wire": 2,
    "connections": 4,
    "losses": [],
    "opted_out": 1,
    "after_opt_out": [0.04],
    "pauses": 1,
    "after_pause": [],
    "kills": {"here": 1, "there": 2},
    "cuts": {"at a commit": 1},
    "faults": {"clock": 1},
    "full": True,
}

BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"problem": "it never ended"}, "it never ended"),
    ({"lost": [17]}, "1 people were lost, such as customer 17"),
    ({"double": [3, 4]}, "2 people were told twice, such as customer 3"),
    ({"untrue": [5]}, "the ledger says they were not"),
    ({"unsure_listed": 1}, "2 people are unsure, but 1 are listed"),
    ({"doubts": [Doubt("for a reason", 4, 3)]}, "4 people are unsure for a reason; at most 3"),
    ({"most_on_the_wire": 5}, "it had only 4 connections"),
    ({"after_opt_out": [1.2, 0.1]}, "1 messages left more than 1 s after their people opted out"),
    ({"after_pause": [3.0]}, "1 messages left more than 1 s after their people were paused"),
]


def findings(**changes: Any) -> Findings:
    """Give a run in which all went well, but for some changes."""
    return Findings(**FINE | changes)


def test_a_run_that_kept_all_promises_says_so() -> None:
    """Each promise has its sentence, and the exit code is 0."""
    found = findings()
    words = "\n".join(found.lines())
    assert found.exit_code == 0
    for sentence in (
        "Kept: nobody is forgotten. Lost: 0.",
        "Kept: nobody is told twice.",
        "Unsure: 2; listed: 2;",
        "at most 3 may be, counted one by one:",
        "came 40 ms after the acknowledgement.",
        "All promises held. Exit code 0.",
    ):
        assert sentence in words


@pytest.mark.parametrize(("change", "words"), BROKEN)
def test_each_broken_promise_is_named_and_fails_the_run(change: dict[str, Any], words: str) -> None:
    """The report says BROKEN, and how to see it again."""
    found = findings(**change)
    assert found.exit_code == 1
    report = "\n".join(found.lines())
    assert f"BROKEN: {found.broken[0]}." in report
    assert words in report
    assert "--seed 7" in report


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"kills": {"here": 1, "there": 0}}, "there"),
        ({"cuts": {"at a commit": 0}}, "at a commit"),
        ({"faults": {"clock": 0}}, "clock"),
        ({"opted_out": 0}, "somebody opts out in mid-flight"),
    ],
)
def test_a_full_run_that_never_tried_something_fails(change: dict[str, Any], name: str) -> None:
    """What was not tried is not proven; only a short run may leave something out."""
    found = findings(**change)
    assert found.exit_code == 1
    assert f"NEVER TRIED: {name}." in list(found.lines())
    assert findings(**change, full=False).exit_code == 0


def test_everybody_unsure_is_explained_by_a_journal_or_a_moment_of_loss() -> None:
    """The bound is counted person by person: who is in none of the accounts is one too many."""
    accounts = Accounts()
    accounts.journals["a"] |= {(1, 1), (2, 1)}
    accounts.journals["b"] |= {(3, 2)}
    accounts.lose(MACHINE_LOST, {(4, 1), (5, 1)})
    accounts.given_up["c"] |= {(6, 1)}
    attempts = [(1, 1), (3, 2), (3, 1), (4, 1), (6, 1)]
    unsure = dict.fromkeys(attempts, False) | {(9, 1): True}
    told = {each.reason: (each.people, each.most) for each in doubts(unsure, accounts, silent=1)}
    assert told[ON_THE_WIRE] == (2, 3)
    assert told[MACHINE_LOST] == (1, 2)
    assert told[LAPSED] == (1, 1)
    assert told[UNANSWERED] == (1, 1)
    assert told[UNEXPLAINED] == (1, 0)
    assert accounts.most_on_the_wire == 2
