"""Campaigns: what a marketer writes, and the immutable version that was approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import Policy


class CampaignState(StrEnum):
    """The life of a campaign."""

    DRAFT = "draft"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is on offer. `value` is in the programme's currency.

    `was_since`: since when its former price was charged, Unix seconds, 0 when it names none.
    `trial`: free first and paid later; None when nothing was said of it.
    `sells`: the product that whoever redeems the code has bought, "" when none was named.
    """

    name: str
    headline: str = ""
    code: str = ""
    url: str = ""
    value: float = 0.0
    fields: Mapping[str, str] = field(default_factory=dict)
    was_since: float = 0.0
    personal_price: bool = False
    trial: bool | None = None
    sells: str = ""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant: each condition narrows, an empty one asks nothing.

    `attributes` match the customer's attributes by equality with any of the listed values.
    `viewed`: brand and product that people have looked at, and have not done with since. `ending`:
    only those whose consent may end soon.
    """

    topic: str
    languages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    viewed: tuple[str, ...] = ()
    ending: bool = False


@dataclass(frozen=True, slots=True)
class Brand:
    """In whose name it is sent. Strings are as shown to people."""

    id: str
    name: str
    email: str
    sms_sender: str
    postal_address: str
    contact: str = ""


@dataclass(frozen=True, slots=True)
class CampaignSpec:
    """A validated campaign file. `per_minute` 0: no throttle; `ceiling` 0: no cost ceiling.

    `policy.campaign_id` is 0 until the campaign is stored. `owner` answers for it.
    """

    name: str
    brand: Brand
    offer: Offer
    audience: Audience
    channels: tuple[Channel, ...]
    template: str
    policy: Policy
    priority: int = 5
    per_minute: int = 0
    ceiling: float = 0.0
    gateways: Mapping[Channel, str] = field(default_factory=dict)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A template's words as they stood on approval: `texts` maps `fr/subject.txt` to its text.

    `smart_encoding`: typography that would cost parts of an SMS is made plain.
    """

    name: str
    texts: Mapping[str, str]
    required: tuple[str, ...]
    sample: Mapping[str, str]
    default_language: str = "en"
    smart_encoding: bool = True


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it stands: `version` is the newest approved one, 0 when there is none."""

    id: int
    name: str
    brand: str
    state: CampaignState
    note: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class CampaignVersion:
    """What was approved is what is sent: file, template and policy, pinned by their hash."""

    id: int
    campaign_id: int
    no: int
    spec: CampaignSpec
    template: TemplateSource
    digest: str
