"""Campaigns: approved, enqueued, paused, resumed, cancelled, copied; and the halt of everything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from sqlalchemy import Connection

from dispatcher.campaign_files.syntax import parse
from dispatcher.domain.breakers import BY_ITSELF, Tripped
from dispatcher.domain.campaigns import Campaign, CampaignState, CampaignVersion
from dispatcher.domain.messages import Channel
from dispatcher.errors import CampaignError, Conflict
from dispatcher.services import holdout
from dispatcher.services.care import USUAL, Care, Order, require, require_true_end
from dispatcher.services.gateway_check import require_fit
from dispatcher.services.validate import Checked
from dispatcher.storage import audit, brands, campaigns, clock, halts, setbacks, wave_starts
from dispatcher.storage.database import Database
from dispatcher.storage.withdrawals import withdraw_scope

_APPROVABLE = frozenset({CampaignState.DRAFT})
_ENQUEUEABLE = frozenset({CampaignState.APPROVED, CampaignState.RUNNING, CampaignState.FINISHED})
_NOT_TOLD_YET = frozenset({CampaignState.DRAFT, CampaignState.APPROVED})
_CANCELLABLE = frozenset(CampaignState) - {CampaignState.CANCELLED, CampaignState.FINISHED}


@dataclass(frozen=True, slots=True)
class Approved:
    """A pinned version; `new` is False when the unchanged file had been approved before."""

    campaign: Campaign
    version: CampaignVersion
    new: bool


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A wave that waits for planning; `new` is False when the same key had made it before.

    `unfit` says what speaks against its mail, if anything does.
    """

    campaign: Campaign
    version: CampaignVersion
    wave_id: int
    new: bool
    unfit: str = ""


def approve(database: Database, checked: Checked, actor: str) -> Approved:
    """Pin a checked file and its template as they are now: what is approved is what is sent."""
    spec = checked.file.spec
    with database.begin() as conn:
        _refuse_ended(spec.policy.ends_at, clock.now(conn), "it cannot be approved")
        spec = holdout.settle(conn, spec, checked.file.source)
        brands.save(conn, spec.brand)
        saved = campaigns.save_version(conn, spec, checked.template, checked.file.source, actor)
        campaign = campaigns.lock(conn, saved.version.campaign_id)
        if campaign.state not in _NOT_TOLD_YET:
            require_true_end(conn, saved.version)
        if campaign.state is CampaignState.DRAFT:
            to = CampaignState.APPROVED
            campaign = campaigns.change_state(conn, campaign, to, _APPROVABLE)
        if saved.new:
            version = saved.version
            _audit(conn, actor, "approve", campaign, version=version.no, digest=version.digest)
        else:
            _second(conn, actor, campaign, saved.version)
    return Approved(campaign, saved.version, saved.new)


def enqueue(
    database: Database,
    which: str,
    actor: str,
    key: str = "",
    *,
    care: Care = USUAL,
    small_audience: str = "",
    unfit: str = "",
) -> Enqueued:
    """Make a wave of the newest approved version; ring the bell `plan` once this has returned.

    The same version with the same key is one wave, however often it is enqueued. `small_audience`
    says why it may go to very few people, `unfit` why mail may go from a domain that is not in
    order.
    """
    order = Order(actor, small_audience.strip())
    with database.begin() as conn:
        campaign = campaigns.lock(conn, campaigns.find(conn, which).id)
        version = campaigns.newest_version(conn, campaign)
        enqueue_key = f"{campaign.id}:{version.no}:{key}"
        known = wave_starts.find(conn, enqueue_key)
        if known is not None and campaign.state is not CampaignState.CANCELLED:
            return Enqueued(campaign, version, known, new=False)
        _refuse_halted(conn, campaign)
        _refuse_ended(version.spec.policy.ends_at, clock.now(conn), "nothing was enqueued")
        campaign = campaigns.change_state(conn, campaign, CampaignState.RUNNING, _ENQUEUEABLE)
        people = require(conn, campaign, version, order, care)
        against = require_fit(conn, version.spec, care.mail_gateways, unfit.strip())
        wave_id, new = wave_starts.start(conn, version, enqueue_key)
        detail: dict[str, int | str] = {"wave": wave_id, "version": version.no}
        if people < care.smallest_audience:
            detail |= {"people": people, "small_audience": order.small_audience}
        if against:
            detail |= {"unfit": unfit.strip(), "against": against}
        _audit(conn, actor, "enqueue", campaign, **detail)
    return Enqueued(campaign, version, wave_id, new, against)


def pause(database: Database, which: str, actor: str, note: str = "") -> Campaign:
    """Stop a running campaign; running workers hear of it in the same transaction."""
    return _narrow(database, which, actor, CampaignState.PAUSED, note)


