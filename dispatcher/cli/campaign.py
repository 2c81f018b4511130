"""`dispatcher campaign`: an offer's way from a file to a report."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dispatcher.cli import brand_user, campaign_pages, starter, trial, watch
from dispatcher.cli.desk import actor, at_work, care, load, ring, sample_of, workbench
from dispatcher.cli.files import write_new
from dispatcher.cli.show import Json, Yes, answer, notice, table
from dispatcher.domain import tens
from dispatcher.domain.campaigns import Campaign
from dispatcher.errors import Conflict, WrongInput
from dispatcher.gateways_in_use import real_mail_gateways
from dispatcher.services import campaigns
from dispatcher.services.gateway_check import unfit as speaks_against
from dispatcher.services.limits_status import with_waits
from dispatcher.services.preview import preview as foresee
from dispatcher.services.report import report as count
from dispatcher.services.text_costs import of_samples
from dispatcher.services.validate import Checked
from dispatcher.services.validate import validate as check
from dispatcher.settings import Settings, brand
from dispatcher.storage import campaigns as stored
from dispatcher.storage.database import Database
from dispatcher.wiring import build_links

app = typer.Typer(help="Offers, from a file to a report.")
app.command("test")(trial.send_test)
app.command("watch")(watch.watch)

File = Annotated[Path, typer.Argument(help="A campaign file.")]
Which = Annotated[str, typer.Argument(help="The campaign's name or number.")]
Note = Annotated[str, typer.Option(help="Why; people will read it.")]

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What to call it, e.g. 'Coffee week'.")],
    template: Annotated[str, typer.Option(help="The words to start from.")] = "coffee-week",
    out: Annotated[Path | None, typer.Option(help="The file; else named after it.")] = None,
    as_json: Json = False,
) -> None:
    """Write a campaign file to start from, with a remark on each key."""
    if not name.strip() or not name.isprintable():
        raise WrongInput("a campaign needs a name of one line")
    file = out or Path(f"{_NOT_IN_NAMES.sub('-', name.lower()).strip('-') or 'campaign'}.toml")
    write_new(file, _start(name.strip(), template))
    lines = [f"Wrote {file}.", f"Next: edit it, then 'dispatcher campaign preview {file}'."]
    answer({"file": str(file)}, lines, as_json=as_json)


@app.command()
def validate(file: File, as_json: Json = False) -> None:
    """Check a campaign file, its template and its languages; needs no database."""
    checked = _checked(file, load())
    spec, parts = checked.file.spec, of_samples(checked)
    data = {"file": str(file), "name": spec.name, "valid": True, "notices": checked.file.notices}
    data |= {"parts": parts}
    lines = [f"{file} is right: {spec.name}, by {', then '.join(spec.channels)}.", *_parts(parts)]
    answer(data, [*lines, *(f"Note: {told}" for told in checked.file.notices)], as_json=as_json)


def _parts(parts: Mapping[str, int]) -> Iterator[str]:
    if parts:
        said = ", ".join(f"{many} in {language}" for language, many in parts.items())
        yield f"Parts of its texts, with the sample's values: {said}."


@app.command()
def preview(file: File, as_json: Json = False) -> None:
    """Say whom it would reach, when, at what cost, and in which words; changes nothing."""
    known = load()
    checked = _checked(file, known)
    with at_work() as here:
        bench, links, tens = workbench(known), build_links(here), bool(brand())
        law, programme = here.book.law, here.programme
        seen = foresee(here.database, checked, bench, links, law, programme, in_tens=tens)
        with here.database.begin() as conn:
            against = speaks_against(conn, checked.file.spec, real_mail_gateways(known))
    if against is not None:
        notice(f"Note: {against.told}.")
    data = campaign_pages.preview_data(seen)
    answer(data, campaign_pages.preview(checked.file.spec, seen), as_json=as_json)


@app.command()
def approve(file: File, as_json: Json = False) -> None:
    """Pin the file and its template as they are now: what is approved is what is sent."""
    checked = _checked(file, load())
    with at_work() as here:
        done = campaigns.approve(here.database, checked, actor())
    said = "Approved" if done.new else "Approved before and unchanged, your approval is noted:"
    data = {
        "campaign": done.campaign.id,
        "name": done.campaign.name,
        "version": done.version.no,
        "digest": done.version.digest,
        "new": done.new,
    }
    lines = [
        f"{said} {done.campaign.name} (campaign {done.campaign.id}), version {done.version.no}.",
        *_parts(of_samples(checked)),
        f"Next: 'dispatcher campaign enqueue {done.campaign.id}'.",
    ]
    answer(data, lines, as_json=as_json)


@app.command()
def enqueue(
    which: Annotated[str, typer.Argument(help="Its name, its number or its approved file.")],
    key: Annotated[str, typer.Option(help="Another key makes another wave.")] = "",
    small_audience: Annotated[
        str, typer.Option(help="Why it may go to very few people; it is audited.")
    ] = "",
    unfit: Annotated[
        str, typer.Option(help="Why mail may go although 'gateway check' failed; it is audited.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Send it: workers plan, decide and send, each person on their own terms."""
    if small_audience:
        brand_user.require_operator("an audience of very few people")
    if unfit:
        brand_user.require_operator("mail from a domain that is not in order")
    with at_work(bell=True) as here:
        done = campaigns.enqueue(
            here.database,
            _approved(here.settings, which, here.database),
            actor(),
            key,
            care=care(here.settings),
            small_audience=small_audience,
            unfit=unfit,
        )
        ring(here, "plan")
    if done.unfit:
        notice(f"Note: {done.unfit}.")
    said = "Enqueued" if done.new else "Enqueued before, nothing new was made:"
    data = {
        "campaign": done.campaign.id,
        "name": done.campaign.name,
        "version": done.version.no,
        "wave": done.wave_id,
        "new": done.new,
        "unfit": done.unfit,
    }
    lines = [
        f"{said} {done.campaign.name}, version {done.version.no}, wave {done.wave_id}.",
        f"'dispatcher campaign watch {done.campaign.id}' shows how it goes.",
    ]
    answer(data, lines, as_json=as_json)


