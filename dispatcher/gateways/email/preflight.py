"""Looks at a sending domain as receivers do: SPF, DKIM, DMARC, PTR and MX, and what to mend."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from dispatcher.domain.findings import Finding, Level
from dispatcher.gateways.email import dmarc, spf
from dispatcher.gateways.email.dkim_keys import (
    GOOD_BITS,
    LEAST_BITS,
    SigningKey,
    in_zone_file,
    read_record,
)
from dispatcher.gateways.email.names import IP, Names, Unanswered

_OK, _WARN, _FAIL = Level.OK, Level.WARN, Level.FAIL


@dataclass(frozen=True, slots=True)
class Sending:
    """How mail from a domain leaves. `returns`: domain of the return path, "" where not ours.

    `keys` are those we sign with, if the gateway `signs`; `selectors` those the server signs with,
    as far as told, and `addresses` those it sends from.
    """

    domain: str
    returns: str = ""
    keys: Sequence[SigningKey] = ()
    selectors: Sequence[str] = ()
    addresses: Sequence[str] = ()
    signs: bool = False

    @property
    def ips(self) -> list[IP]:
        """The addresses it sends from, read."""
        return [ip_address(each) for each in self.addresses]


def preflight(sending: Sending, names: Names) -> Iterator[Finding]:
    """Look at everything; what the DNS does not answer is a failure, and the rest goes on."""
    for look in (_spf, _dkim, _dmarc, _alignment, _ptr, _mx, _hints):
        yield from _answered(look, sending, names)


def _answered(
    look: Callable[[Sending, Names], Iterator[Finding]], sending: Sending, names: Names
) -> Iterator[Finding]:
    try:
        yield from look(sending, names)
    except Unanswered as nothing:
        subject = f"{_SUBJECTS[look]} of {sending.domain}"
        yield Finding(_FAIL, subject, f"the DNS does not answer ({nothing})", "try again later")


def _spf(sending: Sending, names: Names) -> Iterator[Finding]:
    if sending.returns:
        yield _spf_of(sending.returns, sending, names)
    if sending.domain != sending.returns and not spf.records_of(names, sending.domain):
        told = "there is no SPF record; some receivers look for one at the From domain, too"
        record = f'{sending.domain}. TXT "{_allowing(sending)}"'
        yield Finding(_WARN, f"SPF of {sending.domain}", told, f"put into the DNS: {record}")


def _spf_of(domain: str, sending: Sending, names: Names) -> Finding:
    subject = f"SPF of {domain}"
    found = spf.examine(names, domain)
    if not found.records:
        remedy = f'put into the DNS: {domain}. TXT "{_allowing(sending)}"'
        return Finding(_FAIL, subject, "there is no SPF record", remedy)
    if found.problems:
        remedy = "mend the record: receivers treat it as if there were none"
        return Finding(_FAIL, subject, "; ".join(found.problems), remedy)
    if found.lookups > spf.MOST_LOOKUPS:
        told = f"reading it takes {found.lookups} look-ups, receivers stop at {spf.MOST_LOOKUPS}"
        return Finding(_FAIL, subject, told, "take out includes that nobody sends by any more")
    if found.void > spf.MOST_VOID:
        told = f"{found.void} of its look-ups lead nowhere, receivers stop at {spf.MOST_VOID}"
        return Finding(_FAIL, subject, told, "take out hosts that are no longer there")
    if found.open_to_all:
        return Finding(_FAIL, subject, "+all lets everybody send in this name", "end it with ~all")
    return _permits(domain, subject, sending, found, names)


def _permits(domain: str, subject: str, sending: Sending, found: spf.Spf, names: Names) -> Finding:
    verdicts = {ip: spf.examine(names, domain, ip).verdict for ip in sending.ips}
    outside = [ip for ip, verdict in verdicts.items() if verdict is not spf.Verdict.PASS]
    cost = f"{found.lookups} of {spf.MOST_LOOKUPS} look-ups"
    if outside:
        terms = " ".join(f"ip{ip.version}:{ip}" for ip in outside)
        told = f"does not permit {', '.join(map(str, outside))}"
        return Finding(_FAIL, subject, told, f"put {terms} right behind v=spf1")
    if not verdicts:
        remedy = "name the server's addresses in sends_from, and they are looked up in it"
        return Finding(_OK, subject, f"can be read, {cost}", remedy)
    return Finding(_OK, subject, f"permits {', '.join(map(str, verdicts))}, {cost}")


def _allowing(sending: Sending) -> str:
    terms = [f"ip{ip.version}:{ip}" for ip in sending.ips] or ["include:(your provider's)"]
    return f"v=spf1 {' '.join(terms)} ~all"


def _dkim(sending: Sending, names: Names) -> Iterator[Finding]:
    for key in sending.keys:
        yield _record_of(key.selector, key.domain, key, names)
        yield from _private(key)
    for selector in () if sending.signs else sending.selectors:
        yield _record_of(selector, sending.domain, None, names)
    if sending.signs and not sending.keys:
        told = "this gateway signs, but has no key for that domain: nothing from it is sent"
        remedy = f"make one and set it: 'dispatcher gateway dkim-key {sending.domain}'"
        yield Finding(_FAIL, f"DKIM of {sending.domain}", told, remedy)
    elif not sending.keys and not sending.selectors:
        told = "this gateway does not sign, and whether the server does cannot be seen from here"
        remedy = "name the server's selectors in dkim_selectors, or set dkim and sign here"
        yield Finding(_WARN, f"DKIM of {sending.domain}", told, remedy)


def _record_of(selector: str, domain: str, key: SigningKey | None, names: Names) -> Finding:
    at = f"{selector}._domainkey.{domain}"
    subject = f"DKIM {at}"
    put = f"put into the DNS: {at}. TXT {in_zone_file(key.record)}" if key else ""
    texts = names.texts(at)
    if len(texts) != 1:
        told = "there is no record" if not texts else f"there are {len(texts)} records, not one"
        return Finding(_FAIL, subject, told, put or "ask whoever runs the server for the record")
    try:
        found = read_record(texts[0])
    except ValueError as wrong:
        return Finding(_FAIL, subject, f"the record cannot be used: {wrong}", put)
    if not found.data:
        return Finding(_FAIL, subject, "the key was taken back (p= is empty)", put)
    if key is not None and found.data != key.public:
        return Finding(_FAIL, subject, "the record is of another key than the one here", put)
    return _strength(subject, found.bits, testing=found.testing, put=bool(key))


def _strength(subject: str, bits: int, *, testing: bool, put: bool) -> Finding:
    size = f"RSA of {bits} bits" if bits else "Ed25519"
    if bits and bits < LEAST_BITS:
        return Finding(_FAIL, subject, f"{size}: nobody takes fewer than {LEAST_BITS}", _NEW_KEY)
    if bits and bits < GOOD_BITS:
        return Finding(_WARN, subject, f"{size}; {GOOD_BITS} are advised", _NEW_KEY)
    if testing:
        told = "the record says t=y: receivers treat the mail as unsigned"
        return Finding(_WARN, subject, told, "take t=y out once mail arrives well")
    return Finding(_OK, subject, f"{size}, {'the key of this gateway' if put else 'can be read'}")


_NEW_KEY = "make one under a new selector: 'dispatcher gateway dkim-key'"


def _private(key: SigningKey) -> Iterator[Finding]:
    if key.file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        told = "others may read it, and sign in your name"
        yield Finding(_WARN, f"key file {key.file}", told, f"chmod 600 {key.file}")


def _dmarc(sending: Sending, names: Names) -> Iterator[Finding]:
    domain = sending.domain
    subject = f"DMARC of {domain}"
    found = dmarc.policy_of(names, domain)
    if found is None:
        record = f'_dmarc.{domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
        yield Finding(_FAIL, subject, "there is no record", f"put into the DNS: {record}")
        return
    word = dmarc.policy_word(found, domain)
    if found.records > 1:
        told = f"_dmarc.{found.domain} has {found.records} records, so none counts"
        yield Finding(_FAIL, subject, told, "leave one of them")
    elif word not in dmarc.POLICIES:
        told = f'its policy is "{word}"' if word else "it has no policy"
        yield Finding(_FAIL, subject, told, f"say p= with one of {', '.join(dmarc.POLICIES)}")
    else:
        yield Finding(_OK, subject, f"p={word}, at {found.domain}")


def _alignment(sending: Sending, names: Names) -> Iterator[Finding]:
    """DMARC asks that SPF or DKIM speak for the very domain that people see."""
    found = dmarc.policy_of(names, sending.domain)
    if found is None:
        return
    subject = f"alignment of {sending.domain}"
    keys = {key.domain for key in sending.keys} or {sending.domain for _ in sending.selectors}
    by_dkim = [
        domain
        for domain in sorted(keys)
        if dmarc.aligned(names, sending.domain, domain, strict=found.strict_dkim)
    ]
    by_spf = sending.returns and dmarc.aligned(
        names, sending.domain, sending.returns, strict=found.strict_spf
    )
    said = [f"signatures of {domain}" for domain in by_dkim]
    said += [f"the return path at {sending.returns}"] if by_spf else []
    if said:
        yield Finding(_OK, subject, f"{' and '.join(said)} speak for it")
        return
    remedy = f"sign as {sending.domain}, or choose a mail_domain within it"
    level = _FAIL if sending.keys or sending.selectors else _WARN
    yield Finding(level, subject, "nothing that is known here speaks for it in DMARC", remedy)


def _ptr(sending: Sending, names: Names) -> Iterator[Finding]:
    for ip in sending.ips:
        subject = f"PTR of {ip}"
        found = names.names_of(ip)
        leading_back = [name for name in found if ip in names.addresses(name)]
        if leading_back:
            yield Finding(_OK, subject, f"{leading_back[0]}, which leads back")
        elif found:
            told = f"{found[0]}, which does not lead back to it"
            yield Finding(_FAIL, subject, told, f"put into the DNS: {found[0]}. {_type(ip)} {ip}")
        else:
            remedy = "ask whoever gave you the address to name it after your mail server"
            yield Finding(_FAIL, subject, "the address has no name; large receivers refuse", remedy)


def _type(ip: IP) -> str:
    return "A" if ip.version == 4 else "AAAA"


def _mx(sending: Sending, names: Names) -> Iterator[Finding]:
    if sending.returns:
        yield _takes_mail(sending.returns, names, "bounces and wishes to leave are lost")
    if sending.domain != sending.returns:
        yield _takes_mail(sending.domain, names, "receivers refuse mail that cannot be answered")


def _takes_mail(domain: str, names: Names, consequence: str) -> Finding:
    subject = f"MX of {domain}"
    hosts = names.exchanges(domain)
    remedy = f"put into the DNS: {domain}. MX 10 (the host that takes its mail)."
    if hosts == [""]:
        return Finding(_FAIL, subject, f'"MX 0 ." takes no mail: {consequence}', remedy)
    if not hosts:
        if names.addresses(domain):
            return Finding(_WARN, subject, "there is none, only an address of the name", remedy)
        return Finding(_FAIL, subject, f"there is none: {consequence}", remedy)
    if not any(names.addresses(host) for host in hosts if host):
        told = f"{', '.join(hosts)} has no address: {consequence}"
        return Finding(_FAIL, subject, told, "give that host an A or AAAA record")
    return Finding(_OK, subject, ", ".join(hosts))


def _hints(sending: Sending, names: Names) -> Iterator[Finding]:
    if not sending.returns:
        return
    marks = {"MTA-STS": ("_mta-sts", "v=STSv1"), "TLS-RPT": ("_smtp._tls", "v=TLSRPTv1")}
    there = [
        name
        for name, (label, begin) in marks.items()
        if any(text.startswith(begin) for text in names.texts(f"{label}.{sending.returns}"))
    ]
    subject = f"TLS for mail to {sending.returns}"
    if len(there) == len(marks):
        yield Finding(_OK, subject, "MTA-STS and TLS-RPT are there")
    else:
        missing = " and ".join(sorted(marks.keys() - set(there)))
        yield Finding(_OK, subject, f"no {missing}; they are not asked for, but protect bounces")


_SUBJECTS: dict[object, str] = {
    _spf: "SPF",
    _dkim: "DKIM",
    _dmarc: "DMARC",
    _alignment: "alignment",
    _ptr: "PTR",
    _mx: "MX",
    _hints: "TLS",
}