def pause_by_itself(
    database: Database, campaign_id: int, actor: str, channel: Channel, why: Tripped
) -> bool:
    """Pause a campaign that reached a bar; False when it was not running any more."""
    with database.begin() as conn:
        campaign = campaigns.lock(conn, campaign_id)
        if campaign.state is not CampaignState.RUNNING:
            return False
        note = f"{BY_ITSELF}: by {channel}, {why}"
        _stop(conn, campaign, CampaignState.PAUSED, {CampaignState.RUNNING}, note)
        told: dict[str, int | str] = {"channel": str(channel), "what": why.what}
        told |= {"people": why.people, "of": why.of, "bar": str(why.bar)}
        _audit(conn, actor, "pause", campaign, **told)
    return True


def cancel(database: Database, which: str, actor: str, note: str = "") -> Campaign:
    """Stop a campaign for good; everybody still undecided gets the verdict `cancelled`."""
    return _narrow(database, which, actor, CampaignState.CANCELLED, note)


def resume(database: Database, which: str, actor: str) -> Campaign:
    """Let a paused campaign go on; ring `dispatch.*` and `plan` once this has returned.

    The breaker counts anew from here.
    """
    with database.begin() as conn:
        campaign = campaigns.find(conn, which)
        _refuse_halted(conn, campaign)
        to, come_from = CampaignState.RUNNING, {CampaignState.PAUSED}
        was = campaign.state
        campaign = campaigns.change_state(conn, campaign, to, come_from)
        if was is not to:
            setbacks.count_anew(conn, campaign.id, clock.now(conn))
        _audit(conn, actor, "resume", campaign)
    return campaign


def halt(database: Database, scope: str, actor: str) -> bool:
    """Stop all, brand:x, campaign:7 or gateway:y at once; False when it was stopped already."""
    with database.begin() as conn:
        new = halts.halt(conn, scope, actor)
        audit.write(conn, actor, "halt", scope)
    return new


def lift(database: Database, scope: str, actor: str) -> bool:
    """Let what was halted go on; False when it was not halted. Ring all queues afterwards."""
    with database.begin() as conn:
        lifted = halts.lift(conn, scope)
        if lifted:
            audit.write(conn, actor, "lift", scope)
    return lifted


def clone(database: Database, which: str, name: str) -> str:
    """Give a campaign's file under another name, as a start for the next; nothing is stored."""
    with database.begin() as conn:
        source = campaigns.source_of(conn, campaigns.find(conn, which))
    lines = source.split("\n")
    _, _, places = parse(source.encode(), which)
    lines[places["campaign", "name"] - 1] = f"name = {orjson.dumps(name).decode()}"
    return _named(name, "\n".join(lines), which)


def _named(name: str, source: str, which: str) -> str:
    """Make sure the new name stands where it should; it does not if it had a line of its own."""
    try:
        _, tables, _ = parse(source.encode(), which)
    except CampaignError:
        tables = {}
    if tables.get("campaign", {}).get("name") != name:
        raise Conflict(f'in the file of "{which}" name = "..." is not a line; copy it by hand')
    return source


def _narrow(database: Database, which: str, actor: str, to: CampaignState, note: str) -> Campaign:
    come_from = {CampaignState.RUNNING} if to is CampaignState.PAUSED else _CANCELLABLE
    with database.begin() as conn:
        campaign = _stop(conn, campaigns.find(conn, which), to, come_from, note)
        _audit(conn, actor, "pause" if to is CampaignState.PAUSED else "cancel", campaign)
    return campaign


def _second(conn: Connection, actor: str, campaign: Campaign, version: CampaignVersion) -> None:
    """Note whoever approves what another has approved, once each."""
    subject, said = f"campaign:{campaign.id}", {"version": version.no}
    if actor not in audit.actors(conn, ("approve", "second"), subject, {**said}):
        _audit(conn, actor, "second", campaign, version=version.no, digest=version.digest)


def _stop(
    conn: Connection,
    campaign: Campaign,
    to: CampaignState,
    come_from: Collection[CampaignState],
    note: str,
) -> Campaign:
    campaign = campaigns.change_state(conn, campaign, to, come_from, note)
    withdraw_scope(conn, f"campaign:{campaign.id}")
    return campaign


def _refuse_halted(conn: Connection, campaign: Campaign) -> None:
    stopped = halts.halted(conn, campaign.brand, campaign.id)
    if stopped:
        remedy = f"`dispatcher halt --lift {stopped.scope}` lets it go on"
        raise Conflict(f'"{stopped.scope}" was halted by {stopped.actor}; {remedy}')


def _refuse_ended(ends_at: float, now: float, consequence: str) -> None:
    if now >= ends_at:
        ended = datetime.fromtimestamp(ends_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        raise Conflict(f"the offer ended at {ended}, so {consequence}; give it a new end")


def _audit(
    conn: Connection, actor: str, action: str, campaign: Campaign, **detail: int | str
) -> None:
    audit.write(conn, actor, action, f"campaign:{campaign.id}", {**detail})
