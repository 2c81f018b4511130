"""`./dispatch bench`: e-mail end to end, written to bench/results.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench import email_end_to_end

RESULTS = Path(__file__).resolve().parent / "results.json"


def main() -> int:
    """Run it and write what was measured."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    measured = {"email_end_to_end": email_end_to_end.measure(people, rounds=5)}
    RESULTS.write_text(json.dumps(measured, indent=2) + "\n")
    print(json.dumps(measured, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
