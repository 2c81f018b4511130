"""How campaigns are drawn: what one would do (preview), and what it did (report)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType

from dispatcher.cli.show import facts, heading, number, table
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.reports import Preview, Report, Sample

_NO_LANGUAGE = "(not said)"


def preview_data(seen: Preview) -> dict[str, Any]:
    """Give a preview for programs."""
    return {
        "audience": seen.reach.audience,
        "reached": seen.reach.count(),
        "by_reason": seen.reach.by_reason(),
        "by_language": seen.reach.by_language(),
        "cost": seen.cost,
        "parts": seen.parts,
        "first_at": _instant(seen.first_at),
        "last_at": _instant(seen.last_at),
        "notices": seen.notices,
        "samples": seen.samples,
    }


def preview(spec: CampaignSpec, seen: Preview) -> Iterator[RenderableType]:
    """Draw a preview: whom, when, for how much, and the very words."""
    for sample in seen.samples:
        yield from _sample(sample)
    yield heading(f"{spec.name}: whom it would reach, if it went out now")
    rows = [
        (row.channel, row.language or _NO_LANGUAGE, row.reason, row.people)
        for row in seen.reach.rows
    ]
    if rows:
        yield table(("channel", "language", "verdict", "people"), rows)
    yield from facts(
        {
            "audience": seen.reach.audience,
            "would get it": seen.reach.count(),
            "costs about": seen.cost,
            "parts at most": ", ".join(f"{at} {most}" for at, most in seen.parts.items()),
            "first possible": _said(seen.first_at) or "never",
            "last possible": _said(seen.last_at),
        }
    )
    for told in seen.notices:
        yield f"Note: {told}"


def _sample(sample: Sample) -> Iterator[RenderableType]:
    size = f", {sample.parts} part{'s' if sample.parts != 1 else ''}" if sample.parts else ""
    yield heading(f"{sample.channel} in {sample.language}{size}")
    if sample.subject:
        yield f"Subject: {sample.subject}"
        yield ""
    yield sample.text.strip()


def report_data(done: Report) -> dict[str, Any]:
    """Give a report for programs."""
    return {
        **asdict(done),
        "waves": done.waves,
        "rows": done.rows,
        "people": done.people,
        "missing": done.missing,
        "open": done.open,
        "by_state": done.by("state"),
        "by_reason": done.by("reason"),
        "by_channel": done.by("channel"),
        "by_language": done.by("language"),
        "parts": done.parts,
        "cost": done.cost,
    }


def report(done: Report) -> Iterator[RenderableType]:
    """Draw a report: everybody has one verdict, and the sums show it."""
    yield heading(f"{done.name} (campaign {done.campaign_id}) is {done.state}")
    if done.note:
        yield f"Note: {done.note}"
    rows = [(row.state, row.reason, row.channel, row.people) for row in _alike(done)]
    if rows:
        yield table(("state", "reason", "channel", "people"), rows)
    yield from facts(
        {
            "planned": sum(wave.people for wave in done.waves),
            "with a verdict": done.people,
            "still open": done.open,
            "without a verdict": done.missing,
            "by language": _counts(done.by("language")),
            "parts": done.parts,
            "cost": float(done.cost),
            "replies": f"{number(done.replies)}  {_counts(done.by_reply)}".strip(),
            "opt-outs": done.opt_outs,
        }
    )


def _alike(done: Report) -> list[Any]:
    """Join what differs in language and gateway only."""
    joined: dict[tuple[str, str, str], Any] = {}
    for row in done.rows:
        key = (row.state, row.reason, row.channel)
        known = joined.get(key)
        joined[key] = row._replace(people=row.people + known.people) if known else row
    return sorted(joined.values(), key=lambda row: -row.people)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name or _NO_LANGUAGE} {number(count)}" for name, count in counts.items())


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _said(seconds: float | None) -> str:
    return "" if seconds is None else f"{_instant(seconds):%Y-%m-%d %H:%M} UTC"
