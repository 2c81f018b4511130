"""Care: what a wave needs before it goes out: enough people, four eyes, words that may be said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import Connection

from dispatcher.campaign_files.reader import read
from dispatcher.campaign_files.table import MOST_TOLD
from dispatcher.campaign_files.urgency import claims
from dispatcher.domain.campaigns import Campaign, CampaignVersion
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.errors import CampaignErrors, Conflict
from dispatcher.services import disclosure
from dispatcher.services.known_facts import shipped
from dispatcher.storage import audit, campaigns, clock, reach


@dataclass(frozen=True, slots=True)
class Care:
    """The programme's own limits: facts it declares, and how many people are few or many.

    `mail_gateways` are those by which mail leaves for real people.
    """

    facts: KnownFacts = field(default_factory=shipped)
    smallest_audience: int = 20
    four_eyes_over: int = 10_000
    mail_gateways: frozenset[str] = frozenset()


USUAL = Care()


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants a wave, and why it may go to very few people, if it may."""

    actor: str
    small_audience: str = ""


def require(
    conn: Connection, campaign: Campaign, version: CampaignVersion, order: Order, care: Care
) -> int:
    """Refuse a wave that lacks care: Conflict or CampaignErrors say what to do.

    Gives how many people were counted; counting ends where it makes no difference any more.
    """
    _sayable(conn, campaign, version, care)
    _consented(campaign, version, care)
    most = max(care.smallest_audience, care.four_eyes_over + 1)
    people = reach.people(conn, version.spec, most)
    if people < care.smallest_audience and not order.small_audience:
        raise Conflict(_TOO_FEW.format(name=campaign.name, care=care))
    if people > care.four_eyes_over:
        _four_eyes(conn, campaign, version, order.actor, care)
    return people


_TOO_FEW = (
    '"{name}" would go to fewer than {care.smallest_audience} people: so few could'
    " tell that they were picked out. Ask fewer conditions of the audience, try it on one person"
    " with 'dispatcher campaign test', or say why it is right with --small-audience REASON"
)


def require_true_end(conn: Connection, version: CampaignVersion) -> None:
    """Refuse to prolong an offer that people were told would end, for seven days after that end."""
    policy = version.spec.policy
    begins = max(policy.starts_at, clock.now(conn))
    for earlier in campaigns.versions_before(conn, version):
        end = earlier.spec.policy.ends_at
        told = _announced(earlier)
        if told and end < policy.ends_at and begins < end + _REST:
            again = datetime.fromtimestamp(end + _REST, UTC).strftime("%Y-%m-%d %H:%M UTC")
            raise Conflict(
                f'version {earlier.no} told people "{told}", so the offer may not be prolonged;'
                f" keep its end, or let it begin again from {again}"
            )


# An offer that was announced as ending rests so long before it may come back.
_REST = 7 * 86400.0


def _announced(version: CampaignVersion) -> str:
    """Give what a version says of its end, "" when it says nothing."""
    offer = version.spec.offer
    texts = (offer.name, offer.headline, *offer.fields.values(), *version.template.texts.values())
    said = (claim.words for text in texts for claim in claims(text) if claim.seconds)
    return next(said, "")


def _sayable(conn: Connection, campaign: Campaign, version: CampaignVersion, care: Care) -> None:
    """Ask once more whether all may be said: what is declared may have changed since approval."""
    file = read(campaigns.source_of(conn, campaign).encode(), f"{campaign.name} (as approved)")
    words = disclosure.Words(file, version.template, f"templates/{version.template.name}")
    problems = list(islice(disclosure.problems(words, care.facts), MOST_TOLD))
    if problems:
        raise CampaignErrors(problems)


def _consented(campaign: Campaign, version: CampaignVersion, care: Care) -> None:
    """Refuse a version that was approved before its topic was declared sensitive."""
    topic = version.spec.audience.topic
    if care.facts.sensitive(topic) and not version.spec.policy.own_consent:
        raise Conflict(
            f'"{campaign.name}" was approved before its topic "{topic}" was declared sensitive, and'
            " would reach people who agreed to everything but not to that; approve the file again"
        )


def _four_eyes(
    conn: Connection, campaign: Campaign, version: CampaignVersion, actor: str, care: Care
) -> None:
    many = f'"{campaign.name}" goes to more than {care.four_eyes_over:,} people'
    owner = version.spec.owner
    if not owner:
        told = "say who answers for it: write owner in [campaign], and approve it again"
        raise Conflict(f"{many}; {told}")
    subject, said = f"campaign:{campaign.id}", {"version": version.no}
    approvers = audit.actors(conn, ("approve", "second"), subject, {**said})
    if not approvers - {actor, owner}:
        by = ", ".join(sorted(approvers))
        raise Conflict(
            f"{many}, so somebody must approve it who neither owns ({owner}) nor enqueues it"
            f" ({actor}); so far it was approved by {by}. Ask a second person to run"
            " 'dispatcher campaign approve' on the unchanged file"
        )
