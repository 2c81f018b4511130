"""The results as tables: on the screen, and on the page docs/performance.md.

    python -m bench.report

writes the page's tables again from bench/results.json, without measuring anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.bars import BARS, Bar, Met
from bench.world import ROOT

RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEADS = ("measure", "measured", "bar", "aim", "met")
_WRITTEN = {"us": "µs", "mb": "MB", "cpu": "CPU"}
_STEPS = {
    "plan": "writing down who gets a verdict, which is the database's work",
    "claim": "taking a batch and its lease, handing it back, commits",
    "load": "locking its people, reading every fact about them",
    "decide": "all rules, and one voice among campaigns",
    "record": "writing verdicts, their facts and the places in people's days",
    "permit": "permission for the next window of messages",
    "render": "the personal mail and its signed links",
    "hand_off": "mail connections, gate and journal",
    "settle": "writing down what became of each mail",
    "database": "PostgreSQL's own work for all of that",
    "rest": "the other threads, and Python's own housekeeping",
}


def rows(results: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Give the table of measures, bars and aims."""
    return [_row(bar, results) for bar in BARS]


def _row(bar: Bar, results: Mapping[str, Any]) -> tuple[str, ...]:
    value, met = bar.value(results), bar.met(results)
    sign = "≤ " if bar.at_most else "≥ "
    told = "null" if value is None else figure(value) + bar.unit
    verdict = f"{met}: {bar.reason(results)}" if met is Met.UNKNOWN else str(met)
    asked = (f"{sign}{figure(limit)}{bar.unit}" for limit in (bar.bar, bar.aim))
    return (bar.title(results), told, *asked, verdict)


def figure(value: float) -> str:
    """Write a figure with as many digits as tell something."""
    if isinstance(value, int) or value >= 1000 or value == 0:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def show(results: Mapping[str, Any], console: Console) -> None:
    """Print the table for a person at a screen."""
    table = Table()
    for head in HEADS:
        table.add_column(head, no_wrap=head in HEADS[1:4], overflow="fold")
    colours = {Met.AIM: "green", Met.BAR: "yellow", Met.NO: "red"}
    for bar, row in zip(BARS, rows(results), strict=True):
        table.add_row(*row, style=colours.get(bar.met(results), "dim"))
    console.print(table)


def tables(results: Mapping[str, Any]) -> str:
    """Give everything between the page's markers."""
    found = [_introduction(results), _table(HEADS, rows(results))]
    steps = results.get("email_end_to_end", {}).get("step_us", {})
    if steps:
        said = [(name.replace("_", "-"), figure(us), _STEPS[name]) for name, us in steps.items()]
        said.append(("together", figure(round(sum(steps.values()), 1)), ""))
        found += ["Where the processor time of a mail goes:"]
        found += [_table(("step", "µs", "what it is"), said)]
    sizes = results.get("scale", {}).get("sizes", [])
    if sizes:
        found += ["As the number of people grows, everybody told in each wave:"]
        found += [_table([_spaced(name) for name in sizes[0]], [_cells(each) for each in sizes])]
    found += ["All figures (`bench/results.json`):", _table(("part", "figures"), _all(results))]
    return "\n\n".join(found)


def _introduction(results: Mapping[str, Any]) -> str:
    machine, sizes = results["machine"], results["sizes"]
    servers = ", ".join(
        f"{name} {version}" for name, version in sorted(machine.get("servers", {}).items())
    )
    return (
        f"Measured {results['date'][:10]} on {machine['cores']} cores ({machine['processor']}, "
        f"{machine['memory_gb']} GB, {machine['system']}), Python {machine['python']}, {servers}, "
        f"Postfix {machine['postfix'] or 'missing'}; load before it began: "
        f"{machine['load_before']}. {sizes['people']:,} people and medians of "
        f"{sizes['rounds']} rounds; planning, import and the largest audience once, with "
        f"{sizes['largest']:,}."
    )


def _all(results: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    for name, part in results.items():
        if isinstance(part, Mapping) and name not in ("machine", "sizes"):
            flat = [
                f"{_spaced(key)} {value if isinstance(value, str) else figure(value)}"
                for key, value in part.items()
                if isinstance(value, int | float) or key == "reason"
            ]
            yield f"`{name}`", "; ".join(flat)


def _spaced(name: str) -> str:
    return " ".join(_WRITTEN.get(word, word) for word in name.split("_"))


def _cells(found: Mapping[str, float]) -> list[str]:
    return [figure(value) for value in found.values()]


def _table(heads: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def on_page(page: str, results: Mapping[str, Any]) -> str:
    """Give the page with new tables; what people wrote around them stays."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise LookupError(f"{PAGE.name} has no lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{tables(results)}\n\n{END}{after}"


def write_page(results: Mapping[str, Any], page: Path = PAGE) -> None:
    """Write the tables into the page."""
    page.write_text(on_page(page.read_text("utf-8"), results), "utf-8")


def main() -> None:
    """Write the page again."""
    write_page(json.loads(RESULTS.read_text("utf-8")))


if __name__ == "__main__":
    main()
