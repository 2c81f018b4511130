"""Templates of requests: nested data with `{placeholders}`, compiled once, filled per message."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

Words = Mapping[str, Any]
Fill = Callable[[Words], Any]


def filler(node: Any) -> Fill:
    """Compile a template into a function; values are never read as templates.

    A string that is one placeholder becomes the value itself, of whatever type.
    """
    if isinstance(node, str):
        whole = PLACEHOLDER.fullmatch(node)
        if whole:
            name = whole[1]
            return lambda words: words[name]
        if PLACEHOLDER.search(node):
            return lambda words: PLACEHOLDER.sub(lambda match: str(words[match[1]]), node)
    if isinstance(node, Mapping):
        fillers = {key: filler(value) for key, value in node.items()}
        return lambda words: {key: fill(words) for key, fill in fillers.items()}
    if isinstance(node, list):
        parts = [filler(value) for value in node]
        return lambda words: [fill(words) for fill in parts]
    return lambda _: node


def placeholders(node: Any) -> set[str]:
    """Give the names that a template asks for."""
    if isinstance(node, str):
        return set(PLACEHOLDER.findall(node))
    if isinstance(node, Mapping):
        return set().union(*map(placeholders, node.values()))
    if isinstance(node, list):
        return set().union(*map(placeholders, node))
    return set()
