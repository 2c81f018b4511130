"""Segments as SQL: who is in an audience, and on which channel a person is reached first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dispatcher.domain.campaigns import Audience, CampaignSpec
from dispatcher.domain.messages import Channel
from dispatcher.storage.customers import VISIBLE
from dispatcher.storage.reconfirmations import ENDING_SOON, ending_values
from dispatcher.storage.signals import VIEWED


def membership(audience: Audience) -> tuple[str, dict[str, Any]]:
    """Give a condition on `customer c` and its parameters; plan and load ask the very same.

    But for what was viewed, or is to end: after planning a rule tells why not (recipients.load).
    """
    conditions: list[str] = [VISIBLE, "c.erased_at IS NULL"]
    values: dict[str, Any] = {}
    if audience.languages:
        spoken = "ARRAY[lower(c.language), split_part(lower(c.language), '-', 1)]"
        conditions.append(f"{spoken} && CAST(:languages AS text[])")
        values["languages"] = [language.lower() for language in audience.languages]
    if audience.countries:
        conditions.append("upper(c.country) = ANY(:countries)")
        values["countries"] = [country.upper() for country in audience.countries]
    for index, (name, allowed) in enumerate(sorted(audience.attributes.items())):
        conditions.append(f"c.attributes ->> :name_{index} = ANY(:allowed_{index})")
        values |= {f"name_{index}": name, f"allowed_{index}": list(allowed)}
    if audience.viewed:
        conditions.append(VIEWED)
        values |= zip(("viewed_brand", "viewed_product"), audience.viewed, strict=True)
    if audience.ending:
        conditions.append(ENDING_SOON)
        values |= ending_values(audience.topic)
    return " AND ".join(f"({condition})" for condition in conditions), values


def first_channel(spec: CampaignSpec) -> str:
    """Give an expression on `channel_joins`: the first channel with address and permission.

    The one the person prefers comes before the campaign's order. Without any, the first with an
    address; else the first of all, whose refusal will say why.
    """
    channels = spec.channels
    if len(channels) == 1:
        return f"'{channels[0]}'"
    reachable = " ".join(
        f"WHEN at_{channel}.customer_id IS NOT NULL THEN '{channel}'" for channel in channels
    )
    return f"CASE {_permitted(spec)} {reachable} ELSE '{channels[0]}' END"


def permitted_channel(spec: CampaignSpec) -> str:
    """Give the like, but NULL for who may not be written to on any of these channels."""
    return f"CASE {_permitted(spec)} END"


def _permitted(spec: CampaignSpec) -> str:
    may_go = {
        channel: f"at_{channel}.deliverable AND {_agreed(channel, spec)}"
        for channel in spec.channels
    }
    if Channel.SMS in may_go:
        may_go[Channel.SMS] += named_well(spec, "at_sms")
    # Whoever may be reached on the first channel and does not mind is told from one look.
    preferred = [
        f"WHEN c.prefers = '{channel}' AND {may} THEN '{channel}'"
        for channel, may in may_go.items()
        if channel != spec.channels[0]
    ]
    in_order = [f"WHEN {may} THEN '{channel}'" for channel, may in may_go.items()]
    return " ".join([*preferred, *in_order])


def named_well(spec: CampaignSpec, address: str) -> str:
    """Give a condition more where the sender is a name: the number's country takes names.

    As the rule has it: of an address without a country that of the home counts.
    """
    if not spec.policy.barred_countries:
        return ""
    places = f"{address}.jurisdictions"
    country = f"left(coalesce({places}[cardinality({places})], c.country), 2)"
    listed = ", ".join(f"'{code}'" for code in spec.policy.barred_countries)
    return f" AND {country} NOT IN ({listed})"


def _agreed(channel: Channel, spec: CampaignSpec) -> str:
    if spec.policy.own_consent:
        return f"on_{channel}.customer_id IS NOT NULL"
    return f"(on_{channel}.customer_id IS NOT NULL OR all_{channel}.customer_id IS NOT NULL)"


def channel_joins(channels: Sequence[Channel]) -> str:
    """Give the joins to `customer c` that `first_channel` speaks of; no row becomes two."""
    return " ".join(map(_joins, channels)) if len(channels) > 1 else ""


def _joins(channel: Channel) -> str:
    """Join what a million people need at once: as subqueries these were asked for each of them."""
    return f"""
        LEFT JOIN address at_{channel}
            ON at_{channel}.customer_id = c.id AND at_{channel}.channel = '{channel}'
        LEFT JOIN consent on_{channel}
            ON on_{channel}.customer_id = c.id AND on_{channel}.channel = '{channel}'
            AND on_{channel}.topic = :topic AND on_{channel}.state = 'active'
        LEFT JOIN consent all_{channel}
            ON all_{channel}.customer_id = c.id AND all_{channel}.channel = '{channel}'
            AND all_{channel}.topic = '*' AND all_{channel}.state = 'active'
    """


def channel_parameters(spec: CampaignSpec) -> dict[str, Any]:
    """Give the parameters `channel_joins` speaks of."""
    return {"topic": spec.audience.topic} if len(spec.channels) > 1 else {}
