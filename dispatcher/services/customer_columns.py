"""The columns of a file of customers: which of them means what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path

from dispatcher.errors import ImportFileError
from dispatcher.services.customer_file import nearest


class Column(StrEnum):
    """The columns with a meaning; every other one is an attribute of the customer."""

    EMAIL = "email"
    PHONE = "phone"
    LANGUAGE = "language"
    COUNTRY = "country"
    REGION = "region"
    ZONE = "zone"
    HOURS = "hours"
    DAYS = "days"
    MOST_A_MONTH = "most_a_month"
    PREFERS = "prefers"
    TOPICS = "topics"
    CONSENT_AT = "consent_at"
    CONSENT_KIND = "consent_kind"
    CONSENT_SOURCE = "consent_source"
    CONSENT_WORDING = "consent_wording"
    CONSENT_CHANNELS = "consent_channels"
    CONSENT_MAX_PER_MONTH = "consent_max_per_month"


@dataclass(frozen=True, slots=True)
class Columns:
    """Where to find what: positions of known columns, and of attributes by name."""

    known: Mapping[Column, int]
    attributes: Mapping[str, int]
    width: int


_ALSO_CALLED = {"preferred_channel": "prefers"}
_NO_NAME = re.compile(r"[^\w]+")
# What shops and address books call it.
_OTHER_NAMES = dict.fromkeys(
    (
        *("state", "state_code", "state_province", "state_region", "us_state"),
        *("province", "province_code", "region_code", "subdivision"),
    ),
    Column.REGION,
)


def find_columns(path: Path, header: Sequence[str], given: Mapping[str, str]) -> Columns:
    """Match the header with what we know; `given` says `email` -> `E-Mail` where names differ."""
    names = [_plain(name) for name in header]
    for ours, theirs in given.items():
        names[_position(path, header, ours, theirs)] = _plain(ours)
    _refuse_doubles(path, names)
    names = _renamed(names)
    known = {Column(name): at for at, name in enumerate(names) if name in set(Column)}
    if Column.EMAIL not in known and Column.PHONE not in known:
        problem = (
            f"no column is called email or phone; there are {nearest(header)}. Say which one it"
            f" is: --map email={header[0]}"
        )
        raise ImportFileError(path, 1, problem, "email")
    others = {name: at for at, name in enumerate(names) if name and name not in set(Column)}
    return Columns(known, others, len(header))


def _renamed(names: list[str]) -> list[str]:
    """Call what has another name by ours; the column that has ours already goes first."""
    found = list(names)
    for at, name in enumerate(names):
        ours = _OTHER_NAMES.get(name)
        if ours and ours not in found:
            found[at] = ours
    return found


def _plain(name: str) -> str:
    plain = _NO_NAME.sub("_", name.strip().lower()).strip("_")
    return _ALSO_CALLED.get(plain, plain)


def _position(path: Path, header: Sequence[str], ours: str, theirs: str) -> int:
    if theirs in header:
        return list(header).index(theirs)
    close = get_close_matches(theirs, header, 1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; there are {nearest(header)}"
    raise ImportFileError(path, 1, f"there is no column {theirs!r} to take as {ours}{hint}", ours)


def _refuse_doubles(path: Path, names: Sequence[str]) -> None:
    for name in names:
        if name and names.count(name) > 1:
            raise ImportFileError(path, 1, f"two columns are called {name!r}; rename one", name)
