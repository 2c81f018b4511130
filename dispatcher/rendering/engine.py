"""The engine behind templates: MiniJinja with nothing in it but what the grammar allows."""

from __future__ import annotations

import html
from collections.abc import Mapping

from minijinja import Environment, TemplateError, safe

from dispatcher.rendering.expressions import FILTERS

# Instructions one text may run; an ordinary mail runs a few hundred.
FUEL = 20_000
# The compiler marks our own links with it; the grammar refuses it to authors.
INTERNAL = frozenset({"safe"})

_BUILTIN_GLOBALS = ("cycler", "debug", "dict", "joiner", "namespace", "range")
_BUILTIN_FILTERS = (
    "abs", "attr", "batch", "bool", "capitalize", "chain", "count", "d", "default", "dictsort",
    "e", "escape", "filesizeformat", "first", "float", "format", "groupby", "indent", "int",
    "items", "join", "last", "length", "lines", "list", "lower", "map", "max", "min", "pluralize",
    "pprint", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select",
    "selectattr", "slice", "sort", "split", "string", "striptags", "sum", "title", "tojson",
    "trim", "truncate", "unique", "upper", "urlencode", "wordwrap", "zip",
)  # fmt: skip


class RenderError(Exception):
    """A text could not be rendered for one person; says where, never with what values."""


class Engine:
    """Holds compiled texts by name; a name that ends in "html" is escaped."""

    def __init__(self) -> None:
        self._environment = Environment(
            fuel=FUEL,
            debug=False,
            pycompat=False,
            undefined_behavior="strict",
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_escape_callback=_escapes,
        )
        for name in _BUILTIN_GLOBALS:
            self._environment.remove_global(name)
        for name in _BUILTIN_FILTERS:
            if name not in FILTERS | INTERNAL:
                self._environment.remove_filter(name)

    def add(self, name: str, text: str) -> None:
        """Compile a text; RenderError with the engine's words when it cannot be read."""
        try:
            self._environment.add_template(name, text)
        except TemplateError as wrong:
            raise RenderError(f"{name}, line {wrong.line}: {wrong.message}") from wrong

    def render(self, name: str, values: Mapping[str, str]) -> str:
        """Render a text; RenderError when a value does not fit or the fuel runs out."""
        try:
            return self._environment.render_template(name, **values)
        except TemplateError as wrong:
            raise RenderError(f"{name}: {wrong.kind} in line {wrong.line}") from wrong


def as_html(text: str) -> str:
    """Write a text as HTML in pure ASCII, marked so that it is not escaped once more."""
    return safe(html.escape(text).encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _escapes(name: str) -> bool:
    return name.endswith("html")
