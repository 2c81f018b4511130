"""Reads a campaign file into a CampaignSpec, or tells everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dispatcher.campaign_files import values
from dispatcher.campaign_files.checks import check
from dispatcher.campaign_files.keys import KEYS
from dispatcher.campaign_files.lines import KeyPath
from dispatcher.campaign_files.syntax import parse
from dispatcher.campaign_files.table import MOST_TOLD, Report, Table
from dispatcher.campaign_files.words import (
    Unreadable,
    cap,
    duration,
    per_minute,
    recipient_local,
    share,
    window,
)
from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import (
    ALL_DAY,
    ANY_SUBJECT,
    BURST,
    DEFAULT_CAPS,
    UNSAID,
    Policy,
    Window,
    Worth,
)
from dispatcher.errors import CampaignError, CampaignErrors

USUAL_HOURS = Window(9 * 60, 20 * 60)
_OFFER, _RECONFIRM = "offer", "reconfirm"
_CHANNELS = {"email": Channel.EMAIL, "e-mail": Channel.EMAIL, "sms": Channel.SMS}


@dataclass(frozen=True, slots=True)
class CampaignFile:
    """A file that was read without a problem. `notices` are worth a look, but no mistakes."""

    path: str
    source: str
    spec: CampaignSpec
    lines: Mapping[KeyPath, int]
    notices: tuple[str, ...] = ()

    def problem(self, where: KeyPath, told: str) -> CampaignError:
        """Make a problem at a key, for what only shows outside the file."""
        report = Report(self.path, self.lines)
        report.add(where, told)
        return report.problems[0]


def read(data: bytes, path: str) -> CampaignFile:
    """Read a file's bytes; `path` is only for messages. Raises CampaignErrors, never less."""
    try:
        source, tables, lines = parse(data, path)
    except CampaignError as problem:
        raise CampaignErrors([problem]) from None
    report = Report(path, lines)
    spec = _campaign(Table(report, "", tables))
    check(spec, report)
    if report.problems:
        told = sorted(report.problems, key=lambda problem: problem.line)
        raise CampaignErrors(told[:MOST_TOLD])
    return CampaignFile(path, source, spec, lines, tuple(report.notices))


def _campaign(root: Table) -> CampaignSpec:
    tables = {name: root.table(name) for name in KEYS}
    campaign, schedule = tables["campaign"], tables["schedule"]
    name = campaign.need("name", values.text(100), "")
    template = campaign.need("template", values.slug, "")
    channels = _channels(campaign)
    brand = _brand(tables["brand"], channels)
    reconfirms = campaign.get("kind", _kind, _OFFER) == _RECONFIRM
    policy = _policy(tables, brand, channels)
    if reconfirms:
        policy = _asking_to_stay(root, policy)
    spec = CampaignSpec(
        name=name,
        brand=brand,
        offer=Offer(name) if reconfirms else _offer(tables["offer"]),
        audience=_audience(tables["audience"], policy),
        channels=channels,
        template=template,
        policy=policy,
        priority=campaign.get("priority", values.whole(1, 9), 9 if reconfirms else 5),
        per_minute=schedule.get("throttle", values.words(per_minute), 0),
        ceiling=tables["cost"].get("ceiling", values.money, 0.0),
        gateways=_gateways(tables["gateways"]),
        owner=campaign.get("owner", values.text(100), ""),
    )
    for table in (*tables.values(), root):
        table.done()
    return spec


def _kind(value: Any) -> str:
    if value not in (_OFFER, _RECONFIRM):
        raise Unreadable(f'there is no such kind; the kinds are "{_OFFER}" and "{_RECONFIRM}"')
    return str(value)


# What makes no sense where people are only asked whether they want to stay.
_NO_PART = (
    ("offer",),
    ("reminder",),
    ("audience", "holdout"),
    ("policy", "asks"),
    ("cost", "gain"),
)


def _asking_to_stay(root: Table, policy: Policy) -> Policy:
    """Refuse what belongs to an offer; nobody is kept back and nothing better goes first."""
    for where in _NO_PART:
        table = root.values if len(where) == 1 else root.values.get(where[0], {})
        if isinstance(table, dict) and where[-1] in table:
            told = "this campaign asks people to stay, so it offers nothing; leave this out"
            root.report.add(where, told)
    return replace(
        policy, holdout=0, asks=False, worth=None, reminds_of="", burst=0, reconfirms=True
    )


def _channels(campaign: Table) -> tuple[Channel, ...]:
    if not campaign.has("channels"):
        campaign.need("channels", values.text(), "")
    channels = campaign.many("channels", _channel)
    if campaign.has("channels") and campaign.values["channels"] == []:
        campaign.report.add(("campaign", "channels"), 'name at least one: channels = ["email"]')
    if len(set(channels)) < len(channels):
        campaign.report.add(("campaign", "channels"), "a channel is named twice; keep one")
    return channels


def _channel(value: Any) -> Channel:
    if not isinstance(value, str) or value.lower() not in _CHANNELS:
        raise Unreadable('there is no such channel; the channels are "email" and "sms"')
    return _CHANNELS[value.lower()]


def _brand(table: Table, channels: tuple[Channel, ...]) -> Brand:
    ask = table.need if Channel.SMS in channels else table.get
    email = table.need("email", values.email, "")
    return Brand(
        id=table.need("id", values.slug, ""),
        name=table.need("name", values.text(60), ""),
        email=email,
        sms_sender=ask("sms_sender", values.sms_sender, ""),
        postal_address=table.need("postal_address", values.paragraph(), ""),
        contact=table.get("contact", values.text(120), email),
    )


