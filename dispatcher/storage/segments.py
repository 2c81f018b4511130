"""Segments as SQL: who is in an audience, and on which channel a person is reached first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dispatcher.domain.campaigns import Audience, CampaignSpec
from dispatcher.domain.messages import Channel
from dispatcher.storage.customers import VISIBLE


def membership(audience: Audience) -> tuple[str, dict[str, Any]]:
    """Give a condition on `customer c` and its parameters; plan and load ask the very same."""
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
    return " AND ".join(f"({condition})" for condition in conditions), values


def first_channel(channels: Sequence[Channel]) -> str:
    """Give an expression on `customer c`: the first channel with address and permission.

    Without any, the first with an address; else the first of all, whose refusal will say why.
    """
    permitted = " ".join(
        f"""WHEN EXISTS (SELECT FROM address a JOIN consent p USING (customer_id, channel)
                 WHERE a.customer_id = c.id AND a.channel = '{channel}' AND a.deliverable
                   AND p.topic IN (:topic, '*') AND p.state = 'active') THEN '{channel}'"""
        for channel in channels
    )
    reachable = " ".join(
        f"""WHEN EXISTS (SELECT FROM address a
                 WHERE a.customer_id = c.id AND a.channel = '{channel}') THEN '{channel}'"""
        for channel in channels
    )
    if len(channels) == 1:
        return f"'{channels[0]}'"
    return f"CASE {permitted} {reachable} ELSE '{channels[0]}' END"


def channel_parameters(spec: CampaignSpec) -> dict[str, Any]:
    """Give the parameters `first_channel` speaks of."""
    return {"topic": spec.audience.topic} if len(spec.channels) > 1 else {}


def gateway_of(spec: CampaignSpec, column: str) -> str:
    """Give an expression for the gateway of a channel column. Names were checked on approval."""
    cases = " ".join(f"WHEN '{channel}' THEN '{name}'" for channel, name in spec.gateways.items())
    return f"CASE {column} {cases} ELSE '' END" if cases else "''"
