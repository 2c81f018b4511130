"""Lines: every key of a TOML text is found on the line a person would point at."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files.lines import KeyPath, key_lines

TRICKY = '''\
# a comment with = and [brackets]
title = "one \\" quote # no comment"   # a comment

[offer]
name = """
[not.a.table]
key = "in text"
ends with a quote\\""""
'single # key' = 'C:\\path\\'
"double key" = \'\'\'two \'\' quotes\'\'\'
code = 3
[offer.fields]
until.day = 1
until.month = "May"
list = [ # comment ]
  "one, two",
  [1, 2],
  { a = 1, b = [ "}" ] },
]

[[caps]]
most = 1
[caps.more]
x = 1
[[caps]]
most = 2
  [caps.more]
  x = 2026-12-01T09:00:00Z
'''


def test_each_key_of_a_tricky_text_is_on_its_line() -> None:
    """Strings over lines, dotted keys, arrays, inline tables and lists of tables are found."""
    tomllib.loads(TRICKY)
    lines = key_lines(TRICKY)
    expected: dict[KeyPath, int] = {
        ("title",): 2,
        ("offer",): 4,
        ("offer", "name"): 5,
        ("offer", "single # key"): 9,
        ("offer", "double key"): 10,
        ("offer", "code"): 11,
        ("offer", "fields"): 12,
        ("offer", "fields", "until"): 13,
        ("offer", "fields", "until", "day"): 13,
        ("offer", "fields", "until", "month"): 14,
        ("offer", "fields", "list"): 15,
        ("offer", "fields", "list", 0): 16,
        ("offer", "fields", "list", 1): 17,
        ("offer", "fields", "list", 1, 1): 17,
        ("offer", "fields", "list", 2, "b", 0): 18,
        ("caps",): 21,
        ("caps", 0): 21,
        ("caps", 0, "most"): 22,
        ("caps", 0, "more", "x"): 24,
        ("caps", 1): 25,
        ("caps", 1, "most"): 26,
        ("caps", 1, "more"): 27,
        ("caps", 1, "more", "x"): 28,
    }
    assert {path: lines.get(path) for path in expected} == expected


# Written as they are, so that strings hold what looks like syntax; all others as escapes.
PLAIN = frozenset("abcxyz019#=[]{},.' ")
LETTERS = st.characters(exclude_categories=["Cs"])
KEYS = st.text(LETTERS, max_size=6)
SCALARS = st.one_of(
    st.integers(-9, 9),
    st.booleans(),
    st.text(LETTERS, max_size=8),
    st.text('"\\#=[]{},\n', max_size=8),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)
TABLES = st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=3), max_size=4)


def written(value: Any, *, outermost: bool = True) -> str:
    """Write a value as TOML; an outermost array over several lines, with comments."""
    if isinstance(value, dict):
        pairs = (f"{quoted(key)} = {written(of, outermost=False)}" for key, of in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list) and outermost:
        return "[ # [\n" + "".join(f"{written(of, outermost=False)}, # ]\n" for of in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(written(of, outermost=False) for of in value) + "]"
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    """Write a string with every letter that might mean something escaped or not, by its code."""
    letters = (c if c in PLAIN else f"\\U{ord(c):08x}" for c in text)
    return '"' + "".join(letters) + '"'


def paths(value: Any, at: KeyPath = ()) -> set[KeyPath]:
    children = value.items() if isinstance(value, dict) else enumerate(value)
    found: set[KeyPath] = set()
    for key, child in children:
        found.add((*at, key))
        if isinstance(child, dict | list):
            found |= paths(child, (*at, key))
    return found


@given(TABLES)
def test_every_key_the_parser_knows_has_a_line(tables: dict[str, dict[str, Any]]) -> None:
    """The walk over the text finds exactly the keys that the parser finds, whatever is written."""
    text = ""
    for name, keys in tables.items():
        text += f"[{quoted(name)}]\n"
        text += "".join(f"{quoted(key)} = {written(value)}\n" for key, value in keys.items())
    parsed = tomllib.loads(text)
    assert parsed == tables
    assert set(key_lines(text)) == paths(parsed)
