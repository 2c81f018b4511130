"""Validate: a campaign file read and checked against templates and gateways, before approval."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from dispatcher.campaign_files.keys import KEYS
from dispatcher.campaign_files.reader import CampaignFile, read
from dispatcher.campaign_files.syntax import MAX_BYTES
from dispatcher.campaign_files.table import MOST_TOLD
from dispatcher.campaign_files.urgency import claims, untrue
from dispatcher.domain.campaigns import TemplateSource
from dispatcher.domain.gsm7 import count
from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.messages import Channel
from dispatcher.domain.routes import Way, route, serving
from dispatcher.errors import CampaignError, CampaignErrors
from dispatcher.rendering import check, load
from dispatcher.rendering.revealed import Place, place_of
from dispatcher.rendering.source import languages
from dispatcher.rules.texting import barred, is_name
from dispatcher.services import disclosure, jurisdictions, text_lints
from dispatcher.services.known_facts import shipped

_TAG = re.compile(r"\{[%#].*?[%#]\}\n?", re.DOTALL)
_FILLED = re.compile(r"\{\{.*?\}\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Workbench:
    """What campaign files may speak of: template folders, the first that has it wins; gateways.

    `gateways` maps each configured gateway to its channel, `prices` what a part costs there.
    `facts` are those the programme declares of people. `tables`: the national ones of GSM-7 that
    a gateway can send texts in. `ways`: the gateways as routing sees them.
    """

    templates: Sequence[Path]
    gateways: Mapping[str, Channel]
    prices: Mapping[str, float] = field(default_factory=dict)
    facts: KnownFacts = field(default_factory=shipped)
    tables: Mapping[str, Collection[National]] = field(default_factory=dict)
    ways: Sequence[Way] = ()

    def gateway(self, file: CampaignFile, channel: Channel) -> str:
        """Give the gateway a file uses first on a channel: the one it names, else by its route."""
        return file.spec.gateways.get(channel) or self.first(channel, file.spec.brand.id)

    def first(self, channel: Channel, brand: str) -> str:
        """Give the gateway that goes first for a brand, to people of no place in particular."""
        if not self.ways:
            return next((name for name, at in self.gateways.items() if at is channel), "")
        ways = serving(self.ways, channel, brand)
        return next(iter(route(ways, lambda _: False, lambda _: 0.5)), "")


@dataclass(frozen=True, slots=True)
class Checked:
    """A campaign without a known mistake: the file, and the words of its template."""

    file: CampaignFile
    template: TemplateSource


def validate(path: Path, bench: Workbench) -> Checked:
    """Read a file and check all it speaks of; raises CampaignErrors with everything at once."""
    file = read(_bytes(path), str(path))
    problems = list(_gateways(file, bench))
    template = None
    try:
        template = _template(file, bench)
    except CampaignError as error:
        problems += error.problems if isinstance(error, CampaignErrors) else [error]
    except OSError as error:
        told = f"the template cannot be read: {error.filename}: {error.strerror}"
        problems.append(file.problem(("campaign", "template"), told))
    if problems or template is None:
        raise CampaignErrors(problems)
    noted = (*file.notices, *text_lints.notices(file, template))
    return Checked(replace(_pinned(file, bench, template), notices=noted), template)


def _pinned(file: CampaignFile, bench: Workbench, template: TemplateSource) -> CampaignFile:
    """Name what may not change by itself after approval: prices, whose consent counts, senders."""
    chosen = {channel: bench.gateway(file, channel) for channel in file.spec.channels}
    worth = file.spec.policy.worth
    if worth is not None:
        prices = {at: bench.prices.get(name, 0.0) for at, name in chosen.items()}
        worth = replace(
            worth,
            email_price=prices.get(Channel.EMAIL, 0.0),
            sms_price=prices.get(Channel.SMS, 0.0) * _parts(template),
        )
    own = bench.facts.sensitive(file.spec.audience.topic)
    named = Channel.SMS in chosen and is_name(file.spec.brand.sms_sender)
    policy = replace(
        file.spec.policy,
        worth=worth,
        own_consent=own,
        barred_countries=barred(jurisdictions.shipped()) if named else (),
    )
    return replace(file, spec=replace(file.spec, policy=policy))


def _parts(template: TemplateSource) -> int:
    """Guess the parts of the longest text, a word of ten letters standing for what is filled in."""
    texts = [words for name, words in template.texts.items() if name.endswith("/sms.txt")]
    bare = [_FILLED.sub("x" * 10, _TAG.sub("", words)).strip() for words in texts]
    return max((count(words).parts for words in bare), default=1)


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise CampaignErrors([CampaignError(path, 1, "this is a folder, not a campaign file")])
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        told = "there is no such file; is the name spelt right?"
    except OSError as error:
        told = f"this file cannot be read: {error.strerror}"
    raise CampaignErrors([CampaignError(path, 1, told)])


def _gateways(file: CampaignFile, bench: Workbench) -> Iterator[CampaignError]:
    for channel, name in file.spec.gateways.items():
        if bench.gateways.get(name) is not channel:
            yield file.problem(("gateways", channel.value), _other_gateway(name, channel, bench))
        elif bench.ways and name not in {each.name for each in _serving(file, channel, bench)}:
            told = f"the gateway {name} is not for the brand {file.spec.brand.id}"
            yield file.problem(("gateways", channel.value), told)
    for channel in file.spec.channels:
        if not bench.gateway(file, channel):
            told = f"no gateway for {channel} is configured; `dispatcher doctor` shows how"
            if channel in bench.gateways.values():
                told = f"no gateway for {channel} is for the brand {file.spec.brand.id}"
            yield file.problem(("campaign", "channels"), told)


def _serving(file: CampaignFile, channel: Channel, bench: Workbench) -> list[Way]:
    return serving(bench.ways, channel, file.spec.brand.id)


def _other_gateway(name: str, channel: Channel, bench: Workbench) -> str:
    there = sorted(known for known, serves in bench.gateways.items() if serves is channel)
    listed = f"for {channel} there is {', '.join(there)}" if there else f"none serves {channel}"
    if name in bench.gateways:
        return f"the gateway {name} does not serve {channel}; {listed}"
    return f"there is no gateway {name}; {_meant(name, there) or listed}"


def _template(file: CampaignFile, bench: Workbench) -> TemplateSource:
    name = file.spec.template
    folder = next((at / name for at in bench.templates if (at / name).is_dir()), None)
    if folder is None:
        raise CampaignErrors([file.problem(("campaign", "template"), _other_template(name, bench))])
    template = load(folder)
    lacking = list(_lacking(file, template))
    spec = file.spec
    problems = check(
        template,
        spec.audience.languages,
        spec.channels,
        root=str(folder),
        brand=spec.brand,
        offer=None if lacking else spec.offer,
        reconfirms=spec.policy.reconfirms,
    )
    problems += [*lacking, *_untrue(file, template, folder)]
    problems += text_lints.problems(file, template, str(folder))
    told = {(problem.path, problem.line, problem.field) for problem in problems}
    words = disclosure.Words(file, template, str(folder))
    for problem in islice(disclosure.problems(words, bench.facts), MOST_TOLD):
        if (problem.path, problem.line, problem.field) not in told:
            problems.append(problem)
    if problems:
        raise CampaignErrors(problems)
    return template


def _other_template(name: str, bench: Workbench) -> str:
    there = sorted({folder.name for at in bench.templates for folder in _folders(at)})
    listed = f"there are {', '.join(there)}" if there else "there are no templates at all"
    return f"there is no template {name}; {_meant(name, there) or listed}"


def _folders(at: Path) -> list[Path]:
    return [folder for folder in at.iterdir() if folder.is_dir()] if at.is_dir() else []


def _meant(name: str, there: Sequence[str]) -> str:
    near = get_close_matches(name, there, 1)
    return f'did you mean "{near[0]}"?' if near else ""


def _lacking(file: CampaignFile, template: TemplateSource) -> Iterator[CampaignError]:
    """Find the offer's words a template shows, by its sample, that the file leaves empty."""
    offer = file.spec.offer
    said = {key: getattr(offer, key) for key in ("name", "headline", "code", "url", "value")}
    said |= offer.fields
    for name, example in template.sample.items():
        key = name.removeprefix("offer.")
        if key == name or said.get(key) or not _read_by_somebody(key, file, template):
            continue
        table = ("offer",) if key in KEYS["offer"] else ("offer", "fields")
        told = f'the template {template.name} shows this too; write: {key} = "{example}"'
        yield file.problem((*table, key), told)


def _read_by_somebody(key: str, file: CampaignFile, template: TemplateSource) -> bool:
    """Tell whether the audience may read this word: "ends_on_fr" is only for French."""
    plain, _, language = key.rpartition("_")
    if f"offer.{plain}" not in template.sample or language not in languages(template):
        return True
    wanted = file.spec.audience.languages
    return not wanted or any(tag.partition("-")[0] == language for tag in wanted)


def _untrue(file: CampaignFile, template: TemplateSource, folder: Path) -> Iterator[CampaignError]:
    """Texts must be true (RCW 19.190.020); what the offer puts into them was checked before."""
    policy = file.spec.policy
    for name, words in sorted(template.texts.items()):
        told = untrue(words, policy.starts_at, policy.ends_at)
        if told and (name.endswith("/subject.txt") or "pretends" not in told):
            place = next(claim.place for claim in claims(words) if claim.words in told)
            yield CampaignError(folder / name, *_at(place_of(words, place), told))


def _at(place: Place, told: str) -> tuple[int, str, str, int]:
    return place.line, told, "", place.column
