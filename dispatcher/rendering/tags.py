"""Tags in a template's text: where each begins and ends, and the words and signs inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_TOKENS = 200

_CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_OPEN = re.compile(r"\{\{|\{%|\{#")
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<close>[-+]?(?:\}\}|%\}))"
    r"|(?P<sign>==|!=|<=|>=|[<>.,|()\[\]=])",
    re.DOTALL,
)


class Fault(NamedTuple):
    """What is wrong with a text, on which line of it (from 1), as a sentence."""

    line: int
    text: str


class Token(NamedTuple):
    """One word or sign inside a tag; `start` and `end` are places in the whole text."""

    kind: str
    text: str
    start: int
    end: int


class Tag(NamedTuple):
    """One `{{ }}`, `{% %}` or `{# #}`; its tokens do not hold the delimiters.

    `trims`: a `-` or `+` at one of its ends says what happens to the white space around it.
    """

    opener: str
    start: int
    end: int
    tokens: tuple[Token, ...]
    trims: bool = False


class BrokenTagError(Exception):
    """A tag that cannot be read; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


def tags(text: str) -> Iterator[Tag]:
    """Read the tags of a text one by one; BrokenTagError at the first that cannot be read."""
    at = 0
    while found := _OPEN.search(text, at):
        tag = _comment(text, found) if found.group() == "{#" else _tag(text, found)
        yield tag
        at = tag.end


def line_of(text: str, place: int) -> int:
    """Give the line, from 1, of a place in a text."""
    return text.count("\n", 0, place) + 1


def _comment(text: str, found: re.Match[str]) -> Tag:
    end = text.find("#}", found.end())
    if end < 0:
        raise BrokenTagError(Fault(line_of(text, found.start()), "This {# is never closed by #}."))
    return Tag("{#", found.start(), end + 2, ())


def _tag(text: str, found: re.Match[str]) -> Tag:
    opener, at = found.group(), found.end()
    line = line_of(text, found.start())
    trims = text[at : at + 1] in {"-", "+"}
    at += trims
    tokens: list[Token] = []
    while match := _TOKEN.match(text, at):
        kind, word, at = str(match.lastgroup), match.group(), match.end()
        if kind == "close":
            if not word.endswith(_CLOSERS[opener]):
                break
            return Tag(opener, found.start(), at, tuple(tokens), trims or len(word) > 2)
        if kind != "space":
            tokens.append(Token(kind, word, match.start(), at))
        if len(tokens) > MAX_TOKENS:
            raise BrokenTagError(Fault(line, f"A tag has more than {MAX_TOKENS} words and signs."))
    raise BrokenTagError(Fault(line, _unreadable(text, at, opener)))


def _unreadable(text: str, at: int, opener: str) -> str:
    rest = text[at : at + 2]
    if not rest or rest[0] in "\"'" or rest in {"{{", "{%"} or at < len(text) == at + 1:
        return f"This {opener} is never closed by {_CLOSERS[opener]}."
    return f"{rest[0]!r} is not allowed in a tag: templates place words, they do not calculate."
