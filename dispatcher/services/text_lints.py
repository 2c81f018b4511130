"""Looks over texts to phones before they cost anything: what law forbids, and what is bad manners.

What is against a law or gets a sender blocked is a mistake of the campaign, the rest is a note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import NamedTuple

from dispatcher.campaign_files.reader import CampaignFile
from dispatcher.campaign_files.sms_words import BAIT, SHORTENERS, TRADES
from dispatcher.domain.campaigns import CampaignSpec, TemplateSource
from dispatcher.domain.gsm7 import Encoding, count, forced_by, smarten
from dispatcher.domain.messages import Channel
from dispatcher.errors import CampaignError
from dispatcher.rendering.filled import Said, texts
from dispatcher.resources import texting_file
from dispatcher.rules.texting import Named, TextLaw, is_name, law_of, parse
from dispatcher.services.jurisdictions import shipped

_FEW = 3  # characters that force UCS-2 and could be changed one by one
_DLT_VALUE = 30  # letters that India allows for what is filled in

_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)
_HOST = re.compile(r"(?:https?://)?(?:[^/@\s]*@)?([^/:?#\s]+)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w/.])\+?\d(?:[\d ().-]{6,}\d)(?!\w)")
_BY_NUMBER = re.compile(r"\bSTOP\s+(?:to|au|an|al|a|ao|para|en)\s+\+?\d[\d ]{2,}", re.IGNORECASE)
_FUSED = re.compile(r"\bSTOP\d\w*", re.IGNORECASE)
_OUR_WAY_OUT = ("unsubscribe_url", "preferences_url")


class Lint(NamedTuple):
    """One thing seen. `path`: the text in the template, "" for the campaign file's `field`."""

    law: bool
    path: str
    told: str
    line: int = 1
    column: int = 0
    field: str = ""


def problems(file: CampaignFile, template: TemplateSource, root: str) -> Iterator[CampaignError]:
    """Find what may not be sent: against a law of a country named, or sure to be blocked."""
    for lint in lints(file.spec, template, file.spec.audience.countries):
        if lint.law and lint.path:
            yield CampaignError(
                f"{root}/{lint.path}", lint.line, lint.told, lint.field, lint.column
            )
        elif lint.law:
            yield file.problem(("brand", lint.field), lint.told)


def notices(file: CampaignFile, template: TemplateSource) -> Iterator[str]:
    """Tell what is allowed and yet unwise."""
    for lint in lints(file.spec, template, file.spec.audience.countries):
        if not lint.law:
            yield _written(lint, template)


def abroad(spec: CampaignSpec, template: TemplateSource, countries: Iterable[str]) -> Iterator[str]:
    """Tell what countries ask that the file does not name, but whose numbers it would reach."""
    others = sorted({*countries} - {*spec.audience.countries})
    for law in _laws(others):
        for lint in _of_country(spec, template, law):
            yield _written(lint, template)


def _written(lint: Lint, template: TemplateSource) -> str:
    at = f"{template.name}/{lint.path}:{lint.line}:{lint.column}: " if lint.path else ""
    return f"{at}{lint.told}"


def lints(spec: CampaignSpec, template: TemplateSource, countries: Iterable[str]) -> Iterator[Lint]:
    """Look over every text that a campaign sends to phones, by what these countries ask."""
    if Channel.SMS not in spec.channels:
        return
    for said in texts(spec, template):
        for look in (_links, _bait, _trades, _fused, partial(_strange_links, spec)):
            yield from look(said)
        yield from _forced(said, smart=template.smart_encoding)
    yield from _way_out(spec, template)
    for law in _laws(countries):
        yield from _of_country(spec, template, law)


@cache
def _asked() -> Mapping[str, Mapping[str, object]]:
    return parse(texting_file().read_bytes())


def _laws(countries: Iterable[str]) -> list[TextLaw]:
    return [law_of(country, shipped(), _asked()) for country in countries]


def _lint(said: Said, law: bool, at: int, told: str) -> Lint:
    return Lint(law, said.path, told, *said.place(at))


def _links(said: Said) -> Iterator[Lint]:
    found = list(_LINK.finditer(said.text))
    for link in found:
        if _host(link[0]) in SHORTENERS:
            told = "operators block public shorteners; write your own domain's address"
            yield _lint(said, True, link.start(), f'"{link[0]}": {told}')
        elif not link[0].lower().startswith("https://"):
            yield _lint(said, True, link.start(), f'"{link[0]}" is not safe; write https://')
    for link in found[1:]:
        told = f'"{link[0]}" is a second link; one a text is enough'
        yield _lint(said, False, link.start(), told)


def _strange_links(spec: CampaignSpec, said: Said) -> Iterator[Lint]:
    home = spec.brand.email.rpartition("@")[2].lower()
    for link in _LINK.finditer(said.text):
        host = _host(link[0])
        own = host == home or host.endswith(f".{home}") or home.endswith(f".{host}")
        if not own and host not in SHORTENERS:
            told = f"does not lead to {home}, which people know the brand by"
            yield _lint(said, False, link.start(), f'"{link[0]}" {told}')


def _host(link: str) -> str:
    found = _HOST.match(link)
    return found[1].lower().removeprefix("www.") if found else ""


def _bait(said: Said) -> Iterator[Lint]:
    for what, pattern in BAIT.items():
        for found in pattern.finditer(said.text):
            told = f'"{found[0]}" {what}, which an offer is not; say what is on offer'
            yield _lint(said, True, found.start(), told)


