"""The rule data that is shipped, read from its file once for each process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dispatcher.resources import jurisdictions_file
from dispatcher.rules.jurisdiction_file import parse
from dispatcher.rules.jurisdictions import Jurisdictions


@cache
def shipped() -> Jurisdictions:
    """Give the rule data of this build."""
    return read(jurisdictions_file())


def read(path: Path) -> Jurisdictions:
    """Read rule data; FileError names what is wrong with it, and where."""
    return parse(path.read_bytes(), str(path))
