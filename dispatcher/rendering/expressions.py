"""Expressions inside a template's tags: what they may say, and which names they use.

expression = choice [ "if" choice "else" expression ]      choice  = both { "or" both }
both       = negation { "and" negation }                   negation = [ "not" ] comparison
comparison = value { sign value | [ "not" ] "in" value | "is" [ "not" ] test [ arguments ] }
value      = atom { "|" filter [ arguments ] }
atom       = literal | list | name [ "." name ] | "(" expression ")"
list       = "[" literal { "," literal } "]"
arguments  = "(" [ name "=" ] literal { "," [ name "=" ] literal } ")"
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import NamedTuple

from dispatcher.rendering.tags import Token

FILTERS = frozenset(
    {"capitalize", "first", "float", "int", "last", "length", "lower", "pluralize", "round"}
    | {"title", "trim", "truncate", "upper", "urlencode"}
)
TESTS = frozenset({"endingwith", "even", "odd", "startingwith"})
LOOP = frozenset({"first", "index", "index0", "last", "length"})
MAX_DEPTH = 8
MAX_DIGITS = 9

_WORDS = frozenset({"and", "else", "if", "in", "is", "not", "or"})
_VALUES = frozenset({"true", "false", "none", "True", "False", "None"})
_SIGNS = frozenset({"==", "!=", "<", "<=", ">", ">="})
_INSTEAD = {
    "default": 'write {{ first_name or "friend" }} instead',
    "d": 'write {{ first_name or "friend" }} instead',
    "safe": "values are always escaped in HTML",
}
_END = Token("end", "the end of the tag", 0, 0)


class Named(NamedTuple):
    """A name an expression uses, where in the text, whether in a condition, under which filters."""

    name: str
    tested: bool
    place: int
    filters: tuple[str, ...] = ()


class WrongTagError(Exception):
    """The tag at hand is wrong; the text says how."""


def names_in(tokens: tuple[Token, ...], *, condition: bool = False) -> list[Named]:
    """Read one expression: each name it uses."""
    return _Expression(tokens, condition).read()


def nearest(word: str, known: Collection[str]) -> str:
    """Give `, did you mean 'x'`, or nothing when no known word is near."""
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]!r}" if close else ""


def plain_name(word: str) -> None:
    """Refuse the names that the compiler makes for itself."""
    if "__" in word:
        raise WrongTagError(f"{word!r}: names with two underscores are kept for the engine.")


class _Expression:
    """Reads one expression by recursive descent, collecting the names it uses."""

    def __init__(self, tokens: tuple[Token, ...], condition: bool) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.condition = condition
        self.names: list[Named] = []

    def read(self) -> list[Named]:
        self.expression()
        if self.at < len(self.tokens):
            raise WrongTagError(f"{self.peek().text!r} does not fit here{_hint(self.peek())}.")
        return self.names

    def peek(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def take(self, *texts: str) -> bool:
        """Step over the next token if it is one of these words or signs."""
        token = self.peek()
        if token.kind in {"name", "sign"} and token.text in texts:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise WrongTagError(f"{text!r} is missing before {self.peek().text!r}.")

    def expression(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise WrongTagError(f"Brackets and choices are nested more than {MAX_DEPTH} deep.")
        self.choice()
        if self.take("if"):
            outer, self.condition = self.condition, True
            self.choice()
            self.condition = outer
            self.need("else")
            self.expression()
        self.depth -= 1

    def choice(self) -> None:
        self.negation()
        while self.take("or", "and"):
            self.negation()

    def negation(self) -> None:
        self.take("not")
        self.value()
        while True:
            if self.take("is"):
                self.take("not")
                self.known("test", TESTS)
                self.arguments()
            elif self.take("not"):
                self.need("in")
                self.value()
            elif self.take("in", *_SIGNS):
                self.value()
            else:
                return

    def value(self) -> None:
        first = len(self.names)
        self.atom()
        filters = []
        while self.take("|"):
            filters.append(self.known("filter", FILTERS))
            self.arguments()
        self.names[first:] = [
            name._replace(filters=(*name.filters, *filters)) for name in self.names[first:]
        ]

    def known(self, kind: str, names: Collection[str]) -> str:
        word = self.name()
        if word in names:
            return word
        if word in _INSTEAD:
            raise WrongTagError(f"The {kind} {word!r} is not allowed: {_INSTEAD[word]}.")
        listed = ", ".join(sorted(names))
        raise WrongTagError(f"There is no {kind} {word!r}{nearest(word, names)}; known: {listed}.")

    def name(self) -> str:
        token = self.peek()
        if token.kind != "name":
            raise WrongTagError(f"A name is missing before {token.text!r}.")
        self.at += 1
        return token.text

    def atom(self) -> None:
        if self.take("("):
            self.expression()
            self.need(")")
        elif self.take("["):
            self.literals("]")
        elif not self.literal():
            self.variable()

    def variable(self) -> None:
        place = self.peek().start
        word = self.name()
        if word in _WORDS:
            raise WrongTagError(f"A value is missing before {word!r}.")
        plain_name(word)
        if self.take("."):
            member = self.name()
            plain_name(member)
            if word == "loop" and member not in LOOP:
                raise WrongTagError(f"loop has {', '.join(sorted(LOOP))}, not {member!r}.")
            word = f"{word}.{member}"
        self.names.append(Named(word, self.condition, place))

    def literal(self) -> bool:
        token = self.peek()
        if token.kind == "number" and len(token.text) > MAX_DIGITS:
            raise WrongTagError(f"Numbers have at most {MAX_DIGITS} digits.")
        found = token.kind in {"string", "number"} or token.text in _VALUES
        self.at += found
        return found

    def literals(self, closer: str) -> None:
        while not self.take(closer):
            if not self.literal():
                raise WrongTagError("Lists and arguments hold written words and numbers only.")
            if not self.take(","):
                self.need(closer)
                return

    def arguments(self) -> None:
        if not self.take("("):
            return
        while not self.take(")"):
            if self.peek().kind == "name" and self.peek().text not in _VALUES:
                self.name()
                self.need("=")
            if not self.literal():
                raise WrongTagError("Lists and arguments hold written words and numbers only.")
            if not self.take(","):
                self.need(")")
                return


def _hint(token: Token) -> str:
    if token.text == "(":
        return ": templates call nothing"
    if token.text == "=":
        return ": use == to compare"
    if token.text == "[":
        return ": texts cannot be cut by position"
    return ""
