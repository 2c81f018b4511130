"""How a person's record is drawn: a card with what they allow, and the whole story of `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import RenderableType

from dispatcher.cli.show import facts, heading, table
from dispatcher.domain import weekdays
from dispatcher.domain.context_flags import ANY_BRAND
from dispatcher.domain.explanations import (
    ConsentLine,
    DecisionLine,
    Explanation,
    HoursLine,
    StandingLine,
    Story,
)
from dispatcher.domain.hours_agreements import PREFIX, is_agreement, read_agreement
from dispatcher.domain.people import Person
from dispatcher.domain.permission_states import PermissionState
from dispatcher.storage.erasures import Receipt
from dispatcher.words import DEFAULT, speak

_AGREES = {True: "agrees", False: "DIFFERS", None: "another rule book"}


def card(told: Explanation) -> Iterator[RenderableType]:
    """Draw who somebody is and what they allow."""
    yield from _who(told.person)
    if told.standings:
        rows = [(line.channel, _allowed(line), *_standing(line)) for line in told.standings]
        yield table(("channel", "topic", "consent", "since", "event"), rows)
    elif not told.person.erased:
        yield "Has agreed to nothing, so no offers are sent."
    for line in told.suppressions:
        yield (
            f"{line.channel} is suppressed since {_at(line.at)}: {line.reason}, by {line.source}."
        )
    for hold in told.holds:
        about = "" if hold.brand == ANY_BRAND else f" of {hold.brand}"
        end = f"until {_at(hold.until)}" if hold.until else "open"
        yield f"Offers{about} held since {_at(hold.since)}, {end}: {hold.flag}."
    for done in told.signals:
        yield f"{done.product} of {done.brand}: {done.kind} {_at(done.at)}."


def story(told: Explanation) -> Iterator[RenderableType]:
    """Draw everything: the person, the proofs, and each campaign's verdict with its replay."""
    yield from card(told)
    if told.consents:
        yield heading("Consent, as it is on record")
        for line in told.consents:
            yield from _consent(line)
        yield _ledger(told.faults)
    if not told.stories:
        yield heading("No campaign has met this person.")
    for each in told.stories:
        yield from _campaign(each)
    if told.replies:
        yield heading("What they wrote")
        rows = [(_at(r.at), r.channel, r.text, r.label) for r in told.replies]
        yield table(("when", "channel", "text", "understood as"), rows)
    if told.answers:
        yield heading("What they were answered")
        answered = [(_at(a.at), a.channel, a.kind, a.state, a.text) for a in told.answers]
        yield table(("when", "channel", "kind", "state", "text"), answered)
    if told.acts:
        yield heading("What operators did")
        acts = [(_at(act.at), act.actor, act.action, _pairs(act.detail)) for act in told.acts]
        yield table(("when", "who", "what", "detail"), acts)


def receipt(told: Receipt) -> Iterator[RenderableType]:
    """Draw what was erased of somebody: counts only, so that it can be handed over and kept."""
    yield f"Customer {told.customer_id} is forgotten."
    yield from facts({"asked": _at(told.asked_at), "finished": _at(told.finished_at)})
    yield table(("erased from", "rows"), sorted(told.erased.items()))
    yield "What is left: digests that keep the addresses silent, and the bare chain of consents."


def _pairs(detail: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in detail.items())


def terms(person: Person) -> dict[str, str]:
    """Say what somebody has set themselves, "" where nothing."""
    own = f"{_clock(person.hours_from)}-{_clock(person.hours_until)}"
    return {
        "own hours": own if person.hours_from != person.hours_until else "",
        "own days": weekdays.words(person.days),
        "most a month": str(person.most_a_month or ""),
    }


def _who(person: Person) -> Iterable[RenderableType]:
    yield heading(f"Customer {person.id}")
    if person.erased:
        yield "Was erased on request; only what keeps the address silent is left."
        return
    reached = {
        str(at.channel): at.address + ("" if at.deliverable else " (does not exist)")
        for at in person.addresses
    }
    yield from facts(
        {
            **reached,
            "language": person.language,
            "country": person.country,
            "region": person.region,
            "zone": person.zone,
            **terms(person),
            "prefers": person.prefers or "",
            **person.attributes,
            "visible": "" if person.visible else "not before their import is done",
        }
    )


def _consent(line: ConsentLine) -> Iterator[RenderableType]:
    yield (
        f"#{line.id}  {_at(line.occurred_at)}  {line.channel} {_topic(line.topic)}: {line.action} "
        f"by {line.source}"
        + (f", {line.kind}" if line.kind else "")
        + (f" ({line.origin})" if line.origin else "")
    )
    if line.wording:
        yield f'      shown: "{line.wording}"'
    for name, value in line.evidence.items():
        yield f"      {name}: {value}"


