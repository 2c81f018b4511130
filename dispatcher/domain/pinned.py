"""The pinned form of an approved campaign: spec and template as JSON, there and exactly back."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer, TemplateSource
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import Cap, CapScope, Policy, Window, Worth

_OPEN_END = "never"  # JSON has no infinity


def spec_to_json(spec: CampaignSpec) -> dict[str, Any]:
    """Give a spec as plain JSON values. The campaign's id is left out: it is not in the file."""
    values = asdict(spec)
    policy = values["policy"]
    del policy["campaign_id"]
    if math.isinf(policy["ends_at"]):
        policy["ends_at"] = _OPEN_END
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def spec_from_json(values: Mapping[str, Any], campaign_id: int = 0) -> CampaignSpec:
    """Give the spec back; keys that an older version did not write have their defaults."""
    audience = values["audience"]
    attributes = {name: tuple(of) for name, of in audience["attributes"].items()}
    return CampaignSpec(
        **{
            **values,
            "brand": Brand(**values["brand"]),
            "offer": Offer(**values["offer"]),
            "audience": Audience(
                audience["topic"],
                tuple(audience["languages"]),
                tuple(audience["countries"]),
                attributes,
                tuple(audience.get("viewed", ())),
                audience.get("ending", False),
            ),
            "channels": tuple(Channel(channel) for channel in values["channels"]),
            "policy": _policy(values["policy"], campaign_id),
            "gateways": {Channel(at): name for at, name in values["gateways"].items()},
        }
    )


def template_to_json(template: TemplateSource) -> dict[str, Any]:
    """Give a template's words as plain JSON values."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(template)))
    return plain


def template_from_json(values: Mapping[str, Any]) -> TemplateSource:
    """Give the template back."""
    return TemplateSource(**{**values, "required": tuple(values["required"])})


def digest(spec: Mapping[str, Any], template: Mapping[str, Any]) -> str:
    """Give the SHA-256 of both, in hex: the same for the same content, whatever its order."""
    pinned = json.dumps([spec, template], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(pinned.encode()).hexdigest()


def _policy(values: Mapping[str, Any], campaign_id: int) -> Policy:
    ends_at = values["ends_at"]
    return Policy(
        **{
            **values,
            "campaign_id": campaign_id,
            "message_class": MessageClass(values["message_class"]),
            "ends_at": math.inf if ends_at == _OPEN_END else ends_at,
            "window": Window(**values["window"]),
            "caps": tuple(_cap(cap) for cap in values["caps"]),
            "barred_countries": tuple(values.get("barred_countries", ())),
            "worth": Worth(**values["worth"]) if values.get("worth") else None,
        }
    )


def _cap(values: Mapping[str, Any]) -> Cap:
    channel = Channel(values["channel"]) if values["channel"] else None
    return Cap(values["max"], values["hours"], CapScope(values["scope"]), channel)
