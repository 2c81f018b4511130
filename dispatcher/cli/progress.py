"""Progress of what counts up without knowing its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from dispatcher.cli.show import on_terminal


@contextmanager
def progress(done: str) -> Iterator[Callable[[int], None]]:
    """Count up before a person, as in "2,000 checked"; say nothing to a log."""
    if not on_terminal():
        yield lambda _: None
        return
    columns = (TextColumn(f"{{task.completed:,.0f}} {done}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda more: shown.update(task, advance=more)
