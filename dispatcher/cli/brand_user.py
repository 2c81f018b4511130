"""Who works for one brand: which commands they have, and that they see its campaigns only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from dispatcher import settings
from dispatcher.domain.campaigns import Campaign
from dispatcher.errors import NotAllowed, NotFound
from dispatcher.storage import campaigns
from dispatcher.storage.database import Database

# Whatever is not named here is the operator's, so a new command is nobody else's by mistake.
ALLOWED: Mapping[str, frozenset[str]] = {
    "campaign": frozenset(
        {"new", "validate", "preview", "approve", "enqueue", "pause", "resume", "cancel", "clone"}
        | {"report", "watch", "list"}
    ),
    "hours": frozenset(),
    "simulate": frozenset(),
}


def require(name: str, rest: Sequence[str]) -> None:
    """Refuse a command that is not for whoever works for a brand; NotAllowed says so."""
    brand = settings.brand()
    if not brand:
        return
    inner = next((word for word in rest if not word.startswith("-")), "")
    words = f"{name} {inner}" if ALLOWED.get(name) and inner else name
    if name not in ALLOWED or (ALLOWED[name] and inner and inner not in ALLOWED[name]):
        raise NotAllowed(
            f"'dispatcher {words}' is the operator's: you work for {brand}, and see campaigns of"
            " that brand as counts, never a person"
        )


def require_brand(brand: str, what: str) -> None:
    """Refuse what belongs to another brand than the user's."""
    mine = settings.brand()
    if mine and brand != mine:
        raise NotAllowed(f"{what} is of the brand {brand}: you work for {mine}")


def require_operator(what: str) -> None:
    """Refuse something that a command of theirs can do, too."""
    mine = settings.brand()
    if mine:
        raise NotAllowed(f"{what} is the operator's: you work for {mine}")


def find(conn: Connection, which: str) -> Campaign:
    """Find a campaign; one of another brand is not there for whoever works for a brand."""
    campaign, mine = campaigns.find(conn, which), settings.brand()
    if mine and campaign.brand != mine:
        raise NotFound(f'there is no campaign "{which}" of the brand {mine}')
    return campaign


def known(database: Database, which: str) -> str:
    """Give the number of a campaign that the user may speak of."""
    with database.begin() as conn:
        return str(find(conn, which).id)


def every(conn: Connection) -> list[Campaign]:
    """Give all campaigns that the user may speak of, the newest first."""
    mine = settings.brand()
    return [each for each in campaigns.every(conn) if mine in ("", each.brand)]
