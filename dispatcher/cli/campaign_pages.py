"""How campaigns are drawn: what one would do (preview), and what it did (report)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import RenderableType

from dispatcher.cli import report_counts
from dispatcher.cli.show import facts, heading, number, table
from dispatcher.domain import tens
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.effects import comparable, count, difference, share
from dispatcher.domain.known_facts import FactSource
from dispatcher.domain.reports import (
    FEWER,
    WITHHELD,
    Compared,
    Origin,
    Preview,
    Report,
    Reveal,
    Sample,
    TextSize,
    WaveState,
    coarse,
)

_NO_LANGUAGE = "(not said)"
_MOST_FILES = 3
SOURCES: Mapping[str, str] = {
    FactSource.DECLARED: "they told us",
    FactSource.PURCHASE: "they bought it from us",
    FactSource.INFERRED: "we guess it",
    FactSource.BOUGHT_IN: "somebody sold it to us",
    FactSource.LOCATION: "of where they have been",
    FactSource.OTHER_DEVICE: "another device of theirs told it",
}


def preview_data(seen: Preview) -> dict[str, Any]:
    """Give a preview for programs."""
    return {
        "audience": report_counts.audience(seen.reach),
        "reached": count(seen.reach.count()),
        "by_reason": report_counts.by_reason(seen.reach),
        "by_language": coarse(seen.reach.by_language()),
        "cost": _cost(seen),
        "parts": seen.parts,
        "first_at": _instant(seen.first_at),
        "last_at": _instant(seen.last_at),
        "notices": seen.notices,
        "samples": seen.samples,
        "reveals": [_reveal_data(reveal) for reveal in seen.reveals],
        "texts": [_text_data(seen, each) for each in seen.texts],
    }


def preview(spec: CampaignSpec, seen: Preview) -> Iterator[RenderableType]:
    """Draw a preview: whom, when, for how much, and the very words."""
    for sample in seen.samples:
        yield from _sample(sample)
    yield heading(f"{spec.name}: whom it would reach, if it went out now")
    rows = report_counts.by_verdict(seen.reach)
    if rows:
        yield table(("channel", "verdict", "people"), rows)
    yield from facts(
        {
            "audience": report_counts.audience(seen.reach),
            "would get it": count(seen.reach.count()),
            "by language": _counts(coarse(seen.reach.by_language())),
            "costs about": _cost(seen),
            "parts at most": ", ".join(f"{at} {most}" for at, most in seen.parts.items()),
            "first possible": _said(seen.first_at) or _no_time(seen),
            "last possible": _said(seen.last_at),
        }
    )
    yield from _texts(seen)
    yield from _reveals(seen.reveals)
    for told in seen.notices:
        yield f"Note: {told}"


def _cost(seen: Preview) -> float | str:
    return seen.cost if seen.reach.count() == count(seen.reach.count()) else WITHHELD


def _texts(seen: Preview) -> Iterator[RenderableType]:
    """Tell what texts cost at most, what makes them dear, and what smart encoding saves."""
    if not seen.texts:
        return
    yield heading("What the texts cost")
    head = ("language", "written in", "units", "parts", "parts at most", "costs at most")
    rows = [
        (
            each.language,
            each.encoding,
            number(each.units),
            str(each.parts),
            str(each.most_parts),
            str(_told_cost(seen, each)),
        )
        for each in seen.texts
    ]
    yield table(head, rows)
    for each in seen.texts:
        yield from _saving(each, _readers(seen, each))
        yield from _forcing(each)


def _saving(each: TextSize, readers: int | str) -> Iterator[RenderableType]:
    saved = each.written_parts - each.parts
    if not each.replaced or (each.smart and saved <= 0):
        return
    put = ", ".join(f"{char} by {plain or 'nothing'}" for char, plain in each.replaced)
    if not each.smart:
        yield f"{each.language}: smart_encoding = true in offer.toml would replace {put}."
        return
    told = f"{each.language}: {_parted(each.written_parts)} become {each.parts}: replaced {put}"
    price = round(saved * each.price, 4)
    told_all = isinstance(readers, int) and readers > 0
    total = f", {price * each.people:,.2f} for {number(each.people)} people" if told_all else ""
    yield f"{told}; saves {price:g} a message{total}." if price else f"{told}."


def _forcing(each: TextSize) -> Iterator[RenderableType]:
    if not each.forced or each.parts < 2:
        return
    yield f"{each.language}: takes {_parted(each.parts)}, as GSM-7 lacks these characters:"
    for words, place, char, plain in each.forced:
        put = f"; {plain!r} could stand there" if plain is not None else ""
        yield f"    {words}"
        yield f"    {' ' * place}^ {char}{put}"


def _parted(parts: int) -> str:
    return f"{parts} part{'s' if parts != 1 else ''}"


def _readers(seen: Preview, each: TextSize) -> int | str:
    """Tell how many read a language, unless they are so few that they are single persons."""
    return coarse({text.language: text.people for text in seen.texts})[each.language]


def _told_cost(seen: Preview, each: TextSize) -> float | str:
    return each.cost if isinstance(_readers(seen, each), int) else WITHHELD


def _text_data(seen: Preview, each: TextSize) -> dict[str, Any]:
    told = {"cost_at_most": _told_cost(seen, each), "people": _readers(seen, each)}
    return each._asdict() | told | {"forced": [shown._asdict() for shown in each.forced]}


def _reveals(reveals: Sequence[Reveal]) -> Iterator[RenderableType]:
    yield heading("What it tells people about themselves")
    rows = [
        (
            reveal.channel,
            reveal.fact,
            SOURCES[reveal.source],
            reveal.purpose,
            _origins(reveal),
            ", ".join(reveal.places),
        )
        for reveal in reveals
    ]
    if rows:
        yield table(("channel", "fact", "known because", "used", "came with", "said in"), rows)
    else:
        yield "Nothing: everybody reads the same words."


def _origins(reveal: Reveal) -> str:
    if reveal.fact == "consent":
        return "the record of their consent"
    came = [
        f"{origin.file or 'no file'}{f', {origin.at:%Y-%m-%d}' if origin.at else ''}"
        f" ({number(people)} people)"
        for origin, people in _coarse(reveal)[:_MOST_FILES]
    ]
    more = len(reveal.origins) - len(came)
    return "; ".join([*came, f"{more} more files"] if more else came) or "nobody has it"


def _coarse(reveal: Reveal) -> list[tuple[Origin, int | str]]:
    counts = coarse({str(at): origin.people for at, origin in enumerate(reveal.origins)})
    return list(zip(reveal.origins, counts.values(), strict=True))


def _reveal_data(reveal: Reveal) -> dict[str, Any]:
    origins = [origin._asdict() | {"people": people} for origin, people in _coarse(reveal)]
    return reveal._asdict() | {"known_because": SOURCES[reveal.source], "origins": origins}


def _sample(sample: Sample) -> Iterator[RenderableType]:
    size = f", {sample.parts} part{'s' if sample.parts != 1 else ''}" if sample.parts else ""
    yield heading(f"{sample.channel} in {sample.language}{size}")
    if sample.subject:
        yield f"Subject: {sample.subject}"
        yield ""
    yield sample.text.strip()


def report_data(done: Report) -> dict[str, Any]:
    """Give a report for programs."""
    told = report_counts.told(done)
    return {
        **asdict(done),
        "waves": [_wave_data(wave) for wave in done.waves],
        "compared": [_compared_data(each) for each in done.compared],
        "rows": [_row_data(cell) for cell in told.cells],
        "people": count(done.people),
        "missing": count(done.missing),
        "open": told.open,
        "by_state": told.by("state"),
        "by_reason": told.by("reason"),
        "by_channel": told.by("channel"),
        "by_language": coarse(done.by("language")),
        "replies": count(done.replies),
        "by_reply": coarse(done.by_reply),
        "opt_outs": count(done.opt_outs),
        "parts": done.parts if told.spent else WITHHELD,
        "cost": done.cost if told.spent else WITHHELD,
    }


def report(done: Report) -> Iterator[RenderableType]:
    """Draw a report: everybody has one verdict, and the sums show it."""
    yield heading(f"{done.name} (campaign {done.campaign_id}) is {done.state}")
    if done.note:
        yield f"Note: {done.note}"
    told = report_counts.told(done)
    rows = [(row.state, row.reason, row.channel, row.gateway, people) for row, people in told.cells]
    if rows:
        yield table(("state", "reason", "channel", "gateway", "people"), rows)
    yield from facts(
        {
            "planned": count(sum(wave.people for wave in done.waves)),
            "with a verdict": count(done.people),
            "still open": told.open,
            "without a verdict": count(done.missing),
            "by language": _counts(coarse(done.by("language"))),
            "parts": done.parts if told.spent else WITHHELD,
            "cost": float(done.cost) if told.spent else WITHHELD,
            "replies": f"{number(count(done.replies))}  {_counts(coarse(done.by_reply))}".strip(),
            "opt-outs": count(done.opt_outs),
        }
    )
    yield from _compared(done)


def _compared(done: Report) -> Iterator[RenderableType]:
    """Set those who got it beside those who were kept back, each with what chance allows."""
    rows = [
        (each.what, _share(each.sent, each.of_sent), _share(each.kept, each.of_kept), _shows(each))
        for each in done.compared
        if comparable(each)
    ]
    if rows:
        yield heading("What it changed: 95 of 100 such ranges hold the truth")
        yield table(("within three days", "sent", "kept back", "difference"), rows)
    elif done.compared:
        yield f"Kept back or sent to were {FEWER}: too few to compare."


def _share(people: int, of: int) -> str:
    low, high = share(people, of)
    return f"{number(count(people))} of {number(of)} ({100 * low:.1f} to {100 * high:.1f} %)"


def _shows(of: Compared) -> str:
    low, high = difference(of)
    said = "more" if low > 0 else "fewer" if high < 0 else "may be chance"
    return f"{100 * low:+.1f} to {100 * high:+.1f} points: {said}"


def _compared_data(of: Compared) -> dict[str, Any]:
    """Give a comparison for programs; of groups too small to be spoken of only the name."""
    if not comparable(of):
        return {"what": of.what, "of_sent": count(of.of_sent), "of_kept": count(of.of_kept)}
    return {
        "what": of.what,
        "sent": count(of.sent),
        "of_sent": of.of_sent,
        "sent_share": share(of.sent, of.of_sent),
        "kept": count(of.kept),
        "of_kept": of.of_kept,
        "kept_share": share(of.kept, of.of_kept),
        "difference": difference(of),
    }


def _row_data(cell: report_counts.Cell) -> dict[str, Any]:
    """Give a row for programs without the language, which is told apart, and coarsely."""
    row = {name: value for name, value in cell.row._asdict().items() if name != "language"}
    if cell.people == cell.row.people:
        return row
    return row | {"people": cell.people, "parts": WITHHELD, "cost": WITHHELD}


def _wave_data(wave: WaveState) -> dict[str, Any]:
    return wave._asdict() | {"people": count(wave.people), "missing": count(wave.missing)}


def _counts(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name or _NO_LANGUAGE} {number(count)}" for name, count in counts.items())


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _no_time(seen: Preview) -> str:
    return WITHHELD if tens.SAID in seen.notices else "never"


def _said(seconds: float | None) -> str:
    return "" if seconds is None else f"{_instant(seconds):%Y-%m-%d %H:%M} UTC"
