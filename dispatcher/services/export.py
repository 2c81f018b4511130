"""Export: everything on record about one person, as files that the person can be handed."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.campaigns import Audience, CampaignVersion
from dispatcher.domain.deliveries import CAME
from dispatcher.domain.explanations import Explanation, Story
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.domain.why import Ground
from dispatcher.rendering import Addressee, Letterhead, Links, compile_template, render_batch
from dispatcher.rules.book import RuleBook
from dispatcher.services.explain import explain
from dispatcher.services.export_files import written
from dispatcher.services.permissions import with_states
from dispatcher.services.renderer import letterhead
from dispatcher.services.why import ground_on_record
from dispatcher.storage import campaigns, erasures, exports
from dispatcher.storage.stood_on import stood_on
from dispatcher.words import Words, choose

# The part of the export in which each table that names people is told.
TOLD_IN: Mapping[str, str] = {
    "customer": "customer",
    "address": "customer",
    "consent": "allows",
    "consent_event": "consents",
    "consent_evidence": "consents",
    "context_flag": "holds",
    "delivery": "campaigns",
    "decision": "campaigns",
    "audience": "campaigns",
    "due": "campaigns",
    "attempt": "campaigns",
    "event": "campaigns",
    "contact": "counted",
    "sign_of_life": "last_heard_of",
    "setback": "setbacks",
    "signal": "signals",
    "asked": "asked_at",
    "conversation": "questions",
    "redemption": "redeemed",
    "reply": "replies",
    "service_message": "answers",
    "sandbox_message": "messages",
    "erasure": "erasure",
}
NOT_TOLD: Mapping[str, str] = {
    "vault.person_key": "the key that the evidence is sealed with; what it opens is told",
    "person_pressure": "a lock without content",
    "withdrawal": "how workers learn of an opt-out; the opt-out itself is told",
}
_README = """\
This is everything on record about you. `everything.json` holds all of it; the other files hold the
same, each a part, for a spreadsheet.

