"""Weekdays on which people want to hear from us: `12345` is Monday to Friday."""

from __future__ import annotations

import re

_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ALL = "1234567"
_BETWEEN = re.compile(r"[\s,;|/+]+")
_TO = re.compile(r"\s*[-–]\s*")


def read(text: str) -> str | None:
    """Read "mon-fri", "sat, sun" or "tue thu"; "" where that is any day, None if it is no days."""
    found: set[int] = set()
    for part in _BETWEEN.split(_TO.sub("-", text.strip().lower())):
        first, dash, last = part.partition("-")
        start, end = _number(first), _number(last if dash else first)
        if start is None or end is None:
            return None
        found.update((start + ahead) % 7 for ahead in range((end - start) % 7 + 1))
    days = "".join(_ALL[day] for day in sorted(found))
    return "" if days == _ALL else days


def words(days: str) -> str:
    """Write weekdays as people do: "Mon-Fri", "Tue, Thu"; "" for any day."""
    numbers = [_ALL.index(digit) for digit in days]
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(_run(run) for run in runs)


def _run(run: list[int]) -> str:
    if len(run) < 3:
        return ", ".join(_NAMES[number] for number in run)
    return f"{_NAMES[run[0]]}-{_NAMES[run[-1]]}"


def _number(name: str) -> int | None:
    """Give the place of a day in the week, from its English name or the beginning of it."""
    if len(name) < 3:
        return None
    return next((at for at, day in enumerate(_FULL) if day.startswith(name)), None)


_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
