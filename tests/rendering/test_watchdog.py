"""Promises of the check in a process of its own."""

from __future__ import annotations

import time

import pytest

from dispatcher.domain.campaigns import Offer
from dispatcher.rendering import check, watchdog
from tests.rendering.samples import BRAND, MJML, TEXTS, source


def test_problems_come_back_from_the_child() -> None:
    """What the child finds is what we say, with the folder's name."""
    (problem,) = check(source(TEXTS | {"en/sms.txt": "{{ brand.name }}"}), ["en"])
    assert str(problem).startswith("templates/small/en/sms.txt:1: The word STOP is missing")
    assert check(source(), ["en"], root="x", brand=BRAND, offer=Offer("o")) == []


@pytest.mark.parametrize("tag", ["<b>", "<é>", "<mj-section>"])
def test_tags_nested_without_end_never_reach_the_parser(tag: str) -> None:
    """Twenty thousand open tags would end the parser's process; they are a sentence instead."""
    deep = MJML.replace("Dear", tag * 20_000)
    problems = check(source(TEXTS | {"en/html.mjml": deep}), ["en"])
    assert problems[0].path.endswith("en/html.mjml")
    assert "too much" not in problems[0].problem


def test_loops_in_loops_are_refused_quickly() -> None:
    """A template that works for hours runs out of fuel in a moment."""
    loops = '{% for x in ["' + '","'.join("abcdefghij") + '"] %}'
    text = loops * 7 + "{{ name }}" + "{% endfor %}" * 7
    began = time.monotonic()
    problems = check(source(TEXTS | {"en/subject.txt": text}), ["en"])
    assert any("OutOfFuel" in str(problem) for problem in problems)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "work",
    ["limit(); bytearray(2 << 30)", "import os; os.abort()", "limit(); [0] * (1 << 60)"],
)
def test_a_child_that_dies_is_a_sentence(work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too much memory, or a crash inside the engine: refused, and this process goes on."""
    child = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    child += f"from dispatcher.rendering.watchdog import limit; {work}"
    monkeypatch.setattr(watchdog, "_CHILD", child)
    (problem,) = check(source(), ["en"])
    assert "too much time or memory" in problem.problem


def test_a_child_that_never_answers_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless template is given up on."""
    monkeypatch.setattr(watchdog, "_CHILD", "while True: pass")
    monkeypatch.setattr(watchdog, "WALL_SECONDS", 0.3)
    (problem,) = check(source(), ["en"])
    assert "too long" in problem.problem


def test_a_bug_in_the_check_is_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own mistake is not blamed on a marketer."""
    monkeypatch.setattr(watchdog, "_CHILD", "1 / 0")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        check(source(), ["en"])
