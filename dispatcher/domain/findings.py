"""Findings: what the doctor saw, how bad it is, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """One thing looked at. `remedy` is a sentence, empty when all is well."""

    level: Level
    subject: str
    told: str
    remedy: str = ""
