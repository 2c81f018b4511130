"""Campaigns, their immutable versions, and the states they go through."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import (
    Campaign,
    CampaignSpec,
    CampaignState,
    CampaignVersion,
    TemplateSource,
)
from dispatcher.domain.pinned import (
    digest,
    spec_from_json,
    spec_to_json,
    template_from_json,
    template_to_json,
)
from dispatcher.errors import Conflict, NotFound


class Saved(NamedTuple):
    """A version as it is now stored; `new` is False when it had been there before."""

    version: CampaignVersion
    new: bool


def find(conn: Connection, which: str) -> Campaign:
    """Find a campaign by its name, or by its number."""
    row = conn.execute(_FIND, {"which": which}).first()
    if row is None:
        raise NotFound(f'there is no campaign "{which}"; `dispatcher campaign list` names them all')
    return _campaign(row)


def every(conn: Connection) -> list[Campaign]:
    """Give all campaigns, the newest first."""
    return [_campaign(row) for row in conn.execute(_EVERY)]


_SELECT = """
    SELECT c.id, c.name, c.brand, c.state, c.note,
           coalesce((SELECT max(v.no) FROM campaign_version v WHERE v.campaign_id = c.id), 0)
               AS version
    FROM campaign c
"""
_FIND = text(
    f"{_SELECT} WHERE c.name = :which OR c.id::text = :which ORDER BY c.name = :which DESC LIMIT 1"
)
_EVERY = text(f"{_SELECT} ORDER BY c.id DESC")
_LOCKED = text(f"{_SELECT} WHERE c.id = :id FOR UPDATE OF c")


def lock(conn: Connection, campaign_id: int) -> Campaign:
    """Lock a campaign for this transaction, and give it as it stands now."""
    row = conn.execute(_LOCKED, {"id": campaign_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no campaign {campaign_id}")
    return _campaign(row)


def change_state(
    conn: Connection,
    campaign: Campaign,
    to: CampaignState,
    come_from: Collection[CampaignState],
    note: str = "",
) -> Campaign:
    """Move a campaign to a state it may go to from where it stands; already there is fine."""
    now = lock(conn, campaign.id)
    if now.state is to:
        return now
    if now.state not in come_from:
        from_where = " or ".join(sorted(come_from))
        raise Conflict(
            f'campaign "{now.name}" is {now.state}; only one that is {from_where} can become {to}'
        )
    conn.execute(_MOVE, {"id": now.id, "state": to, "note": note})
    return lock(conn, campaign.id)


_MOVE = text("UPDATE campaign SET state = :state, note = :note WHERE id = :id")


def save_version(
    conn: Connection, spec: CampaignSpec, template: TemplateSource, source: str, actor: str
) -> Saved:
    """Pin a spec and its template as the campaign's newest version, unless it already is that."""
    campaign = _take(conn, spec)
    pinned = spec_to_json(spec), template_to_json(template)
    newest = conn.execute(_NEWEST, {"campaign": campaign.id}).one_or_none()
    if newest and newest.digest == digest(*pinned):
        return Saved(load_version(conn, newest.id), new=False)
    values = {
        "campaign": campaign.id,
        "no": newest.no + 1 if newest else 1,
        "source": source,
        "spec": orjson.dumps(pinned[0]).decode(),
        "template": orjson.dumps(pinned[1]).decode(),
        "digest": digest(*pinned),
        "actor": actor,
    }
    return Saved(load_version(conn, conn.execute(_PIN, values).scalar_one()), new=True)


def _take(conn: Connection, spec: CampaignSpec) -> Campaign:
    """Lock the campaign of a spec, which is made if there is none."""
    values = {"name": spec.name, "brand": spec.brand.id, "state": CampaignState.DRAFT}
    campaign = lock(conn, conn.execute(_TAKE, values).scalar_one())
    if campaign.brand != spec.brand.id:
        raise Conflict(f'"{spec.name}" is a campaign of {campaign.brand}; choose another name')
    if campaign.state is CampaignState.CANCELLED:
        raise Conflict(f'campaign "{spec.name}" was cancelled; choose another name to run it again')
    return campaign


