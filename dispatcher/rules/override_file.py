"""The file of overrides: read from its bytes, and held to who may relax which rule."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property

from dispatcher.rules.jurisdiction_overrides import applied, changes, span
from dispatcher.rules.jurisdictions import (
    EmailHours,
    Jurisdiction,
    Jurisdictions,
    Lifts,
    Override,
    Role,
    Tier,
    is_code,
)
from dispatcher.rules.rule_file import Reader, Table

KEYS: Mapping[str, str] = {
    "jurisdiction": "Whose rules: a country or state of the table, as `ES` or `US-TX`.",
    "brand": "The `id` of the brand it holds for; without it, for all brands.",
    "from": "The first day, a day of UTC: `2027-01-01`; without it, always.",
    "until": "The first day on which it no longer holds; without it, for ever.",
    "windows": "The hours of each day, `mon` to `sun`, and of a `holiday`, as the rule data has "
    'them. `[]` is closed all day; `holiday = "as_day"` is as the weekday.',
    "strict_windows": "The hours that bind under the strict profile besides, written likewise.",
    "caps": 'The caps of texts, all of them: `[{ max = 3, per_hours = 24, scope = "recipient" }]`.',
    "email_caps": "The caps of e-mail, written likewise.",
    "email": '"same" when the hours bind e-mail too, "none" when they do not.',
    "consent_lifts_hours": "`true`: its hours do not bind people who consented expressly in "
    "writing. Only where the rule data says yes.",
    "by": "Who decided it, by name. Needed to open anything.",
    "role": '"tenant" (unless it says otherwise) or "compliance".',
    "reason": "Why. Needed to open anything.",
}
RULES = ("windows", "strict_windows", "caps", "email_caps", "email", "consent_lifts_hours")

_HEADING = re.compile(r"\[\[\s*override\s*\]\]")
_BRAND = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_EXAMPLE = "a brand's id has small letters, digits and hyphens"


def parse(data: bytes, path: str, base: Jurisdictions) -> tuple[Override, ...]:
    """Read overrides; FileError names path, line, entry, field and remedy."""
    return _Reader(data, path).overrides(base)


def digest(data: bytes) -> str:
    """Name the bytes of a file of overrides."""
    return hashlib.sha256(data).hexdigest()[:16]


class _Reader(Reader):
    """Turns entries into overrides, each of them lawful."""

    def overrides(self, base: Jurisdictions) -> tuple[Override, ...]:
        root = Table(self, "", self.tables)
        root.only(("override",))
        if isinstance(root.values.get("override"), dict):
            root.refuse("override", "write [[override]], with two brackets, above each entry")
        entries = root.get("override", list, [])
        found: list[tuple[Table, Override]] = []
        for number, values in enumerate(entries, 1):
            table = Table(self, _heading(number, values), values)
            made = self._override(number, table, base)
            _check_overlap(table, made, [other for _, other in found])
            found.append((table, made))
        for table, made in found:
            _check_law(table, made, base.entries[made.jurisdiction], [each for _, each in found])
        return tuple(made for _, made in found)

    def head(self, table: str) -> int:
        """Find the heading of an entry by its number."""
        number = int(table.split()[1])
        if number <= len(self._headings):
            return self._headings[number - 1]
        return self.line("", "override") - 1

    @cached_property
    def _headings(self) -> list[int]:
        return [n for n, line in enumerate(self.lines) if _HEADING.match(line.lstrip())]

    def _override(self, number: int, table: Table, base: Jurisdictions) -> Override:
        table.only(tuple(KEYS))
        if not any(rule in table.values for rule in RULES):
            table.refuse("", f"changes nothing; give one of: {', '.join(RULES)}")
        code = _code(table, base)
        calendar = base.entries[code].calendar is not None
        return Override(
            number=number,
            line=self.line(table.heading, "") or 1,
            jurisdiction=code,
            brand=_brand(table),
            begins=_day(table, "from"),
            ends=_ends(table),
            by=_text(table, "by"),
            role=table.word("role", Role, Role.TENANT),
            reason=_text(table, "reason"),
            windows=self.other_week(table, "windows", calendar),
            strict_windows=self.other_week(table, "strict_windows", calendar),
            caps=self.caps(table, "caps") if "caps" in table.values else None,
            email_caps=self.caps(table, "email_caps") if "email_caps" in table.values else None,
            email=table.word("email", EmailHours) if "email" in table.values else None,
            consent_lifts_hours=_lifts(table, base.entries[code]),
        )


def _heading(number: int, values: object) -> str:
    """Name an entry for people: its number, and whose rules it is about."""
    code = values.get("jurisdiction") if isinstance(values, dict) else None
    known = isinstance(code, str) and is_code(code)
    return f"override {number} ({code})" if known else f"override {number}"


def _code(table: Table, base: Jurisdictions) -> str:
    code = table.get("jurisdiction", str)
    if code not in base.entries:
        place = base.territories.get(code)
        remedy = (
            f"it is under those of {place.of}" if place else "the table of jurisdictions has all"
        )
        table.refuse("jurisdiction", f'"{code:.40}" has no rules of its own; {remedy}')
    return code


def _brand(table: Table) -> str:
    if "brand" not in table.values:
        return ""
    brand = table.get("brand", str)
    if brand == "all":
        table.refuse("brand", "leave it out: the entry then holds for all brands")
    if not _BRAND.match(brand):
        table.refuse("brand", f'"{brand:.40}" is none; {_EXAMPLE}')
    return brand


def _day(table: Table, field: str) -> date | None:
    return table.get(field, date) if field in table.values else None


def _ends(table: Table) -> date | None:
    begins, ends = _day(table, "from"), _day(table, "until")
    if begins and ends and begins >= ends:
        table.refuse("until", f"{ends} must come after {begins}; that day is outside")
    return ends


def _text(table: Table, field: str) -> str:
    return table.get(field, str, "").strip()


def _lifts(table: Table, entry: Jurisdiction) -> bool | None:
    field = "consent_lifts_hours"
    if field not in table.values:
        return None
    if not table.get(field, bool):
        table.refuse(field, "can only be true: without it consent lifts nothing; take it out")
    if entry.consent_lifts_hours != Lifts.YES:
        said = entry.consent_lifts_hours or "nothing"
        table.refuse(field, f'the rule data says "{said}", not "yes": nobody may; take it out')
    if entry.own_hand:
        table.refuse(field, f"there only {entry.own_hand} opens other hours; take it out")
    return True


def _check_overlap(table: Table, made: Override, others: list[Override]) -> None:
    """Refuse two voices on one rule for the same brands at the same time."""
    for other in others:
        same = (other.jurisdiction, other.brand) == (made.jurisdiction, made.brand)
        if not same or not _meet(made, other):
            continue
        for rule in RULES:
            if getattr(made, rule) is not None and getattr(other, rule) is not None:
                table.refuse(rule, f"override {other.number} sets it on the same days; keep one")


def _meet(one: Override, other: Override) -> bool:
    (begins, ends), (begun, ended) = span(one), span(other)
    return max(begins, begun) < min(ends, ended)


def _check_law(table: Table, made: Override, entry: Jurisdiction, others: list[Override]) -> None:
    """Refuse what opens more than would be open without it, unless it may."""
    for below in _below(made, entry, others):
        for rule, change in changes(below, made).items():
            if change.opens:
                _check_opening(table, made, rule, below)


def _below(made: Override, entry: Jurisdiction, others: list[Override]) -> Iterator[Jurisdiction]:
    """Give what holds without an override: the data, or what is said for all brands meanwhile."""
    yield entry
    for other in others:
        for_all = made.brand and not other.brand and other.jurisdiction == made.jurisdiction
        if for_all and _meet(made, other):
            yield applied(entry, other)


def _check_opening(table: Table, made: Override, rule: str, below: Jurisdiction) -> None:
    if below.tier == Tier.MUST and rule != "consent_lifts_hours":
        table.refuse(
            rule, f"opens what the law of {below.name} closes (must): nobody may; narrow it"
        )
    for field, what in (("by", "who decides"), ("reason", "why")):
        if not getattr(made, field):
            table.refuse(
                field, f"is missing: {rule} opens more than is open without, so say {what}"
            )
    courtesy = below.tier == Tier.DEFAULT and rule in ("windows", "caps", "email_caps", "email")
    if not courtesy and made.role != Role.COMPLIANCE:
        tier = Tier.STRICT_ONLY if below.tier == Tier.DEFAULT else below.tier
        why = f"{rule} opens what a rule of {below.name} closes ({tier})"
        table.refuse("role", f'{why}: this takes role = "compliance"')
