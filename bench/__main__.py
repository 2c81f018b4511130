"""`./dispatch bench`: measures everything, as ratios to a limit taken in the same run.

    ./dispatch bench [--only PART] [--people N] [--rounds N] [--quick] [--json] [--out FILE]

The table goes to the screen, everything to bench/results.json, and the tables to
docs/performance.md. What cannot be measured here is null, with the reason. At full size it takes
about a quarter of an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.machine import describe
from bench.parts import PARTS, QUICK, Part, PartFailed, Sizes, run
from bench.report import RESULTS, show, write_page
from bench.steps import STEPS


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("./dispatch bench", description="Measures speed.")
    names = [part.name for part in PARTS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="PART", help=f"one of {', '.join(names)}"
    )
    parser.add_argument("--people", type=int, help="fewer people than 50,000; all sizes shrink")
    parser.add_argument("--rounds", type=int, help="fewer rounds than 5")
    parser.add_argument("--quick", action="store_true", help="see that all of it works")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--out", type=Path, help="write the results here only, and leave the page as it is"
    )
    return parser.parse_args(words)


def sizes_of(options: argparse.Namespace) -> Sizes:
    """Give the sizes that were asked for."""
    sizes = QUICK if options.quick else Sizes()
    if options.people:
        share = options.people / sizes.people
        sizes = replace(
            sizes,
            people=options.people,
            largest=max(100, min(sizes.largest, int(sizes.largest * share))),
            messages=max(10, min(sizes.messages, int(sizes.messages * share))),
            opt_outs=max(5, min(sizes.opt_outs, int(sizes.opt_outs * share))),
        )
    return replace(sizes, rounds=options.rounds) if options.rounds else sizes


def measure_all(parts: Sequence[Part], sizes: Sizes, out: Path) -> dict[str, Any]:
    """Measure part after part; each is kept as soon as it is there."""
    results = _earlier(out, sizes) if len(parts) < len(PARTS) else {}
    servers = results.get("machine", {}).get("servers", {})
    results |= {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe() | {"servers": servers},
        "sizes": sizes.as_json(),
    }
    for number, part in enumerate(parts, 1):
        say(f"[{number}/{len(parts)}] {part.title}")
        began = time.monotonic()
        found = run(part, sizes)
        servers |= found.pop("servers", {})
        results[part.name] = found | {"took_seconds": round(time.monotonic() - began)}
        say(f"      {found.get('reason') or 'done'}, {time.monotonic() - began:.0f} s")
        out.write_text(json.dumps(_joined(results), indent=2) + "\n", "utf-8")
    return _joined(results)


def _earlier(out: Path, sizes: Sizes) -> dict[str, Any]:
    """Give what was measured before at these very sizes, to which single parts are added."""
    if not out.exists():
        return {}
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found if found.get("sizes") == sizes.as_json() else {}


def _joined(results: dict[str, Any]) -> dict[str, Any]:
    """Put the steps' shares with the measurement they explain: together they are its whole cost."""
    steps, whole = results.get("steps"), results.get("email_end_to_end")
    if not steps or not whole or "cpu_us_per_message" not in whole:
        return results
    theirs = _shared({name: steps[name] for name in ("plan", "database")}, whole["database_us"])
    ours = {name: steps[name] for name in STEPS if name not in theirs}
    by_step = theirs | _shared(ours, whole["cpu_us_per_message"] - whole["database_us"])
    joined = whole | {"step_us": {name: by_step[name] for name in STEPS}}
    return results | {"email_end_to_end": joined}


def _shared(steps: dict[str, float], whole: float) -> dict[str, float]:
    """Deal a whole out to some steps, each its share."""
    together = sum(steps.values()) or 1.0
    return {name: round(us / together * whole, 1) for name, us in steps.items()}


def say(words: str) -> None:
    """Tell whoever watches how far it is; results go to standard output."""
    print(words, file=sys.stderr, flush=True)


def main(words: Sequence[str]) -> int:
    """Measure, print and write."""
    options = arguments(words)
    parts = [part for part in PARTS if not options.only or part.name in options.only]
    out = options.out or RESULTS
    try:
        results = measure_all(parts, sizes_of(options), out)
    except PartFailed as failed:
        say(f"{failed}; what was measured before it is in {out}")
        return 1
    if options.out is None:
        write_page(results)
    if options.json:
        print(json.dumps(results, indent=2))
    else:
        show(results, Console() if sys.stdout.isatty() else Console(width=120))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