# The update changes nothing, but locks and returns the row that is there.
_TAKE = text("""
    INSERT INTO campaign (name, brand, state) VALUES (:name, :brand, :state)
    ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING id
""")
_NEWEST = text("""
    SELECT id, no, digest FROM campaign_version WHERE campaign_id = :campaign
    ORDER BY no DESC LIMIT 1
""")
_PIN = text("""
    INSERT INTO campaign_version (campaign_id, no, source, spec, template, digest, approved_by)
    VALUES (:campaign, :no, :source, CAST(:spec AS jsonb), CAST(:template AS jsonb), :digest,
            :actor)
    RETURNING id
""")


def load_version(conn: Connection, version_id: int) -> CampaignVersion:
    """Load what was approved, and make sure that it still is what was approved."""
    row = conn.execute(_LOAD, {"id": version_id}).one_or_none()
    if row is None:
        raise NotFound(f"there is no campaign version {version_id}")
    if digest(row.spec, row.template) != row.digest:
        raise Conflict(
            f"version {row.no} of campaign {row.campaign_id} is not what was approved: its digest"
            " differs; approve the file again"
        )
    return CampaignVersion(
        id=row.id,
        campaign_id=row.campaign_id,
        no=row.no,
        spec=spec_from_json(row.spec, row.campaign_id),
        template=template_from_json(row.template),
        digest=row.digest,
    )


_LOAD = text("""
    SELECT id, campaign_id, no, spec, template, digest FROM campaign_version WHERE id = :id
""")


def of_wave(conn: Connection, wave_id: int) -> tuple[Campaign, CampaignVersion] | None:
    """Give the campaign of a wave and the version it sends; None when there is no such wave."""
    row = conn.execute(_OF_WAVE, {"wave": wave_id}).one_or_none()
    if row is None:
        return None
    version = conn.execute(_VERSION_OF, {"wave": wave_id}).scalar_one()
    return _campaign(row), load_version(conn, version)


_OF_WAVE = text(f"{_SELECT} JOIN wave w ON w.campaign_id = c.id WHERE w.id = :wave")
_VERSION_OF = text("SELECT version_id FROM wave WHERE id = :wave")


def newest_version(conn: Connection, campaign: Campaign) -> CampaignVersion:
    """Load a campaign's newest approved version."""
    row = conn.execute(_NEWEST, {"campaign": campaign.id}).one_or_none()
    if row is None:
        raise Conflict(f'campaign "{campaign.name}" has not been approved yet')
    return load_version(conn, row.id)


def versions_before(conn: Connection, version: CampaignVersion) -> list[CampaignVersion]:
    """Load the earlier versions of the same campaign, the newest first."""
    rows = conn.execute(_BEFORE, {"campaign": version.campaign_id, "no": version.no})
    return [load_version(conn, row.id) for row in rows]


_BEFORE = text("""
    SELECT id FROM campaign_version WHERE campaign_id = :campaign AND no < :no ORDER BY no DESC
""")


def source_of(conn: Connection, campaign: Campaign) -> str:
    """Give the file of the newest version, as the marketer wrote it."""
    row = conn.execute(_SOURCE, {"campaign": campaign.id}).scalar_one_or_none()
    if row is None:
        raise Conflict(f'campaign "{campaign.name}" has not been approved yet')
    return str(row)


def settled_holdout(conn: Connection, name: str, source: str) -> int | None:
    """Give the holdout that was settled when this very file was approved; None if it never was."""
    found = conn.execute(_HOLDOUT, {"name": name, "source": source}).scalar_one_or_none()
    return None if found is None else int(found)


_HOLDOUT = text("""
    SELECT v.spec #>> '{policy,holdout}' FROM campaign_version v
    JOIN campaign c ON c.id = v.campaign_id
    WHERE c.name = :name AND v.source = :source ORDER BY v.no DESC LIMIT 1
""")


_SOURCE = text("""
    SELECT source FROM campaign_version WHERE campaign_id = :campaign ORDER BY no DESC LIMIT 1
""")


def _campaign(row: Any) -> Campaign:
    return Campaign(row.id, row.name, row.brand, CampaignState(row.state), row.note, row.version)
