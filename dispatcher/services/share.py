"""Share: what somebody may pass on of an offer; it names no person, and nothing is written."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.campaigns import Campaign, CampaignState
from dispatcher.rendering.compiled import shared_values
from dispatcher.storage import campaigns, halts
from dispatcher.storage.database import Database

_STOPPED = frozenset({CampaignState.PAUSED, CampaignState.CANCELLED})


class Shareable(NamedTuple):
    """An offer as anybody may hear of it. `url` is its public page, "" if it has none."""

    brand: str
    headline: str
    url: str


def shareable(database: Database, wave_id: int, language: str, now: float) -> Shareable | None:
    """Give the offer that a wave sends; None once it is over, stopped or unknown."""
    with database.begin() as conn:
        found = campaigns.of_wave(conn, wave_id)
        if found is None or _stopped(conn, found[0]):
            return None
    spec = found[1].spec
    if not spec.policy.starts_at <= now < spec.policy.ends_at:
        return None
    words = shared_values(spec.brand, spec.offer, language)
    return Shareable(
        words["brand.name"], words["offer.headline"] or words["offer.name"], words["offer.url"]
    )


def _stopped(conn: Connection, campaign: Campaign) -> bool:
    halted = halts.halted(conn, campaign.brand, campaign.id)
    return campaign.state in _STOPPED or halted is not None
