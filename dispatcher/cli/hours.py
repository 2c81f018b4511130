"""`dispatcher hours`: when offers may be sent to a country, by which rule, and who says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from dispatcher.cli import hours_pages, override_pages
from dispatcher.cli.desk import instant, load
from dispatcher.cli.show import Json, answer, json_line, notice
from dispatcher.domain.messages import Channel
from dispatcher.errors import FileError, WrongInput
from dispatcher.rules.hours import readable
from dispatcher.rules.jurisdictions import Jurisdictions, Profile, is_code, stale
from dispatcher.rules.permitted_hours import Where, permitted
from dispatcher.services import jurisdictions

app = typer.Typer()

ALL_ZONES = "-"
_YEARS = range(2000, 2100)
_NEEDED = ("jurisdiction", "instant_utc")
_HEADS = (*_NEEDED, "zone", "profile")


@app.command()
def hours(
    jurisdiction: Annotated[
        str, typer.Argument(help="A country or state, e.g. FR or US-FL; several with a comma.")
    ] = "",
    zone: Annotated[
        str, typer.Option(help="The time zone, else each of the country's; several with a comma.")
    ] = "",
    at: Annotated[str, typer.Option(help="The instant, e.g. 2026-12-01T13:00Z; else now.")] = "",
    profile: Annotated[
        Profile, typer.Option(help="Whether doubtful rules bind: balanced (no) or strict (yes).")
    ] = Profile.BALANCED,
    channel: Annotated[Channel, typer.Option(help="sms or email.")] = Channel.SMS,
    cases: Annotated[
        Path | None, typer.Option(help="A table of questions (TSV); each is answered in a line.")
    ] = None,
    brand: Annotated[
        str, typer.Option(help="The id of the brand that asks, if brands have other rules.")
    ] = "",
    written_consent: Annotated[
        bool, typer.Option("--written-consent", help="The person consented expressly in writing.")
    ] = False,
    overrides: Annotated[
        Path | None,
        typer.Option(help="Obey this file of overrides; alone, check it and say what it changes."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say when offers may be sent to a country."""
    if overrides and not jurisdiction and not cases:
        _check(overrides, as_json=as_json)
        return
    if bool(jurisdiction) == bool(cases):
        raise WrongInput("name a jurisdiction, e.g. FR or US-FL, or a file with --cases")
    book = _book(overrides)
    too_old = stale(book, datetime.now(UTC).date())
    if too_old:
        notice(f"Beware: {too_old}.")
    if cases:
        # All rows are read before the first answer: a bad file gives an error and nothing else.
        for line in [_case(book, brand, cases, number, row) for number, row in _rows(cases)]:
            json_line(line)
        return
    where = _where(jurisdiction, zone, profile, channel)._replace(consent_lifts=written_consent)
    asked = _instant(at, "--at") if at else datetime.now(UTC).replace(second=0, microsecond=0)
    book = book.on(brand, asked.timestamp())
    told = permitted(book, where, asked.timestamp())
    page = hours_pages.page(book, where, asked, told)
    answer(hours_pages.data(book, where, asked, told), page, as_json=as_json)


def _check(path: Path, *, as_json: bool) -> None:
    found, base = jurisdictions.overrides(path), jurisdictions.shipped()
    page = override_pages.page(str(path), base, found)
    answer(override_pages.checked(str(path), base, found), page, as_json=as_json)


def _book(overrides: Path | None) -> Jurisdictions:
    """Give the rule data under this file of overrides, else under that of the settings."""
    if overrides is not None:
        return jurisdictions.under(overrides)
    return jurisdictions.in_force(load().rule_overrides)


def _where(codes: str, zones: str, profile: str, channel: Channel = Channel.SMS) -> Where:
    known = tuple(code.upper() for code in _split(codes))
    for code in known:
        if not is_code(code):
            raise WrongInput(f'"{code[:40]}" is no jurisdiction; write FR, or US-FL for a part')
    if not known:
        raise WrongInput("no jurisdiction is named; write FR, or US-FL for a part")
    named = () if zones in ("", ALL_ZONES) else tuple(_split(zones))
    for zone in named:
        if not readable(zone):
            raise WrongInput(f'"{zone[:40]}" is no time zone; write one as Europe/Paris')
    if profile not in tuple(Profile):
        raise WrongInput(f'"{profile[:40]}" is no profile; write {" or ".join(Profile)}')
    return Where(known, named, Profile(profile), channel)


def _instant(text: str, name: str) -> datetime:
    """Read an instant in the years whose clocks and holidays are known."""
    read = instant(text, name)
    if read.year not in _YEARS:
        raise WrongInput(f"{name}: the year {read.year} is none of {_YEARS[0]} to {_YEARS[-1]}")
    return read


def _split(words: str) -> Iterable[str]:
    return (word.strip() for word in words.split(",") if word.strip())


def _rows(path: Path) -> Iterable[tuple[int, Mapping[str, str]]]:
    """Give the rows with the line each is on; the first line names the columns."""
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise FileError(path, 0, f"is no text in UTF-8: {error}") from None
    heads = lines[0].split("\t") if lines else []
    missing = [head for head in _NEEDED if head not in heads]
    if missing:
        columns = ", ".join(_HEADS)
        raise FileError(path, 1, f"column {missing[0]} is missing; the columns are {columns}")
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) > len(heads):
            raise FileError(path, number, f"{len(cells)} cells under {len(heads)} columns")
        if line.strip():
            yield number, dict(zip(heads, cells, strict=False))


def _case(
    book: Jurisdictions, brand: str, path: Path, number: int, row: Mapping[str, str]
) -> Mapping[str, Any]:
    zone, profile = row.get("zone") or ALL_ZONES, row.get("profile") or Profile.BALANCED
    try:
        where = _where(row.get("jurisdiction", ""), zone, profile)
        asked = _instant(row.get("instant_utc", ""), "instant_utc")
    except WrongInput as wrong:
        raise FileError(path, number, str(wrong)) from None
    told = permitted(book.on(brand, asked.timestamp()), where, asked.timestamp())
    return {
        "jurisdiction": row.get("jurisdiction", ""),
        "zone": zone,
        "profile": profile,
        "instant_utc": hours_pages.utc(asked.timestamp()),
        "decision": told.answer,
        "next_open_utc": hours_pages.utc(told.next_open),
        "reason": told.reason,
    }