def _ledger(faults: tuple[str, ...]) -> str:
    if not faults:
        return "The chain of this ledger is whole: nothing was changed or left out."
    return "THE LEDGER DOES NOT HOLD: " + "; ".join(faults)


def _campaign(told: Story) -> Iterator[RenderableType]:
    yield heading(f"{told.campaign} (campaign {told.campaign_id}, version {told.version})")
    if told.state is None:
        yield "Planned for them; no verdict yet."
        return
    yield from facts(
        {
            "verdict": f"{told.state}: {told.reason}",
            "that is": _meaning(told.reason),
            "the message said": told.why,
            "rule": told.rule,
            "window": told.window,
            "by": _way(told),
            "decided": _at(told.decided_at),
            "not before": _at(told.not_before),
            "send before": _at(told.send_before),
            "settled": _at(told.settled_at),
            "consent": f"event #{told.consent_event}" if told.consent_event else "",
            "parts, cost": f"{told.parts}, {told.cost:.4f}" if told.parts else "",
            "gateway's id": told.reference,
            "detail": told.detail,
        }
    )
    if told.decisions:
        heads = ("decided", "verdict", "reason", "rule", "until", "rule book", "decided again")
        yield table(heads, [_decision(line) for line in told.decisions])
        for line in told.decisions:
            if line.hours:
                yield f"Hours, {_at(line.at)}: {_hours(line, line.hours)}"
    for attempt in told.attempts:
        said = " ".join(filter(None, (attempt.code, attempt.detail)))
        through = f"over {attempt.gateway}: {attempt.outcome}"
        yield f"Attempt {attempt.no}, {_at(attempt.at)}, {through} {said}".rstrip()
    for event in told.events:
        yield f"Later, {_at(event.at)}: {event.kind} {event.code} {event.detail}".rstrip()


def _way(told: Story) -> str:
    if not told.gateway:
        return told.channel
    instead = f", which took over from {told.stood_in_for}" if told.stood_in_for else ""
    return f"{told.channel} over {told.gateway}{instead}"


def _meaning(reason: str) -> str:
    """Give a reason in the words in which the person is told of it, here in English."""
    return speak(DEFAULT)(f"reason.{reason}") if reason else ""


def _decision(line: DecisionLine) -> tuple[str, ...]:
    again = line.replayed if line.agrees is False else ""
    return (
        _at(line.at),
        line.verdict,
        line.reason,
        line.rule or "(all passed)",
        _at(line.until),
        _book(line),
        f"{_AGREES[line.agrees]}{': ' + again if again else ''}",
    )


def _book(line: DecisionLine) -> str:
    if not line.data_version:
        return line.rule_book
    return f"{line.rule_book}, rule data {line.data_version}, profile {line.profile}"


def _hours(line: DecisionLine, hours: HoursLine) -> str:
    """Say whose hours bound, on which clocks, and what they came to."""
    bound = ", ".join(hours.bound_by) or "no jurisdiction, only the campaign's and the person's own"
    said = f"bound by {bound}; clock of {', '.join(hours.zones) or 'nowhere known'}"
    if hours.shut:
        said += f"; shut: {', '.join(hours.shut)}"
    if hours.next_open is None:
        return said + "; never open"
    if hours.next_open > line.at:
        return said + f"; opens {_at(hours.next_open)}"
    if hours.opened_by:
        said += f"; opened by {' and '.join(hours.opened_by)}"
    until = line.send_before or hours.closes
    return said + (f"; open, to be sent before {_at(until)}" if until else "; open")


def _standing(line: StandingLine) -> tuple[str, str, str]:
    """Say what holds and since when; of what waits for a yes, until when."""
    if line.permission is PermissionState.PENDING:
        return line.permission, f"until {_at(line.since)}", ""
    nameless = line.permission in (None, PermissionState.NONE)
    return line.state if nameless else str(line.permission), _at(line.since), f"#{line.event_id}"


def _allowed(line: StandingLine) -> str:
    agreed = read_agreement(line.topic, line.kind)
    return f"{agreed.words} in {agreed.jurisdiction}" if agreed else _topic(line.topic)


def _topic(topic: str) -> str:
    if is_agreement(topic):
        return f"other hours in {topic.removeprefix(PREFIX)}"
    return "everything" if topic == "*" else topic


def _at(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC" if instant else ""


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