def _offer(table: Table) -> Offer:
    for name in ("starts", "ends"):  # read with the schedule
        table.asked.add(name)
    return Offer(
        name=table.need("name", values.text(100), ""),
        headline=table.get("headline", values.text(150), ""),
        code=table.get("code", values.text(40), ""),
        url=table.get("url", values.url, ""),
        value=table.get("value", values.money, 0.0),
        fields=_fields(table.table("fields")),
        was_since=table.get("was_since", values.instant, 0.0),
        personal_price=table.get("personal_price", values.flag, False),
        trial=table.get("trial", values.flag, None),
        sells=table.get("sells", values.product, ""),
    )


def _fields(table: Table) -> dict[str, str]:
    fields = {}
    for name, where, value in table.free():
        try:
            if name in KEYS["offer"]:
                raise Unreadable(f"write this one in [offer]: {name} is a key of its own")
            fields[values.field_name(name)] = values.plain(value)
        except Unreadable as problem:
            table.report.add(where, str(problem))
    return fields


def _audience(table: Table, policy: Policy) -> Audience:
    table.asked.add("holdout")  # read with the policy
    return Audience(
        topic=table.need("topic", values.topic, ""),
        languages=table.many("languages", values.language),
        countries=table.many("countries", values.country),
        attributes=_attributes(table.table("attributes")),
        viewed=(policy.brand, policy.reminds_of) if policy.reminds_of else (),
        ending=policy.reconfirms,
    )


def _attributes(table: Table) -> dict[str, tuple[str, ...]]:
    attributes = {}
    for name, where, value in table.free():
        choices = value if isinstance(value, list) else [value]
        try:
            if not choices:
                raise Unreadable("an empty list fits nobody; name a value or leave the key out")
            attributes[values.text(60)(name)] = tuple(values.plain(choice) for choice in choices)
        except Unreadable as problem:
            table.report.add(where, str(problem))
    return attributes


def _policy(tables: Mapping[str, Table], brand: Brand, channels: tuple[Channel, ...]) -> Policy:
    policy, schedule, offer = tables["policy"], tables["schedule"], tables["offer"]
    # The laws on hours are about calls and texts (47 CFR 64.1200(c)(1)), and hours shut out
    # whoever's zone is unknown.
    usual = USUAL_HOURS if Channel.SMS in channels else ALL_DAY
    caps = policy.many("caps", values.words(cap))
    widened = bool(policy.get("widen_reason", values.text(300), ""))
    starts = [table.get(key, values.instant, 0.0) for table, key in _begins(offer, schedule)]
    ends = [table.get(key, values.instant, _NEVER) for table, key in _ends(offer, schedule)]
    return Policy(
        campaign_id=0,
        brand=brand.id,
        topic=str(tables["audience"].values.get("topic", "")),
        subject=tables["campaign"].get("subject", values.topic, ANY_SUBJECT),
        starts_at=max(starts),
        ends_at=min(ends),
        window=policy.get("hours", values.words(window), usual),
        send_at=schedule.get("at", values.words(recipient_local), -1),
        holdout=tables["audience"].get("holdout", values.holdout, UNSAID),
        caps=_caps(caps, widened=widened, given=policy.has("caps")),
        min_gap_hours=policy.get("cool_down", values.words(duration), 4 * 3600.0) / 3600,
        max_hold_hours=policy.get("hold", values.words(duration), 72 * 3600.0) / 3600,
        close_margin_minutes=round(
            policy.get("close_margin", values.words(duration), 15 * 60.0) / 60
        ),
        max_attempts=policy.get("attempts", values.whole(1, 20), 5),
        offer_code=str(offer.values.get("code", "")),
        burst=0 if widened and policy.has("caps") else BURST,
        asks=policy.get("asks", values.flag, False),
        worth=_worth(tables["cost"]),
        reminds_of=tables["reminder"].get("product", values.product, ""),
    )


_TOGETHER = (
    *(("gain", "response"), ("response", "gain")),
    *(("loss", "leaving"), ("leaving", "loss"), ("loss", "gain")),
)


def _worth(cost: Table) -> Worth | None:
    """Give what a message is worth; nothing is reckoned unless the file says what it brings."""
    gain = cost.get("gain", values.money, 0.0)
    response = cost.get("response", values.words(share), 0) / 10_000
    loss = cost.get("loss", values.money, 0.0)
    leaving = cost.get("leaving", values.words(share), 0) / 10_000
    for one, other in _TOGETHER:
        if cost.has(one) and not cost.has(other):
            cost.report.add(("cost", one), f"this says nothing without {other}; add it")
    return Worth(gain, response, loss, leaving) if cost.has("gain") else None


_NEVER = float("inf")


def _begins(offer: Table, schedule: Table) -> tuple[tuple[Table, str], ...]:
    return (offer, "starts"), (schedule, "start")


def _ends(offer: Table, schedule: Table) -> tuple[tuple[Table, str], ...]:
    return (offer, "ends"), (schedule, "end")


def _caps(caps: tuple[Any, ...], *, widened: bool, given: bool) -> tuple[Any, ...]:
    """A file may narrow the programme's limits; with a reason it may replace them."""
    if widened and given:
        return caps
    return (*DEFAULT_CAPS, *(cap for cap in caps if cap not in DEFAULT_CAPS))


def _gateways(table: Table) -> dict[Channel, str]:
    chosen = {channel: table.get(channel.value, values.slug, "") for channel in Channel}
    return {channel: name for channel, name in chosen.items() if name}
