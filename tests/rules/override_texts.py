"""Files of overrides for tests: entries written out from a few words."""

from __future__ import annotations

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def week(hours: str, *, holiday: str = '"as_day"', **days: str) -> str:
    """Write a week; `hours` as in "09:00-18:00", "" is closed all day; `days` differ from it."""
    told = [f"{day} = {_windows(days.get(day, hours))}" for day in DAYS]
    return f"{{ {', '.join(told)}, holiday = {holiday} }}"


def _windows(hours: str) -> str:
    windows = [f'["{each[:5]}", "{each[6:]}"]' for each in hours.split(",") if each]
    return f"[{', '.join(windows)}]"


def entry(jurisdiction: str = "ES", **fields: str) -> str:
    """Write an entry; values as TOML has them. `from` is written `from_`."""
    lines = ["[[override]]", f'jurisdiction = "{jurisdiction}"']
    lines += [f"{name.rstrip('_')} = {value}" for name, value in fields.items()]
    return "\n".join([*lines, ""])


SIGNED = {"by": '"Ana"', "reason": '"the lawyers agree"'}
COMPLIANCE = {**SIGNED, "role": '"compliance"'}