@app.command()
def pause(which: Which, note: Note = "", as_json: Json = False) -> None:
    """Stop it for now; no hand-over later than a second after this returns."""
    with at_work() as here:
        mine = brand_user.known(here.database, which)
        _tell(campaigns.pause(here.database, mine, actor(), note), as_json=as_json)


@app.command()
def resume(which: Which, as_json: Json = False) -> None:
    """Let a paused campaign go on; everybody left meets all rules again."""
    with at_work(bell=True) as here:
        mine = brand_user.known(here.database, which)
        campaign = campaigns.resume(here.database, mine, actor())
        ring(here, "plan", "dispatch.email", "dispatch.sms")
    _tell(campaign, as_json=as_json)


@app.command()
def cancel(which: Which, note: Note = "", yes: Yes = False, as_json: Json = False) -> None:
    """Stop it for good; whoever has no verdict yet gets 'cancelled'."""
    with at_work() as here:
        with here.database.begin() as conn:
            found = brand_user.find(conn, which)
        if not yes:
            typer.confirm(f"Cancel {found.name} for good?", abort=True, err=True)
        _tell(campaigns.cancel(here.database, which, actor(), note), as_json=as_json)


@app.command()
def clone(
    which: Which,
    name: Annotated[str, typer.Argument(help="What to call the copy.")],
    out: Annotated[Path | None, typer.Option(help="The file; else named after it.")] = None,
    as_json: Json = False,
) -> None:
    """Write the file of an approved campaign under another name, as a start for the next."""
    with at_work() as here:
        text = campaigns.clone(here.database, brand_user.known(here.database, which), name)
    file = out or Path(f"{_NOT_IN_NAMES.sub('-', name.lower()).strip('-') or 'campaign'}.toml")
    write_new(file, text)
    answer({"file": str(file)}, [f"Wrote {file}; look at its dates."], as_json=as_json)


@app.command()
def report(which: Which, as_json: Json = False) -> None:
    """Count what happened to everybody: states, reasons, channels, languages, cost."""
    with at_work() as here:
        mine = brand_user.known(here.database, which)
        done = count(here.database, mine, in_tens=bool(brand()))
        done = with_waits(here.database, done, here.paces, here.gateway_paces)
    answer(campaign_pages.report_data(done), campaign_pages.report(done), as_json=as_json)


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List all campaigns, the newest first."""
    with at_work() as here, here.database.begin() as conn:
        every = [_told(each) for each in brand_user.every(conn)]
    rows = [(str(c.id), c.name, c.brand, c.state, f"v{c.version}", c.note) for c in every]
    shown = [table(("no", "name", "brand", "state", "version", "note"), rows)]
    nothing = ["There is no campaign yet; 'dispatcher campaign new' writes a file to start from."]
    answer({"campaigns": every}, shown if every else nothing, as_json=as_json)


def _start(name: str, template: str) -> str:
    return starter.campaign(name, template, sample_of(template), starter.today())


def _approved(known: Settings, which: str, database: Database) -> str:
    """Give the campaign meant; a file counts only if it is still what was approved."""
    file = Path(which)
    if file.suffix != ".toml" or not file.is_file():
        return brand_user.known(database, which)
    spec = _checked(file, known).file.spec
    with database.begin() as conn:
        campaign = brand_user.find(conn, spec.name)
        approved = stored.newest_version(conn, campaign)
        source = stored.source_of(conn, campaign)
    if source != file.read_text("utf-8-sig"):
        raise Conflict(
            f"{file} is not what was approved as version {approved.no}; "
            f"approve it first: 'dispatcher campaign approve {file}'"
        )
    return str(campaign.id)


def _checked(file: Path, known: Settings) -> Checked:
    """Check a file, which must be of the user's brand."""
    checked = check(file, workbench(known))
    brand_user.require_brand(checked.file.spec.brand.id, str(file))
    return checked


def _told(campaign: Campaign) -> Campaign:
    return replace(campaign, note=tens.note(campaign.note)) if brand() else campaign


def _tell(campaign: Campaign, *, as_json: bool) -> None:
    campaign = _told(campaign)
    lines = [f"{campaign.name} is {campaign.state}."]
    if campaign.note:
        notice(f"Note: {campaign.note}")
    answer(campaign, lines, as_json=as_json)
