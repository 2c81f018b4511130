"""Preview: what a campaign file would do, before anybody approves it; nothing is changed."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isinf

from sqlalchemy import Connection

from dispatcher.domain import tens
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.consent_terms import ASK_BEFORE
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.domain.policies import Policy
from dispatcher.domain.programme import Programme
from dispatcher.domain.reports import Preview, Reach, Reveal, Sample, TextSize
from dispatcher.domain.why import day_of, ground_of
from dispatcher.rendering import Addressee, Letterhead, Links, compile_template, render_batch
from dispatcher.rendering.compiled import CompiledTemplate
from dispatcher.rendering.source import choose, languages
from dispatcher.rules.hours import DAY, LOOK_AHEAD_DAYS, first_at
from dispatcher.rules.jurisdictions import Jurisdictions, Law
from dispatcher.rules.permitted_hours import Answer, Where, permitted, plan
from dispatcher.rules.quiet_hours import Home, where_of
from dispatcher.services import disclosure, holdout, text_costs, text_lints
from dispatcher.services.foresee import foresee
from dispatcher.services.validate import Checked, Workbench
from dispatcher.services.why import topic_names
from dispatcher.storage import clock, origins
from dispatcher.storage import reach as reaches
from dispatcher.storage.database import Database

_ANYWHERE: Home = (Channel.EMAIL, (), "UTC", ())  # stands for an audience of nobody
# Nobody has these addresses (RFC 2606; Ofcom's numbers for drama).
_NOBODY = {Channel.EMAIL: "sample@example.com", Channel.SMS: "+447700900000"}


def preview(
    database: Database,
    checked: Checked,
    bench: Workbench,
    links: Links,
    law: Law,
    programme: Programme | None = None,
    *,
    in_tens: bool = False,
) -> Preview:
    """Estimate reach, cost, parts and times, and render a sample in each language.

    Frequency caps and the cool-down are not foreseen: they depend on what else goes out. `in_tens`:
    for somebody who may see no person, and so not when the only one in a zone would be told either.
    """
    spec = checked.file.spec
    with database.begin() as conn:
        now = clock.now(conn)
        spec = holdout.settle(conn, spec, checked.file.source)
        reach = foresee(conn, spec, now, law.jurisdictions)
        homes = () if in_tens else reaches.homes(conn, spec) or [_ANYWHERE]
        paper = _paper(checked, links, programme)
        longest = {} if in_tens else _longest(conn, spec, paper)
        revealed = tuple(_revealed(conn, checked, bench))
    if in_tens:
        reach, revealed = tens.reach(reach), tens.reveals(revealed)
    samples = tuple(_samples(checked, bench, paper, now))
    sizes = tuple(_sizes(checked, bench, paper, reach, longest, now))
    first, last = possible_times(spec.policy, homes, now, law)
    return Preview(
        reach=reach,
        cost=_cost(checked, bench, reach, samples),
        parts=_most_parts(samples),
        samples=samples,
        first_at=first,
        last_at=last,
        notices=(
            *checked.file.notices,
            *holdout.notices(checked.file.spec, spec),
            *_notices(spec, reach, now),
            *text_costs.notices(sizes),
            *text_lints.abroad(spec, checked.template, _of_numbers(homes)),
            *([tens.SAID] if in_tens else []),
        ),
        reveals=revealed,
        texts=sizes,
    )


def _of_numbers(homes: Iterable[Home]) -> set[str]:
    """Give the countries of the numbers of an audience; what a number says stands last."""
    return {places[-1][:2] for channel, places, *_ in homes if channel is Channel.SMS and places}


def _revealed(conn: Connection, checked: Checked, bench: Workbench) -> Iterator[Reveal]:
    """Say of each fact that a message would reveal which files brought it."""
    spec, template = checked.file.spec, checked.template
    found = [
        reveal
        for channel in spec.channels
        for reveal in disclosure.reveals(template, channel, bench.facts)
    ]
    names = sorted({reveal.fact for reveal in found})
    came = origins.origins(conn, spec.audience, names) if names else {}
    for reveal in found:
        yield reveal._replace(origins=came.get(reveal.fact, ()))


def possible_times(
    policy: Policy, homes: Sequence[Home], now: float, law: Law
) -> tuple[float | None, float | None]:
    """Give the first and last instant at which anything may go out; None for never."""
    begin = max(now, policy.starts_at)
    openings = (_first(policy, home, begin, law) for home in homes)
    first = min((at for at in openings if at is not None and at < policy.ends_at), default=None)
    if first is None or isinf(policy.ends_at):
        return first, None
    ends = (_last(policy, home, law) for home in homes)
    return first, max((end for end in ends if end > first), default=None)


def _first(policy: Policy, home: Home, begin: float, law: Law) -> float | None:
    book = law.on(policy.brand, begin)
    where = _where(policy, home, book, law)
    if where is None:
        return begin
    zones = plan(book, where).zones
    release = first_at(zones, policy.send_at, begin) if policy.send_at >= 0 and zones else begin
    return permitted(book, where, max(begin, release)).next_open


def _last(policy: Policy, home: Home, law: Law) -> float:
    for days in range(LOOK_AHEAD_DAYS):
        instant = policy.ends_at - days * DAY - 1
        book = law.on(policy.brand, instant)
        where = _where(policy, home, book, law)
        if where is None:
            return policy.ends_at
        told = permitted(book, where, instant)
        if told.answer == Answer.ALLOW:
            return policy.ends_at if told.closes is None else min(told.closes, policy.ends_at)
        if told.since is not None:
            return told.since
    return 0.0


def _where(policy: Policy, home: Home, book: Jurisdictions, law: Law) -> Where | None:
    window = (policy.window.opens, policy.window.closes)
    margin, timed = policy.close_margin_minutes, policy.send_at >= 0
    return where_of(book, law.profile, home, (0, 0, ""), window, margin, timed)


def _paper(checked: Checked, links: Links, programme: Programme | None) -> CompiledTemplate:
    spec, topic = checked.file.spec, checked.file.spec.audience.topic
    names = topic_names(programme, topic)
    head = Letterhead(spec.brand, spec.offer, links, topic, spec.name, topic_names=names)
    return compile_template(checked.template, head)


def _longest(conn: Connection, spec: CampaignSpec, paper: CompiledTemplate) -> text_costs.Longest:
    names = text_costs.fields_of(paper) if Channel.SMS in spec.channels else []
    return reaches.longest(conn, spec.audience, names) if names else {}


def _sizes(
    checked: Checked,
    bench: Workbench,
    paper: CompiledTemplate,
    reach: Reach,
    longest: text_costs.Longest,
    now: float,
) -> Iterator[TextSize]:
    if Channel.SMS in checked.file.spec.channels:
        gateway = bench.gateway(checked.file, Channel.SMS)
        price, tables = bench.prices.get(gateway, 0.0), bench.tables.get(gateway, ())
        people = _people(checked, Channel.SMS, datetime.fromtimestamp(now, UTC))
        yield from text_costs.sizes(paper, people, reach, price, longest, tables)


def _people(checked: Checked, channel: Channel, at: datetime) -> list[Addressee]:
    wanted = checked.file.spec.audience.languages or languages(checked.template)
    return [_somebody(checked, channel, language, at) for language in wanted]


def _samples(
    checked: Checked, bench: Workbench, compiled: CompiledTemplate, now: float
) -> Iterator[Sample]:
    at = datetime.fromtimestamp(now, UTC)
    for channel in checked.file.spec.channels:
        people = _people(checked, channel, at)
        tables = bench.tables.get(bench.gateway(checked.file, channel), ())
        rendered = render_batch(compiled, channel, people, at, tables)
        for person, made in zip(people, rendered, strict=True):
            if isinstance(made, Message):
                yield _sample(channel, person.language, made)
            else:
                yield Sample(channel, person.language, "", f"{made.reason}: {made.detail}", 0)


def _somebody(checked: Checked, channel: Channel, language: str, at: datetime) -> Addressee:
    fields = checked.template.sample
    until = at.date() + timedelta(days=ASK_BEFORE // DAY)
    reminds = bool(checked.file.spec.policy.reminds_of)
    ground = ground_of("", day_of(at.timestamp()), reminds=reminds)
    key = DeliveryKey(0, 0, 1)
    return Addressee(key, _NOBODY[channel], language, fields, ground, until=until)


def _sample(channel: Channel, language: str, message: Message) -> Sample:
    if channel is Channel.SMS:
        return Sample(channel, language, "", message.content.decode(), message.parts)
    mail = email.message_from_bytes(message.content, policy=email.policy.default)
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    return Sample(channel, language, str(mail["subject"]), text, message.parts)


def _cost(checked: Checked, bench: Workbench, reach: Reach, samples: Iterable[Sample]) -> float:
    """Reckon with the parts of each language's sample; an unknown language has the default's."""
    template = checked.template
    parts = {(sample.channel, sample.language): sample.parts for sample in samples}
    written = tuple({language for _, language in parts})
    total = 0.0
    for row in reach.rows:
        if row.reason == "ok":
            language = choose(written, row.language, template.default_language)
            price = bench.prices.get(bench.gateway(checked.file, row.channel), 0.0)
            total += row.people * parts.get((row.channel, language), 1) * price
    return round(total, 2)


def _most_parts(samples: Iterable[Sample]) -> Mapping[Channel, int]:
    most: dict[Channel, int] = {}
    for sample in samples:
        most[sample.channel] = max(sample.parts, most.get(sample.channel, 0))
    return most


def _notices(spec: CampaignSpec, reach: Reach, now: float) -> Iterator[str]:
    if now >= spec.policy.ends_at:
        yield "the offer has ended: it can be neither approved nor enqueued"
    if spec.policy.reminds_of:
        yield f"whoever gets it learns that you know they looked at {spec.policy.reminds_of}"
    if not reach.audience:
        yield "nobody is in this audience"
    elif not reach.count():
        yield "nobody in this audience may be written to"
