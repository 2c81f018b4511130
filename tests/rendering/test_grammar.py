"""Promises of the grammar: what a template may say, and that nothing it says can run away."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.rendering.engine import Engine, RenderError
from dispatcher.rendering.expressions import FILTERS, TESTS
from dispatcher.rendering.grammar import MAX_SOURCE, examine

# Each of these takes the bare engine down, reaches past the texts it was given, or may one day.
BOMBS = {
    "a repeated string": "{{ 'a' * 1000000000 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a sum of strings": "{{ a + a }}",
    "a glued string": "{{ a ~ a }}",
    "a range": "{% for n in range(100000000) %}x{% endfor %}",
    "a joined range": "{{ range(100000000)|join }}",
    "a joined string": "{{ a|join(a) }}",
    "a replacing filter": "{{ a|replace('', a) }}",
    "an indent": "{{ a|indent(1000000000) }}",
    "a padded format": "{{ '%1000000000s'|format(a) }}",
    "a batch": "{{ a|batch(1000000000, 'x') }}",
    "slices": "{{ a|slice(1000000000) }}",
    "a word wrap": "{{ a|wordwrap(1, wrapstring=a) }}",
    "a centred text": "{{ a.center(1000000000) }}",
    "a method": "{{ a.upper() }}",
    "an emptied dictionary": "{{ brand.clear() }}",
    "a changed dictionary": "{{ brand.update(x=1) }}",
    "a class": "{{ a.__class__.__mro__ }}",
    "an attribute by name": "{{ brand|attr('clear') }}",
    "a dump of all values": "{{ debug() }}",
    "a namespace": "{% set x = namespace(a=1) %}",
    "a dictionary": "{{ {'a': 1} }}",
    "doubling by lists": "{% set x = [x, x] %}",
    "doubling by truncate": "{% set x = x|truncate(length=1, end=x) %}",
    "a captured block": "{% set x %}{{ a }}{{ a }}{% endset %}",
    "a macro": "{% macro m() %}{{ m() }}{% endmacro %}",
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a call of the loop": "{% for x in [1] %}{{ loop(x) }}{% endfor %}",
    "a filter block": "{% filter upper %}x{% endfilter %}",
    "escaping switched off": "{% autoescape false %}{{ a }}{% endautoescape %}",
    "an unescaped value": "{{ a|safe }}",
    "an include": "{% include 'en/html' %}",
    "an import": "{% import 'x' as y %}",
    "inheritance": "{% extends 'x' %}",
    "a block": "{% block x %}{% endblock %}",
    "a call block": "{% call x() %}{% endcall %}",
    "a do": "{% do x %}",
    "a with": "{% with x = a %}{% endwith %}",
    "raw words": "{% raw %}{{ a }}{% endraw %}",
    "a position": "{{ a[0] }}",
    "a slice": "{{ a[::-1] }}",
    "a huge number": "{{ 99999999999999999999 }}",
    "an exponent": "{{ 1e308 }}",
    "deep brackets": "{{ " + "(" * 5000 + "a" + ")" * 5000 + " }}",
    "deep lists": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "many nots": "{{ " + "not " * 5000 + "a }}",
    "deep choices": "{{ " + "a if a else " * 60 + "a }}",
    "deep blocks": "{% if a %}" * 5000 + "{% endif %}" * 5000,
    "many branches": "{% if a %}" + "{% elif a %}" * 5000 + "{% endif %}",
    "many filters": "{{ a" + "|upper" * 5000 + " }}",
    "a name of the engine": "{{ __x__ }}",
    "brand taken over": "{% set brand = a %}",
    "loop taken over": "{% for loop in [1] %}{% endfor %}",
    "our link taken over": "{% set unsubscribe_url = 'https://x.example' %}",
    "a very long text": "x" * (MAX_SOURCE + 1),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_what_could_run_away_cannot_be_written(bomb: str) -> None:
    """Each is refused in a sentence, at once, without ever being run."""
    began = time.process_time()
    faults = examine(bomb).faults
    assert faults
    assert faults[0].line == 1
    assert faults[0].text.endswith(".")
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    "text",
    [
        "Hello {{ a }}",
        "{{- a -}} {#- note -#}",
        '{{ a or "friend" }}',
        '{{ a if b else "x" }}',
        '{% if a and not b or c == "x" and d not in ["y"] %}1{% elif e %}2{% else %}3{% endif %}',
        '{% for x in ["one", "two"] %}{{ x }}{% if not loop.last %}, {% endif %}{% endfor %}',
        '{% set x = a or "y" %}{{ x|upper|trim }}',
        "{{ a|truncate(length=20, end='...') }}",
        "{% if a is startingwith('A') and b is not even %}x{% endif %}",
        "{{ points|int }} point{{ points|int|pluralize }}",
        "{{ (a or b) and c }}",
        "no tags at all, 100 % { plain } % }",
    ],
)
def test_what_a_mail_needs_can_be_written(text: str) -> None:
    """Words, choices, loops over written lists, a few filters."""
    assert examine(text).faults == []


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a\n\n{{ a", 3, "never closed"),
        ("a\n{% if a %}\nb", 2, "never ended by endif"),
        ("a\n{% endif %}", 2, "ends no if"),
        ("{% for x in ['a'] %}\n{% endif %}{% endfor %}", 2, "ends no if"),
        ("{{ a|uper }}", 1, "did you mean 'upper'"),
        ("{{ a is evan }}", 1, "did you mean 'even'"),
        ('{{ a|default("x") }}', 1, "{{ first_name or"),
        ("{% unless a %}", 1, "not among the tags"),
        ("{{ }}", 1, "missing"),
        ("{% if a = b %}{% endif %}", 1, "use == to compare"),
        ("{# a", 1, "never closed"),
        ("{% if a %}{% else %}{% else %}{% endif %}", 1, "else stands alone"),
        ('{{ "a }}', 1, "never closed"),
        ("{{ a b }}", 1, "'b' does not fit here"),
        ("{{ loop.length.x }}", 1, "does not fit"),
        ("{% for x in ['a'] %}{{ loop.idx }}{% endfor %}", 1, "loop has"),
    ],
)
def test_a_slip_is_named_with_its_line(text: str, line: int, says: str) -> None:
    """What is wrong, where, and when possible what was meant."""
    fault = examine(text).faults[0]
    assert fault.line == line
    assert says in fault.text


def test_names_are_listed_with_their_first_line() -> None:
    """Dotted names count as one; the names a text makes for itself do not count."""
    text = "{{ a }}\n{% set b = c %}{{ b }}\n{% for d in [1] %}{{ d }}{{ loop.index }}{% endfor %}"
    usage = examine(text + "{% if offer.code %}{{ a }}{% endif %}")
    assert usage.names == {"a": 1, "c": 2, "offer.code": 3}
    assert usage.tested == {"offer.code"}


@given(st.text(alphabet="{}%#|.()[]'\"\\ \nabifelsndorti=<>!,-+*~1", max_size=80))
def test_any_text_is_read_calmly(text: str) -> None:
    """No text makes the reader fail, whatever is in it."""
    examine(text)


NAMES = st.sampled_from(["a", "b", "c"])
LITERALS = st.sampled_from(['"x"', "'<&>'", "7", "true", "none", '"é"'])


def _arguments(name: str) -> st.SearchStrategy[str]:
    word = st.lists(LITERALS, max_size=2).map(", ".join)
    named = st.sampled_from(["length=5", "length=999999999", "end='.'", "precision=999999999"])
    return st.one_of(
        st.just(name), word.map(lambda w: f"{name}({w})"), named.map(lambda w: f"{name}({w})")
    )


FILTERED = st.sampled_from(sorted(FILTERS)).flatmap(_arguments)
TESTED = st.sampled_from(sorted(TESTS)).flatmap(_arguments)
EXPRESSIONS = st.recursive(
    NAMES | LITERALS,
    lambda inner: st.one_of(
        st.tuples(inner, FILTERED).map(lambda two: f"{two[0]}|{two[1]}"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} < {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} in {two[1]})"),
        st.tuples(inner, TESTED).map(lambda two: f"({two[0]} is {two[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
    ),
    max_leaves=6,
)
TEXTS = st.recursive(
    EXPRESSIONS.map(lambda e: f"{{{{ {e} }}}}") | st.sampled_from(["words ", "\n", "<b>"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(EXPRESSIONS, inner, inner).map(
            lambda t: f"{{% if {t[0]} %}}{t[1]}{{% else %}}{t[2]}{{% endif %}}"
        ),
        st.tuples(NAMES, EXPRESSIONS, inner).map(
            lambda t: f"{{% for {t[0]} in {t[1]} %}}{t[2]}{{% endfor %}}"
        ),
        st.tuples(NAMES, EXPRESSIONS).map(lambda two: f"{{% set {two[0]} = {two[1]} %}}"),
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=2000)
@given(TEXTS, st.text(max_size=30), st.text(max_size=30))
def test_nothing_in_the_grammar_can_run_away(text: str, a: str, b: str) -> None:
    """Whatever can be written renders to little, or fails with a reason, and never panics."""
    if examine(text).faults:
        return
    engine = Engine()
    values = {"a": a, "b": b, "c": "<'\"&>" * 10}
    try:
        engine.add("x.html", text)
        said = engine.render("x.html", values)
    except RenderError:
        return
    assert len(said) < 2_000_000
