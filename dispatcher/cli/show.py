"""What commands say: JSON for programs on standard output, sentences and tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import SecretStr
from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Who = Annotated[str, typer.Argument(help="E-mail address, phone number or customer number.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_WIDE = 200  # columns when nobody looks: a pipe has no edge
_MARKS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


class Whole(Text):
    """A line that people copy: it is as long as it is, and never broken in two."""


def answer(data: Any, shown: Iterable[RenderableType], *, as_json: bool) -> None:
    """Give the answer: `data` as JSON, or `shown` line by line."""
    if as_json:
        typer.echo(to_json(data))
        return
    console = _console()
    for line in shown:
        whole = isinstance(line, Whole)
        console.print(clean(line) if isinstance(line, str) else line, soft_wrap=whole)


def json_line(data: Any) -> None:
    """Give one JSON value on one line, for programs that read along."""
    typer.echo(orjson.dumps(data, default=plain, option=_KEYS).decode())


def notice(text: str) -> None:
    """Tell something beside the answer, on standard error."""
    typer.echo(clean(text), err=True)


_KEYS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_SUBCLASS


def to_json(data: Any) -> str:
    """Write any of our values as JSON."""
    return orjson.dumps(data, default=plain, option=_KEYS | orjson.OPT_INDENT_2).decode()


def plain(value: Any) -> Any:
    """Give what JSON knows of a value it does not know."""
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, SecretStr):
        return "(secret)"
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "") -> Table:
    """Draw a table; numbers stand to the right."""
    cells = [list(row) for row in rows]
    drawn = Table(title=title or None, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for place, head in enumerate(heads):
        numbers = bool(cells) and all(isinstance(row[place], int | float) for row in cells)
        drawn.add_column(head, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(clean(number(cell))) for cell in row))
    return drawn


def facts(pairs: Mapping[str, Any]) -> Iterable[Text]:
    """Write facts one a line, names in a column; those that say nothing are left out."""
    known = {name: clean(number(value)) for name, value in pairs.items() if value not in ("", None)}
    width = max(map(len, known), default=0)
    for name, value in known.items():
        yield Text.assemble((f"{name:<{width}}  ", "dim"), value)


def heading(text: str) -> Text:
    """Give a line that opens a part."""
    return Text(f"\n{clean(text)}", style="bold")


def mark(level: str, text: str) -> Text:
    """Give a line that begins with ok, warn or fail."""
    return Text.assemble((f"{level:<5}", _MARKS[level]), clean(text))


def number(value: Any) -> str:
    """Write counts with thousands apart, so that people can read them."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def clean(text: str) -> str:
    """Take out what could steer a terminal: what people are called must not move the cursor."""
    text = text.replace("\r\n", "\n")
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def on_terminal() -> bool:
    """Whether a person looks at standard error, where progress is shown."""
    return sys.stderr.isatty()


def _console() -> Console:
    width = None if sys.stdout.isatty() else _WIDE
    return Console(
        file=sys.stdout, width=width, soft_wrap=False, markup=False, highlight=False, emoji=False
    )
