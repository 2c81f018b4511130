"""The demo's hour is the programme's: nothing in it asks the machine what time it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import dispatcher.demo

FILES = sorted(Path(dispatcher.demo.__path__[0]).rglob("*.py"))
# How long something takes may be measured; what time it is may not be asked.
ASKING = {
    *("datetime.now", "datetime.today", "datetime.utcnow", "date.today", "datetime.fromtimestamp"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.asctime"),
    "time.strftime",
}
SQL_CLOCK = re.compile(r"\b(?:now|clock_timestamp|statement_timestamp)\(\)|\bcurrent_|\blocaltime")
# Gateways seal what they say by the wall's clock, in the demo as everywhere.
SEAL = "SELECT extract(epoch FROM clock_timestamp())::float8"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_asks_the_machine_for_the_time(file: Path) -> None:
    """Not by Python, and not by SQL, unless it is moved on to the programme's clock."""
    tree = ast.parse(file.read_text("utf-8"))
    assert not ASKING & set(_names(tree))
    asking = [text for text in _texts(tree) if SQL_CLOCK.search(text.lower())]
    assert [text for text in asking if "clock.ahead" not in text and text != SEAL] == []


def test_an_asking_module_would_be_found() -> None:
    """However it is imported."""
    for source in (
        "import time\ntime.time()",
        "from time import time as t\nt()",
        "from datetime import datetime as d\nd.now()",
        "import datetime\ndatetime.datetime.now()",
    ):
        assert ASKING & set(_names(ast.parse(source))), source


def _names(tree: ast.Module) -> Iterator[str]:
    """Give the last two words of every dotted name, with imported ones under their own names."""
    own: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            own |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            own |= {each.asname: each.name for each in node.names if each.asname}
    yield from own.values()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            words = [*own.get(first, first).split("."), *rest]
            yield ".".join(words[-2:])


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
