"""How the demo is told: plain lines for logs, and with a live table of counts on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from textwrap import wrap

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_READS = " reads"
Tallies = Mapping[str, Mapping[str, int]]


class Teller:
    """Tells the story on a console; `live` shows the counts of each campaign while they grow."""

    def __init__(self, console: Console, *, live: bool) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if live else None

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Show the table as long as this lasts."""
        if self._live is None:
            yield
            return
        with self._live:
            yield

    def act(self, words: str) -> None:
        """Open an act."""
        self._console.print(Text(words, style="bold"))

    def say(self, words: str) -> None:
        """Tell what happened."""
        self._console.print(Text(f"  {words}"))

    def talk(self, who: str, lines: Iterable[tuple[str, str]]) -> None:
        """Tell a conversation: what somebody wrote, and what was answered ("" was not written)."""
        width = len(who) + len(_READS)
        for wrote, read in lines:
            if wrote:
                self._console.print(Text(f"  {who:<{width}} {wrote}", style="bold"))
            for place, line in enumerate(wrap(read, max(self._console.width - width - 4, 30))):
                begins = "" if place else who + _READS
                self._console.print(Text(f"  {begins:<{width}} {line}"))

    def show(self, tallies: Tallies) -> None:
        """Show how it stands; a log is not told every step."""
        if self._live is not None:
            self._live.update(_drawn(tallies), refresh=True)


def _drawn(tallies: Tallies) -> Table:
    words = dict.fromkeys(word for tally in tallies.values() for word in tally)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    # A long name gives way to the counts, all of which fit 80 columns.
    table.add_column("campaign", no_wrap=True, max_width=14)
    for word in words:
        table.add_column(word, justify="right", no_wrap=True, min_width=len(word))
    for campaign, tally in tallies.items():
        table.add_row(campaign, *(str(tally.get(word, 0)) for word in words))
    return table
