"""Promises of the check in a process of its own."""

from __future__ import annotations

import time

from dispatcher.domain.campaigns import Offer
from dispatcher.rendering import check
from tests.rendering.samples import BRAND, MJML, TEXTS, source


def test_problems_come_back_from_the_child() -> None:
    """What the child finds is what we say, with the folder's name."""
    (problem,) = check(source(TEXTS | {"en/sms.txt": "{{ brand.name }}"}), ["en"])
    assert str(problem).startswith("templates/small/en/sms.txt:1: The word STOP is missing")
    assert check(source(), ["en"], root="x", brand=BRAND, offer=Offer("o")) == []


def test_a_mail_that_kills_the_parser_kills_only_the_child() -> None:
    """Twenty thousand nested tags end the MJML parser's process; here they are a sentence."""
    deep = MJML.replace("Dear", "<é>" * 20_000)
    began = time.monotonic()
    problems = check(source(TEXTS | {"en/html.mjml": deep}), ["en"])
    assert problems
    assert time.monotonic() - began < 30


def test_loops_in_loops_are_refused_quickly() -> None:
    """A template that works for hours runs out of fuel in a moment."""
    loops = '{% for x in ["' + '","'.join("abcdefghij") + '"] %}'
    text = loops * 7 + "{{ name }}" + "{% endfor %}" * 7
    began = time.monotonic()
    problems = check(source(TEXTS | {"en/subject.txt": text}), ["en"])
    assert any("OutOfFuel" in str(problem) for problem in problems)
    assert time.monotonic() - began < 20