def _trades(said: Said) -> Iterator[Lint]:
    for trade, found in _traded(said):
        told = f"this speaks of {trade}: operators ask for a cleared sender and for people's age"
        yield _lint(said, False, found.start(), f'"{found[0]}": {told}')


def _traded(said: Said) -> Iterator[tuple[str, re.Match[str]]]:
    for trade, pattern in TRADES.items():
        found = pattern.search(said.text)
        if found is not None:
            yield trade, found


def _forced(said: Said, *, smart: bool) -> Iterator[Lint]:
    """Show the few characters that make a text dearer, which nobody sees."""
    text = smarten(said.text) if smart else said.text
    found = list(forced_by(text))
    chars = list(dict.fromkeys(each.char for each in found))
    if not chars or len(chars) > _FEW:
        return
    size, bare = count(text), count("".join(char for char in text if char not in chars))
    if bare.encoding is Encoding.GSM7 and bare.parts < size.parts:
        listed = " ".join(f'"{char}"' for char in chars)
        told = f"{listed} makes {size.parts} parts of this text; without it there are {bare.parts}"
        yield _lint(said, False, max(said.text.find(chars[0]), 0), told)


def _fused(said: Said) -> Iterator[Lint]:
    for found in _FUSED.finditer(said.text):
        told = f'"{found[0]}" is not understood by everybody; write STOP, then a space'
        yield _lint(said, False, found.start(), told)


def _way_out(spec: CampaignSpec, template: TemplateSource) -> Iterator[Lint]:
    sender = spec.brand.sms_sender
    shut = [said for said in texts(spec, template) if not _leads_out(said)]
    if is_name(sender) and shut:
        told = f'nobody can answer "{sender}", which is a name, so STOP reaches nobody: say'
        told = f"{told} STOP to a number, or show {{{{ unsubscribe_url }}}}"
        yield _lint(shut[0], False, max(shut[0].text.find("STOP"), 0), told)


def _leads_out(said: Said) -> bool:
    ours = any(name in said.names for name in _OUR_WAY_OUT)
    return ours or _BY_NUMBER.search(said.text) is not None


def _of_country(spec: CampaignSpec, template: TemplateSource, law: TextLaw) -> Iterator[Lint]:
    yield from _sender(spec.brand.sms_sender, law)
    for said in texts(spec, template):
        if not spec.policy.reconfirms:
            yield from _labels(said, law)
        yield from _cleared(said, law)
        yield from _blocked(said, law)
        if law.way_out and is_name(spec.brand.sms_sender) and not re.search(law.way_out, said.text):
            told = f'{law.name}: a text whose sender is a name says "{law.way_out_said}"'
            yield _lint(said, True, len(said.text), told)
    if law.country == "IN":
        yield from _too_long_for_dlt(template)


def _sender(sender: str, law: TextLaw) -> Iterator[Lint]:
    at = partial(Lint, True, "", field="sms_sender")
    if not is_name(sender):
        if sender.startswith(law.barred or ("no number",)):
            yield at(f"{law.name}: numbers like {sender} may not send offers; take a name")
        elif law.number:
            yield Lint(False, "", f"{law.name}: {sender} has to be {law.number}")
        return
    if law.named is Named.NO:
        yield at(f'{law.name}: a name such as "{sender}" may not be the sender; take a number')
        return
    if law.named is Named.REGISTERED:
        where = f" with {law.register}" if law.register else ""
        so = f", else it is {law.unregistered}" if law.unregistered else ""
        yield Lint(False, "", f'{law.name}: "{sender}" has to be registered{where}{so}')
    if law.sender_prefix and not sender.lower().startswith(law.sender_prefix.lower()):
        yield at(f'{law.name}: the sender of an offer begins with "{law.sender_prefix}"')
    if law.sender_suffix and not sender.lower().endswith(law.sender_suffix.lower()):
        yield at(f'{law.name}: the sender of an offer ends with "{law.sender_suffix}"')


def _labels(said: Said, law: TextLaw) -> Iterator[Lint]:
    if law.labels and not said.text.lstrip().startswith(law.labels):
        wanted = " or ".join(f'"{label.strip()}"' for label in law.labels)
        told = f"{law.name}: the text of an offer begins with {wanted}"
        yield _lint(said, True, 0, f"{told}; a campaign of its own for that country can say so")


def _cleared(said: Said, law: TextLaw) -> Iterator[Lint]:
    for found in (*_LINK.finditer(said.text), *_NUMBER.finditer(said.text)) if law.cleared else ():
        told = f'{law.name}: "{found[0]}" is blocked unless the operators have cleared it'
        yield _lint(said, False, found.start(), told)


def _blocked(said: Said, law: TextLaw) -> Iterator[Lint]:
    for trade, found in _traded(said):
        if trade in law.blocked:
            told = f"{law.name}: no operator delivers texts about {trade}; leave the country out"
            yield _lint(said, True, found.start(), f'"{found[0]}": {told}')


def _too_long_for_dlt(template: TemplateSource) -> Iterator[Lint]:
    for name, value in template.sample.items():
        if "." not in name and len(value) > _DLT_VALUE:
            told = f"India: {name} may fill {_DLT_VALUE} letters of a registered template"
            yield Lint(True, "offer.toml", f"{told}, but the sample has {len(value)}", 1, 0, name)
