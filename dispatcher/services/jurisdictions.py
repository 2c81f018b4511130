"""The rule data that is shipped, and what an installation overrides of it; each read once."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from dispatcher.errors import ConfigError, FileError
from dispatcher.resources import jurisdictions_file
from dispatcher.rules import override_file
from dispatcher.rules.jurisdiction_file import parse
from dispatcher.rules.jurisdiction_overrides import overridden
from dispatcher.rules.jurisdictions import Jurisdictions, Override


@cache
def shipped() -> Jurisdictions:
    """Give the rule data of this build."""
    return read(jurisdictions_file())


def read(path: Path) -> Jurisdictions:
    """Read rule data; FileError names what is wrong with it, and where."""
    data = path.read_bytes()
    return replace(parse(data, str(path)), source=data)


def overrides(path: Path) -> tuple[Override, ...]:
    """Read a file of overrides of the shipped data; FileError names what is wrong, and where."""
    return override_file.parse(path.read_bytes(), str(path), shipped())


def under(path: Path) -> Jurisdictions:
    """Give the shipped data under a file of overrides; FileError names what is wrong with it."""
    data = path.read_bytes()
    found = override_file.parse(data, str(path), shipped())
    made = overridden(shipped(), found, override_file.digest(data))
    return replace(made, override_source=data)


def in_force(path: Path | None) -> Jurisdictions:
    """Give the rule data of this installation; a wrong file of overrides stops the process."""
    base = shipped()
    if path is None:
        return base
    try:
        return under(path)
    except FileError as error:
        raise ConfigError("rule_overrides", str(error)) from None
    except OSError as error:
        problem = f"{path} cannot be read: {error.strerror or error}"
        raise ConfigError("rule_overrides", f"{problem}; mend the path or take it out") from None
