"""Holdout: how many are kept back of an audience whose campaign file says nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.policies import UNSAID
from dispatcher.storage import campaigns, reach

USUAL = 500  # of 10,000
# A twentieth of them is a hundred: of fewer people nothing is judged here, nor could it be.
LEAST_PEOPLE = 2_000


def settle(conn: Connection, spec: CampaignSpec, source: str) -> CampaignSpec:
    """Give the spec with a holdout that is settled; an unchanged file keeps the one it had."""
    if spec.policy.holdout != UNSAID:
        return spec
    kept = campaigns.settled_holdout(conn, spec.name, source)
    if kept is None:
        enough = reach.people(conn, spec, LEAST_PEOPLE) >= LEAST_PEOPLE
        kept = USUAL if enough else 0
    return replace(spec, policy=replace(spec.policy, holdout=kept))


def notices(said: CampaignSpec, settled: CampaignSpec) -> Iterator[str]:
    """Say what was settled for a file that says nothing."""
    if said.policy.holdout != UNSAID:
        return
    if settled.policy.holdout:
        share = f"{settled.policy.holdout / 100:g} %"
        yield f"{share} are kept back, to see what the offer changes: audience.holdout says nothing"
    else:
        yield (
            f"nobody is kept back: of fewer than {LEAST_PEOPLE:,} people who agreed, a twentieth"
            " would show nothing"
        )
