"""The small part of Jinja that a template may use, checked before the engine sees a text.

Templates place words, choose between them and repeat them over a written list. They do not
calculate, call, include or capture. So nothing a template says can grow faster than its own
length, and no template can reach past the texts it is given: a repeated string, a padded column,
a doubled variable or an emptied dictionary cannot even be written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatcher.rendering.expressions import MAX_DEPTH, Named, WrongTagError, names_in, plain_name
from dispatcher.rendering.tags import BrokenTagError, Fault, Tag, Token, line_of, tags

MAX_BRANCHES = 50
MAX_SOURCE = 200_000
RESERVED = frozenset({"brand", "language", "loop", "offer", "why"})


@dataclass(slots=True)
class Usage:
    """What a text asks for: names with the line of their first use, and every fault found.

    A dotted name ("offer.code") counts as one. `tested` are the names that stand in a condition,
    `uses` all of them with their places.
    """

    names: dict[str, int] = field(default_factory=dict)
    tested: set[str] = field(default_factory=set)
    uses: list[Named] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def examine(text: str) -> Usage:
    """Read a text against the grammar: one fault for each wrong tag, up to one that has no end."""
    if len(text) > MAX_SOURCE:
        return Usage(faults=[Fault(1, f"The text is longer than {MAX_SOURCE} characters.")])
    reader = _Blocks(text)
    try:
        reader.read()
    except BrokenTagError as broken:
        reader.usage.faults.append(broken.fault)
    return reader.usage


@dataclass(slots=True)
class _Block:
    word: str
    line: int
    local: str = ""
    branches: int = 0
    done: bool = False


class _Blocks:
    """Walks over the tags of one text, keeping the open blocks and the names they define."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.usage = Usage()
        self.open: list[_Block] = []
        self.defined: set[str] = set()
        self.line = 1

    def read(self) -> None:
        for tag in tags(self.text):
            self.line = line_of(self.text, tag.start)
            try:
                self.tag(tag)
            except WrongTagError as wrong:
                self.usage.faults.append(Fault(self.line, str(wrong)))
        for block in self.open:
            self.usage.faults.append(
                Fault(block.line, f"This {block.word} is never ended by end{block.word}.")
            )

    def tag(self, tag: Tag) -> None:
        if tag.opener == "{{":
            self.expression(tag.tokens)
        elif tag.opener == "{%":
            word = tag.tokens[0].text if tag.tokens else ""
            step = _STEPS.get(word)
            if step is None:
                raise WrongTagError(f"{word!r} is not among the tags: {', '.join(_STEPS)}.")
            step(self, tag.tokens[1:])

    def expression(self, tokens: tuple[Token, ...], *, condition: bool = False) -> None:
        local = {block.local for block in self.open} | self.defined
        for use in names_in(tokens, condition=condition):
            name = use.name
            if name.partition(".")[0] in local:
                continue
            if name.startswith("loop.") and any(block.word == "for" for block in self.open):
                continue
            self.usage.names.setdefault(name, self.line)
            self.usage.uses.append(use)
            if use.tested:
                self.usage.tested.add(name)

    def begin_if(self, rest: tuple[Token, ...]) -> None:
        self.push(_Block("if", self.line))
        self.expression(rest, condition=True)

    def branch(self, rest: tuple[Token, ...]) -> None:
        block = self.open[-1] if self.open else None
        if block is None or block.word != "if" or block.done:
            raise WrongTagError("elif stands outside an if.")
        block.branches += 1
        if block.branches > MAX_BRANCHES:
            raise WrongTagError(f"An if has more than {MAX_BRANCHES} branches.")
        self.expression(rest, condition=True)

    def otherwise(self, rest: tuple[Token, ...]) -> None:
        block = self.open[-1] if self.open else None
        if block is None or block.done or rest:
            raise WrongTagError("else stands alone, once, between if or for and their end.")
        block.done = True

    def begin_for(self, rest: tuple[Token, ...]) -> None:
        named = len(rest) > 2 and rest[0].kind == "name" and rest[1].text == "in"
        self.push(_Block("for", self.line, local=rest[0].text if named else ""))
        if not named:
            raise WrongTagError('A loop reads {% for drink in ["filter", "espresso"] %}.')
        self.bind(rest[0].text)
        self.expression(rest[2:])

    def assign(self, rest: tuple[Token, ...]) -> None:
        if len(rest) < 3 or rest[0].kind != "name" or rest[1].text != "=":
            raise WrongTagError('A name is set by {% set friend = first_name or "friend" %}.')
        self.bind(rest[0].text)
        self.expression(rest[2:])
        self.defined.add(rest[0].text)

    def bind(self, name: str) -> None:
        plain_name(name)
        if name in RESERVED or name.endswith("_url"):
            raise WrongTagError(f"{name!r} has a meaning already; choose another name.")

    def push(self, block: _Block) -> None:
        self.open.append(block)
        if len(self.open) > MAX_DEPTH:
            raise WrongTagError(f"Blocks are nested more than {MAX_DEPTH} deep.")

    def pop(self, word: str, rest: tuple[Token, ...]) -> None:
        if not self.open or self.open[-1].word != word or rest:
            raise WrongTagError(f"end{word} ends no {word} here.")
        self.open.pop()

    def end_if(self, rest: tuple[Token, ...]) -> None:
        self.pop("if", rest)

    def end_for(self, rest: tuple[Token, ...]) -> None:
        self.pop("for", rest)


_STEPS: dict[str, Callable[[_Blocks, tuple[Token, ...]], None]] = {
    "if": _Blocks.begin_if,
    "elif": _Blocks.branch,
    "else": _Blocks.otherwise,
    "endif": _Blocks.end_if,
    "for": _Blocks.begin_for,
    "endfor": _Blocks.end_for,
    "set": _Blocks.assign,
}