customer      who you are to us, and how you can be reached
allows        what you allow now
consents      each agreement and each opt-out, with the very words you were shown, and its proof
campaigns     each campaign that met you: what was decided, why, and whom it was meant for
decisions     the same, decision by decision
messages      what was sent to you
replies       what you wrote to us, and how it was understood
letters       mail of yours that somebody here has still to read
unconfirmed   what you asked for and have not confirmed yet
answers       what you were answered
questions     what you were asked by text, and what you said
redeemed      codes of offers that you told us you have used
suppressions  which of your addresses get nothing, and why
holds         what offers waited for
counted       the offers that count against your limits
setbacks      what was taken as a sign that an offer was not welcome
signals       what you did about products, as far as reminders ask for it
sources       the files in which you came to us
recipients    who carried messages to you
acts          what our people did about you
"""
# What everything of one campaign version is written on.
Paper = Callable[[CampaignVersion], Letterhead]
_AGAIN = (
    "made again from version {} with what is known of you today; what has changed since is "
    "different here"
)


class Sent(NamedTuple):
    """A message that was handed over. `made` says where the text below comes from."""

    wave_id: int
    campaign: str
    at: datetime | None
    channel: str
    gateway: str
    subject: str
    text: str
    made: str


def export(
    conn: Connection,
    person: Person,
    book: RuleBook,
    links: Links,
    now: datetime | None = None,
    programme: Programme | None = None,
) -> dict[str, bytes]:
    """Give everything about a person: file name -> content, as JSON and as CSV."""
    data = collect(conn, person, book, links, now, programme)
    return {"README.txt": _README.encode(), **written(data)}


def collect(
    conn: Connection,
    person: Person,
    book: RuleBook,
    links: Links,
    now: datetime | None = None,
    programme: Programme | None = None,
) -> dict[str, Any]:
    """Give everything about a person, part by part; what they allow is named as it is at `now`."""
    told = explain(conn, person, book, programme=programme)
    say, paper = choose(person.language), partial(letterhead, links=links, programme=programme)
    told = with_states(conn, told, now) if now else told
    kept = exports.in_sandbox(conn, person.id)
    return {
        **on_record(told),
        "since": exports.added_at(conn, person.id),
        "campaigns": [_campaign(conn, story, say) for story in told.stories],
        "messages": [
            _sent(_content(conn, story, told, paper, kept), story) for story in _handed_over(told)
        ],
        "counted": exports.counted(conn, person.id),
        "last_heard_of": exports.last_heard_of(conn, person.id),
        "asked_at": exports.asked_at(conn, person.id),
        "questions": exports.questions(conn, person.id),
        "redeemed": exports.redeemed(conn, person.id),
        "unconfirmed": exports.unconfirmed(conn, person.id),
        "letters": exports.letters(conn, person.id),
        "setbacks": exports.setbacks(conn, person.id),
        "sources": exports.sources(conn, person.id),
        "recipients": _recipients(told),
        "erasure": erasures.receipt_of(conn, person.id),
    }


def on_record(told: Explanation) -> dict[str, Any]:
    """Give what `explain` knows of a person, for programs."""
    return {
        "customer": person_data(told.person),
        "allows": told.standings,
        "consents": told.consents,
        "ledger_faults": told.faults,
        "suppressions": told.suppressions,
        "holds": told.holds,
        "signals": told.signals,
        "campaigns": told.stories,
        "replies": told.replies,
        "answers": told.answers,
        "acts": told.acts,
    }


def person_data(person: Person) -> dict[str, Any]:
    """Give a person for programs; digests are ours and mean nothing to anybody else."""
    data = asdict(person)
    for address in data["addresses"]:
        for name in ("digest", "digest_wide", "bucket"):
            del address[name]
    return data


def in_words(audience: Audience) -> str:
    """Say whom a campaign is meant for."""
    said = [f"people who agreed to hear about {audience.topic}"]
    if audience.languages:
        said.append(f"whose language is {_or(audience.languages)}")
    if audience.countries:
        said.append(f"who live in {_or(audience.countries)}")
    said += [f"whose {name} is {_or(values)}" for name, values in audience.attributes.items()]
    return ", ".join(said)


def _or(values: Sequence[str]) -> str:
    return " or ".join(values)


def _campaign(conn: Connection, story: Story, say: Words) -> dict[str, Any]:
    """Give what a campaign did about the person, with its reasons and its audience in words."""
    spec = campaigns.load_version(conn, story.version_id).spec
    data = asdict(story)
    data["decisions"] = [
        {**line._asdict(), "meaning": say(f"reason.{line.reason}")} for line in story.decisions
    ]
    meaning = say(f"reason.{story.reason}") if story.reason else ""
    return {**data, "meaning": meaning, "meant_for": in_words(spec.audience)}


def _handed_over(told: Explanation) -> list[Story]:
    return [story for story in told.stories if story.state in CAME]


def _sent(content: tuple[str, str, str], story: Story) -> Sent:
    subject, words, made = content
    return Sent(
        wave_id=story.wave_id,
        campaign=story.campaign,
        at=story.settled_at or story.decided_at,
        channel=story.channel,
        gateway=story.gateway,
        subject=subject,
        text=words,
        made=made,
    )


def _content(
    conn: Connection, story: Story, told: Explanation, paper: Paper, kept: Mapping[int, bytes]
) -> tuple[str, str, str]:
    """Give subject and text: as they went into the sandbox, else made once more."""
    if story.wave_id in kept:
        return *_read(Channel(story.channel), kept[story.wave_id]), "as it went into the sandbox"
    version = campaigns.load_version(conn, story.version_id)
    stood = stood_on(conn, told.person.id, [story.wave_id])[story.wave_id]
    return _again(version, story, told.person, paper, ground_on_record(stood, version))


def _again(
    version: CampaignVersion, story: Story, person: Person, paper: Paper, ground: Ground
) -> tuple[str, str, str]:
    """Make a message once more. Its words are pinned; what was known of the person is not."""
    channel = Channel(story.channel)
    at = person.address(channel)
    addressee = Addressee(
        DeliveryKey(story.wave_id, person.id, 1),
        at.address if at else "",
        person.language,
        person.attributes,
        ground,
    )
    compiled = compile_template(version.template, paper(version))
    now = story.decided_at or datetime.fromtimestamp(0, UTC)
    (made,) = render_batch(compiled, channel, [addressee], now)
    if not isinstance(made, Message):
        return "", "", f"cannot be made again: {made.reason} {made.detail}".strip()
    return *_read(channel, made.content), _AGAIN.format(version.no)


def _read(channel: Channel, content: bytes) -> tuple[str, str]:
    if channel is Channel.SMS:
        return "", content.decode("utf-8", "replace")
    mail = email.message_from_bytes(content, policy=email.policy.default)
    body = mail.get_body(("plain", "html"))
    return str(mail["subject"]), str(body.get_content()) if body else ""


def _recipients(told: Explanation) -> list[dict[str, str]]:
    """Name who carried messages to the person: each gateway got the address and the text."""
    found = {(line.gateway, line.channel) for story in told.stories for line in story.attempts}
    return [{"gateway": gateway, "channel": channel} for gateway, channel in sorted(found)]
