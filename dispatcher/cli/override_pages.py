"""What commands say of overrides: for whom and when they hold, what they open, and who said so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dispatcher.rules.jurisdiction_overrides import changes
from dispatcher.rules.jurisdictions import Jurisdictions, Override
from dispatcher.rules.override_file import KEYS


def data(override: Override) -> Mapping[str, Any]:
    """Give an override for programs, without the rules themselves."""
    return {
        "number": override.number,
        "line": override.line,
        "jurisdiction": override.jurisdiction,
        "brand": override.brand,
        "from": override.begins,
        "until": override.ends,
        "by": override.by,
        "role": override.role,
        "reason": override.reason,
    }


def sentence(override: Override) -> str:
    """Say for whom and when it holds."""
    brands = f"brand {override.brand}" if override.brand else "all brands"
    begins = f"from {override.begins}" if override.begins else ""
    ends = f"until {override.ends}" if override.ends else ""
    return f"{brands}, {' '.join(filter(None, (begins, ends))) or 'always'}"


def signature(override: Override) -> str:
    """Say who decided it, and why."""
    by = f"{override.by} ({override.role})" if override.by else f"no name ({override.role})"
    return f"By {by}: {override.reason or 'no reason given'}."


def opened(base: Jurisdictions, override: Override) -> list[str]:
    """Name the rules of which an override allows more than the rule data does."""
    told = changes(base.entries[override.jurisdiction], override)
    return [rule for rule, change in told.items() if change.opens]


def checked(path: str, base: Jurisdictions, overrides: Iterable[Override]) -> Mapping[str, Any]:
    """Give what the entries of a file change, for programs."""
    told = [
        {**data(each), "changes": changes(base.entries[each.jurisdiction], each)}
        for each in overrides
    ]
    return {"file": path, "overrides": told}


def page(path: str, base: Jurisdictions, overrides: tuple[Override, ...]) -> Iterator[str]:
    """Say what the entries of a file change, line by line."""
    for each in overrides:
        entry = base.entries[each.jurisdiction]
        told = ", ".join(f"{rule} {change}" for rule, change in changes(entry, each).items())
        yield f"{each.number}. {entry.name} ({entry.code}, {entry.tier}), {sentence(each)}:"
        yield f"   {told}. {signature(each)}"
    entries = "entry" if len(overrides) == 1 else "entries"
    yield f"{path}: {len(overrides)} {entries}, all in order."


def reference() -> str:
    """Give the reference of the file's keys."""
    return "\n".join([*_HEAD, *(f"| `{key}` | {KEYS[key]} |" for key in KEYS), "", *_LAW])


_HEAD = (
    "# The file of overrides",
    "",
    "Other hours and caps for countries, by brand and date. How to write one:",
    "[change the hours of a country](../how-to/change-the-hours-of-a-country.md).",
    "",
    "The setting `rule_overrides` names the file. It is [TOML](https://toml.io) in UTF-8: a table",
    "`[[override]]` for each entry, with the keys below. A key that is not listed is an error.",
    "With an error in the file no sender starts, so nothing is sent; people can still leave.",
    "",
    "| key | meaning |",
    "|---|---|",
)
_LAW = (
    "## Who may open what",
    "",
    "Whoever narrows needs nobody's leave: each window within the old ones, a cap with fewer",
    "messages or more hours, one cap more. What opens anything is held to the tier of the rule:",
    "",
    "| rule | to open more |",
    "|---|---|",
    "| of the tier `must` | nobody may |",
    '| of the tier `should` or `strict_only` | `by`, `reason` and `role = "compliance"` |',
    "| of the tier `default` | `by` and `reason` |",
    '| `strict_windows` | `by`, `reason` and `role = "compliance"`; with `must` nobody may |',
    '| `consent_lifts_hours` | `by`, `reason` and `role = "compliance"`; if the data says yes |',
    "",
    "An entry is compared with what would hold without it. An entry for a brand comes before one",
    "for all brands, rule by rule; two for the same brand and rule may not share a day.",
    "",
    "Dates are days of UTC, since all people of a batch are decided by the same data, wherever",
    "they live. What holds next is known in advance: an opening, and the end of one, are those of",
    "the rules that hold by then.",
    "",
    "The roles are what the file says: keep it where only those people can change it.",
    "",
)
