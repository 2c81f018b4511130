"""Calls a mail server as for a mail, without one: TLS, its certificate, the login, its offers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence

from dispatcher.domain.findings import Finding, Level
from dispatcher.errors import GatewayDown
from dispatcher.gateways.email.smtp_line import Features, Line
from dispatcher.gateways.email.smtp_session import open_line
from dispatcher.gateways.email.smtp_settings import SmtpSettings

_OK, _WARN, _FAIL = Level.OK, Level.WARN, Level.FAIL
_SOON = 14 * 86400.0  # seconds before its end at which a certificate should have been renewed


async def look(
    settings: SmtpSettings, context: ssl.SSLContext | None, now: float
) -> Sequence[Finding]:
    """Open a line and part with it; `now` is in Unix seconds."""
    subject = f"server {settings.where}"
    try:
        line = await open_line(settings, context)
    except GatewayDown as down:
        told = str(down).removeprefix(f"the mail server {settings.where} ")
        return [Finding(_FAIL, subject, told, "mend it in the settings, or at the server")]
    try:
        return [*_connection(subject, settings, line, now), _offers(subject, line.features)]
    finally:
        line.part()


def _connection(subject: str, settings: SmtpSettings, line: Line, now: float) -> Iterator[Finding]:
    tls = line.tls
    if tls is None:
        told = "takes calls, in clear text"
        yield Finding(_WARN, subject, told, "set security to starttls, unless it is this machine")
    elif not settings.verify:
        told = f"takes calls by {tls.version()}, but its certificate is not looked at"
        yield Finding(_WARN, subject, told, "set verify to true; ca_file names an own authority")
    else:
        yield _certificate(subject, tls, now)
    if settings.username:
        yield Finding(_OK, subject, f"knows {settings.username}")


def _certificate(subject: str, tls: ssl.SSLObject, now: float) -> Finding:
    ends = ssl.cert_time_to_seconds(str((tls.getpeercert() or {})["notAfter"]))
    days = int((ends - now) // 86400)
    told = f"takes calls by {tls.version()}, its certificate is good for {days} more days"
    if ends - now < _SOON:
        return Finding(_WARN, subject, told, "renew it: from its end on nothing is sent")
    return Finding(_OK, subject, told)


def _offers(subject: str, features: Features) -> Finding:
    offered = {
        "PIPELINING": features.pipelining,
        "8BITMIME": features.eight_bit,
        "SMTPUTF8": features.utf8,
        f"SIZE {features.size:,}": bool(features.size),
    }
    told = f"offers {', '.join(name for name, there in offered.items() if there) or 'nothing'}"
    if not features.pipelining or not features.eight_bit:
        remedy = "it works without PIPELINING (slower) and 8BITMIME (mails are re-encoded)"
        return Finding(_WARN, subject, told, remedy)
    without = "" if features.utf8 else "; addresses like zoë@ are refused without SMTPUTF8"
    return Finding(_OK, subject, told + without)
