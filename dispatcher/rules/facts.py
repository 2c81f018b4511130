"""Facts: what the rules saw of a person, as one short line without address or merge field.

    3|now|who|places|zone|own hours|suppressed|consent|promised|context|ignored|asked|interest|
    bucket|attempts|held since|contacts

`who` is the channel's first letter, then `a` (there is an address), `d` (deliverable), `i` (in the
audience). `places` are the codes of jurisdictions with dots between. `zone` is a name, or `*` and
two digits for each clock of those possible. After `own hours` come own weekdays, `:12345`, and the
hours agreed to by own hand, `;KR 0-1440=event`. `consent` is its first letter, a capital if only
one to every topic gives it, then its kind (`w` express and written, `g` express, none of these if
it is a word of the person's own), `!` if used up, after `-` when one that ends was given, and after
`~` since when the person is silent, if a year or more (hex seconds); where people are asked to stay
both stand always, and after `^` when the person was asked, about this consent and about any.
`promised` is what holds for
the topic, then `+` and what holds for all topics, then `+` and the person's own most. `context` is
the flag that holds and the second it ends at. `asked` is the second in which the person asked for
an offer, while none has answered that. `interest` is when the product was seen, why that is over,
reminders of it, and the ages of all reminders. A contact is its channel's first letter, a capital
if of the campaign's own brand, `=` if it may have the same subject, `~` if it is of the same offer,
`?` if it was asked for, and its age in seconds (hex).
Person and consent event are columns of the decision itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import ceil, inf, isinf

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consent_terms import ENDING, YEAR
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.customers import Agreed, Asks, Contact, Interest, Recipient
from dispatcher.domain.messages import Channel
from dispatcher.domain.policies import CapScope, Policy
from dispatcher.rules.asked_for import answer_until
from dispatcher.rules.echo import echo, heard_elsewhere, same_offer
from dispatcher.rules.frequency_cap import Full, filling, same_subject, used_up
from dispatcher.rules.holding import HOUR
from dispatcher.rules.hours import DAY, distinct, readable
from dispatcher.rules.jurisdictions import Law, is_code
from dispatcher.rules.zone_codes import code_of, zone_of

LIMIT = 200
_ADDRESS = "(known)"
_LETTERS = {channel: channel[0] for channel in Channel}
_CAPITALS = {channel: letter.upper() for channel, letter in _LETTERS.items()}
_CHANNELS = {letter: channel for channel, letter in _LETTERS.items()}
_CONSENTS = {state: state[0] for state in ConsentState}
_STATES = {letter: state for state, letter in _CONSENTS.items()}
_SPECIAL: Mapping[str, str] = {
    ConsentKind.TCPA_PEWC: "w",
    ConsentKind.TCPA_PEC: "t",
    ConsentKind.CASL_IMPLIED_PURCHASE: "p",
    ConsentKind.CASL_IMPLIED_INQUIRY: "q",
    ConsentKind.CASL_IMPLIED_PUBLISHED: "b",
    ConsentKind.CASL_REFERRAL: "r",
    ConsentKind.SOFT_OPT_IN: "s",
    ConsentKind.KR_AD_CONSENT: "k",
    ConsentKind.ASK_ONCE: "o",
    ConsentKind.LEGITIMATE_INTEREST_B2B: "l",
    ConsentKind.US_CANSPAM_NOTICE: "u",
}
_KINDS: Mapping[str, str] = {**dict.fromkeys(ConsentKind, "g"), **_SPECIAL}
_GROUNDS = {"": "", "g": ConsentKind.GDPR_CONSENT} | {
    letter: kind for kind, letter in _SPECIAL.items()
}


def record(person: Recipient, policy: Policy, now: float, law: Law) -> str:
    """Write down what the rules see of a person at `now`, in at most 200 bytes."""
    who = (
        _LETTERS[person.channel]
        + ("a" if person.address else "")
        + ("d" if person.deliverable else "")
        + ("i" if person.in_audience else "")
    )
    agreed = _agreed(person.agreed) if person.agreed else ""
    days = f":{person.days}" if person.days else ""
    head = (
        f"3|{_instant(now)}|{who}|{_places(person.jurisdictions)}|{_zone(person, now)}|"
        f"{person.hours_from}-{person.hours_until}{days}{agreed}|"
        f"{_word(person.suppressed, 24) if person.suppressed else ''}|"
        f"{_consent(person, now)}|{_promised(person)}|"
        f"{_context(person) if person.context else ''}|{person.ignored or ''}|"
        f"{int(person.asked_at) if person.asked_at and answer_until(person) else ''}|"
        f"{_interest(person.interest, now) if person.interest else ''}|"
        f"{person.bucket}|{person.attempts}|{int(person.held_since)}|"
    )
    if not person.contacts:
        return head
    line = head + _contacts(person.contacts, policy, now)
    return line if len(line) <= LIMIT else head + _deciding(person, policy, now, law)


def recall(facts: str, policy: Policy) -> tuple[Recipient, float]:
    """Read a recorded line: the person as the rules saw them, and the instant."""
    _, at, who, places, zone, own, suppressed, state, *more = facts.split("|")
    promised, context, ignored, asked, interest, bucket, attempts, held, contacts = more
    now = float(at)
    own, *agreed = own.split(";")
    own, _, days = own.partition(":")
    hours_from, hours_until = own.split("-")
    flag, _, until = context.partition(" ")
    by_topic, in_all, own_most, *_ = [*promised.split("+"), "", ""]
    state, _, asks = state.partition("^")
    kind, used, given, heard_at = _read_ground(state[1:])
    person = Recipient(
        customer_id=0,
        channel=_CHANNELS[who[0]],
        address=_ADDRESS if "a" in who[1:] else "",
        deliverable="d" in who,
        language="",
        country="",
        zone="" if zone.startswith("*") else zone,
        zones=_zones(zone[1:]) if zone.startswith("*") else (),
        hours_from=int(hours_from),
        hours_until=int(hours_until),
        suppressed=suppressed,
        consent=_STATES[state[0].lower()],
        consent_event=0,
        contacts=_read_contacts(contacts, policy, now),
        bucket=int(bucket),
        in_audience="i" in who,
        attempts=int(attempts),
        fields={},
        held_since=float(held),
        jurisdictions=tuple(places.split(".")) if places else (),
        promised=int(by_topic or 0),
        promised_in_all=int(in_all or 0),
        consent_in_all=state[0].isupper(),
        context=flag,
        context_until=float(until or 0),
        ignored=int(ignored or 0),
        agreed=tuple(map(_read_agreed, agreed)),
        most_a_month=int(own_most or 0),
        asked_at=float(asked or 0),
        interest=_read_interest(interest, now) if interest else None,
        days=days,
        consent_kind=kind,
        consent_used=used,
        consent_since=given,
        heard_at=heard_at,
        asks=_read_asks(asks) if asks else None,
    )
    return person, now


# A batch is decided on in one instant.
_instant = lru_cache(maxsize=8)(repr)


@lru_cache(maxsize=1 << 10)
def _places(jurisdictions: tuple[str, ...]) -> str:
    return ".".join(code if is_code(code) else "?" for code in jurisdictions)


def _consent(person: Recipient, now: float) -> str:
    ground = _ground(person.consent, person.consent_in_all, person.consent_kind)
    if person.asks is not None:
        return ground + _term(person, person.asks)
    if now - person.heard_at < YEAR and ground[-1] not in "pqro":
        return ground
    ground += "!" if person.consent_used else ""
    ground += f"-{int(person.consent_since):x}" if person.consent_kind in ENDING else ""
    return ground + (f"~{int(person.heard_at):x}" if now - person.heard_at >= YEAR else "")


def _term(person: Recipient, asks: Asks) -> str:
    heard = "" if isinf(person.heard_at) else f"~{int(person.heard_at):x}"
    used, given = "!" if person.consent_used else "", int(person.consent_since)
    return f"{used}-{given:x}{heard}^{ceil(asks.for_this):x},{ceil(asks.for_any):x}"


def _read_asks(text: str) -> Asks:
    for_this, for_any = text.split(",")
    return Asks(float(int(for_this, 16)), float(int(for_any, 16)))


@lru_cache(maxsize=1 << 8)
def _ground(state: ConsentState, in_all: bool, kind: str) -> str:
    letter = _CONSENTS.get(state, "n")
    return (letter.upper() if in_all else letter) + _KINDS.get(kind, "")


def _read_ground(text: str) -> tuple[str, bool, float, float]:
    """Give kind, whether it is used up, when it was given, and since when the person is silent."""
    text, _, heard = text.partition("~")
    text, _, given = text.partition("-")
    kind, used, _ = text.partition("!")
    silent_since = float(int(heard, 16)) if heard else inf
    return _GROUNDS[kind], bool(used), float(int(given or "0", 16)), silent_since


def _promised(person: Recipient) -> str:
    own, in_all, most = person.promised, person.promised_in_all, person.most_a_month
    if not (in_all or most):
        return str(own or "")
    return f"{own or ''}+{in_all or ''}" + (f"+{most}" if most else "")


def _agreed(agreed: tuple[Agreed, ...]) -> str:
    return "".join(
        f";{_word(each.jurisdiction, 6)} {each.opens}-{each.closes}={each.event}" for each in agreed
    )


def _read_agreed(text: str) -> Agreed:
    jurisdiction, _, rest = text.partition(" ")
    hours, _, event = rest.partition("=")
    opens, closes = hours.split("-")
    return Agreed(jurisdiction, int(opens), int(closes), int(event))


def _interest(interest: Interest, now: float) -> str:
    ages = ",".join(f"{int(now) - ceil(at):x}" for at in interest.reminders)
    ended = _word(interest.ended, 16)
    return f"{ceil(interest.seen_at)} {ended} {interest.reminded_of_it} {ages}"


def _read_interest(text: str, now: float) -> Interest:
    seen_at, ended, of_it, ages = text.split(" ")
    reminders = tuple(float(int(now) - int(age, 16)) for age in ages.split(",") if age)
    return Interest(float(seen_at), ended, int(of_it), reminders)


def _context(person: Recipient) -> str:
    until = person.context_until
    return f"{_word(person.context, 24)} {until if isinf(until) else ceil(until)}"


def _contacts(contacts: tuple[Contact, ...], policy: Policy, now: float) -> str:
    second = int(now)
    return ",".join(
        [f"{_marks(contact, policy)}{second - ceil(contact.at):x}" for contact in contacts]
    )


def _marks(contact: Contact, policy: Policy) -> str:
    marks = _letter(contact.channel, contact.brand == policy.brand)
    if same_subject(contact.subject, policy.subject):
        marks += "="
    if same_offer(contact, policy):
        marks += "~"
    return f"{marks}?" if contact.asked else marks


def _letter(channel: Channel, own_brand: bool) -> str:
    return _CAPITALS[channel] if own_brand else _LETTERS[channel]


def _deciding(person: Recipient, policy: Policy, now: float, law: Law) -> str:
    """Write only what the verdict hangs on, of more contacts than fit.

    That is the one that makes an echo; else the newest, if no cap is used up; else those that use
    up the fullest cap, each by its own channel and as old as the oldest of them. What that cap does
    not ask for is left out, and they only get older: so no other cap can refuse for longer than it
    did. Where the verdict rests on two caps, whoever counts for both is as old as the younger of
    the two: so neither refuses for shorter.
    """
    heard = heard_elsewhere(person, policy)
    if heard is not None and echo(person, policy, now) is not None:
        return _contacts((heard,), policy, now)
    full = used_up(person, policy, now, law)
    if not full or isinf(full[-1].until):
        return _contacts((max(person.contacts, key=lambda contact: contact.at),), policy, now)
    first, last = full[0], full[-1]
    ours, theirs = (
        Counter(filling(each.cap, each.weight, person, policy)) for each in (first, last)
    )
    written: Counter[str] = Counter()
    for caps, contacts in (
        ((first, last), ours & theirs),
        ((first,), ours - theirs),
        ((last,), theirs - ours),
    ):
        for contact, times in contacts.items():
            written[_counting_for(caps, contact, now)] += times
    return ",".join(f"{entry}*{times}" for entry, times in written.items())


def _counting_for(caps: tuple[Full, ...], contact: Contact, now: float) -> str:
    """Write a contact as these caps need to see it."""
    scopes = {full.cap.scope for full in caps}
    marks = "=" if CapScope.SUBJECT in scopes else ""
    marks += "?" if contact.asked else ""
    at = max(full.until - full.cap.hours * HOUR for full in caps)
    return f"{_letter(contact.channel, CapScope.BRAND in scopes)}{marks}{int(now) - int(at):x}"


def _read_contacts(text: str, policy: Policy, now: float) -> tuple[Contact, ...]:
    contacts: list[Contact] = []
    for entry in text.split(",") if text else ():
        letter, age = entry[0], entry[1:].lstrip("=~?")
        age, _, times = age.partition("*")
        contact = Contact(
            float(int(now) - int(age, 16)),
            _CHANNELS[letter.lower()],
            policy.brand if letter.isupper() else policy.brand + " (another)",
            policy.subject if "=" in entry else policy.subject + " (another)",
            policy.campaign_id if "~" in entry else 0,
            asked="?" in entry,
        )
        contacts += [contact] * int(times or 1)
    return tuple(contacts)


def _zone(person: Recipient, now: float) -> str:
    if person.zone:
        return _word(person.zone, 40)
    return _codes(person.zones, int(now // DAY)) if person.zones else ""


@lru_cache(maxsize=1 << 10)
def _codes(zones: tuple[str, ...], day: int) -> str:
    """Write the clocks possible; of zones that cannot be read only the first, as it closes all."""
    unread = [zone for zone in zones if not readable(zone)]
    if unread:
        return "*;" + _word(unread[0], 40)
    codes = [(zone, code_of(zone)) for zone in distinct(zones, day)]
    coded = "".join(code for _, code in codes)
    return "*" + coded + "".join(f";{zone}" for zone, code in codes if not code)


def _zones(text: str) -> tuple[str, ...]:
    coded, *spelled = text.split(";")
    pairs = [coded[start : start + 2] for start in range(0, len(coded), 2)]
    return (*map(zone_of, pairs), *spelled)


@lru_cache(maxsize=1 << 10)
def _word(text: str, size: int) -> str:
    """Keep a word of ours as it is; what data smuggled in cannot break the line."""
    plain = text[:size].encode("ascii", "replace").decode()
    return "".join(char if char.isprintable() and char not in "|;*" else "?" for char in plain)
