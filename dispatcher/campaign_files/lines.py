"""Finds the line of every key in a TOML text that the parser has already accepted."""

from __future__ import annotations

import re
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_BASIC = re.compile(r'"(?:[^"\\]|\\.)*"')
_LITERAL = re.compile(r"'[^']*'")
# A closing run may hold up to two quotes of the text itself before the closing three.
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*"""(?:"{0,2})', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''(?:[^']|'(?!''))*'''(?:'{0,2})", re.DOTALL)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(["\\btnfre]))')
_ESCAPED = {
    '"': '"',
    "\\": "\\",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
}


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Map the path of each table, key and array element to its line, counted from 1.

    `text` must be valid TOML: this walks over it, it does not judge it. Elements of arrays,
    arrays of tables included, have their index in the path: ("policy", "caps", 0).
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """Walks once over the text; `at` is the position, `line` the number of the line there."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.lines: dict[KeyPath, int] = {}
        self.elements: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        while self.skip(_GAP).at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.assignment(table)

    def header(self) -> KeyPath:
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path: KeyPath = ()
        keys = self.dotted_key()
        for depth, key in enumerate(keys, 1):
            path = (*path, key)
            if path in self.elements and not (many and depth == len(keys)):
                path = (*path, self.elements[path])
        if many:
            self.lines.setdefault(path, self.line)
            self.elements[path] = self.elements.get(path, -1) + 1
            path = (*path, self.elements[path])
        self.at += 2 if many else 1
        self.note(path)
        return path

    def assignment(self, table: KeyPath) -> None:
        path = (*table, *self.dotted_key())
        self.note(path)
        self.at += 1  # the equals sign
        self.skip(_BLANK)
        self.value(path)

    def dotted_key(self) -> KeyPath:
        keys = [self.key()]
        while self.skip(_BLANK).text[self.at] == ".":
            self.at += 1
            keys.append(self.key())
        return tuple(keys)

    def key(self) -> str:
        start = self.skip(_BLANK).at
        if self.text[start] == '"':
            return _ESCAPE.sub(_unescape, self.skip(_BASIC).text[start + 1 : self.at - 1])
        if self.text[start] == "'":
            return self.skip(_LITERAL).text[start + 1 : self.at - 1]
        return self.skip(_BARE).text[start : self.at]

    def value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        else:
            self.skip(self.scalar())

    def scalar(self) -> re.Pattern[str]:
        for quotes, pattern in _STRINGS.items():
            if self.text.startswith(quotes, self.at):
                return pattern
        return _SCALAR

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self.skip(_GAP).text[self.at] != "]":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self.lines[(*path, index)] = self.line
            self.value((*path, index))
            index += 1
        self.at += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self.skip(_GAP).text[self.at] != "}":
            if self.text[self.at] == ",":
                self.at += 1
                continue
            self.assignment(path)
        self.at += 1

    def note(self, path: KeyPath) -> None:
        """Remember the path, and the tables it implies, where they first appear."""
        for depth in range(1, len(path) + 1):
            self.lines.setdefault(path[:depth], self.line)
        self.lines[path] = min(self.line, self.lines[path])

    def skip(self, pattern: re.Pattern[str]) -> _Scanner:
        match = pattern.match(self.text, self.at)
        assert match is not None
        self.line += self.text.count("\n", self.at, match.end())
        self.at = match.end()
        return self


_STRINGS = {'"""': _LONG_BASIC, "'''": _LONG_LITERAL, '"': _BASIC, "'": _LITERAL}


def _unescape(match: re.Match[str]) -> str:
    short, long, letter = match.groups()
    return _ESCAPED[letter] if letter else chr(int(short or long, 16))
