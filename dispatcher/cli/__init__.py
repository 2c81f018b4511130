"""The command line: sentences for people, `--json` for programs."""

from __future__ import annotations

from dispatcher.cli.entry import main, run

__all__ = ["main", "run"]
