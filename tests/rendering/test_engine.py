"""Promises of the engine: nothing is in it but what the grammar allows."""

from __future__ import annotations

import re

import pytest
from minijinja import Environment

from dispatcher.rendering.engine import INTERNAL, Engine, RenderError
from dispatcher.rendering.expressions import FILTERS


def _builtin(kind: str) -> set[str]:
    """Ask an untouched engine what it brings along."""
    told = Environment(auto_escape_callback=lambda name: False).render_str("{{ debug() }}")
    listed = re.search(rf"{kind}: [\[{{](.*?)\n        [\]}}]", told, re.DOTALL)
    assert listed
    return set(re.findall(r'"(\w+)"', listed[1]))


def test_every_other_filter_is_gone() -> None:
    """Also those that a later release of the engine may bring: then this test speaks up."""
    engine = Engine()
    for name in _builtin("filters"):
        if name in FILTERS | INTERNAL:
            continue
        engine.add("x", f"{{{{ a|{name} }}}}")
        with pytest.raises(RenderError, match="UnknownFilter"):
            engine.render("x", {"a": "b"})


def test_every_function_is_gone() -> None:
    """No range, no debug, no namespace."""
    functions = _builtin("globals")
    assert {"range", "debug"} <= functions
    engine = Engine()
    for name in functions:
        engine.add("x", f"{{{{ {name} }}}}")
        with pytest.raises(RenderError, match="UndefinedError"):
            engine.render("x", {})


def test_every_allowed_filter_is_there() -> None:
    """What the grammar lets through, the engine knows."""
    assert _builtin("filters") >= FILTERS | INTERNAL


def test_fuel_ends_what_takes_too_long() -> None:
    """Loops in loops stop after a bounded number of steps."""
    engine = Engine()
    loops = '{% for x in ["' + '","'.join("abcdefghij") + '"] %}'
    engine.add("x", loops * 6 + "y" + "{% endfor %}" * 6)
    with pytest.raises(RenderError, match="OutOfFuel"):
        engine.render("x", {})


def test_values_are_never_read_as_templates() -> None:
    """A tag in a person's name is a person's strange name."""
    engine = Engine()
    engine.add("x", "{{ a }}")
    assert engine.render("x", {"a": "{{ 7 * 7 }}{% if %}"}) == "{{ 7 * 7 }}{% if %}"


def test_only_html_is_escaped() -> None:
    """Subjects, texts and SMS say & where HTML says &amp;."""
    engine = Engine()
    engine.add("en/html", "{{ a }}")
    engine.add("en/text.txt", "{{ a }}")
    assert engine.render("en/html", {"a": "<&>"}) == "&lt;&amp;&gt;"
    assert engine.render("en/text.txt", {"a": "<&>"}) == "<&>"


def test_errors_name_places_and_no_values() -> None:
    """What is recorded of a failure holds nothing personal."""
    engine = Engine()
    engine.add("en/sms.txt", "{{ a|int }}")
    with pytest.raises(RenderError) as wrong:
        engine.render("en/sms.txt", {"a": "secret name"})
    assert "secret" not in str(wrong.value)
    assert "en/sms.txt" in str(wrong.value)
