"""Opens a line to a mail server: connect, greet, TLS, log in."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode

from dispatcher.errors import GatewayDown
from dispatcher.gateways.email.smtp_line import Features, Line, LineLost
from dispatcher.gateways.email.smtp_replies import Reply, full_code, words
from dispatcher.gateways.email.smtp_settings import Security, SmtpSettings

UNREACHABLE_RETRY = 30.0
BUSY_RETRY = 60.0
SETUP_RETRY = 300.0  # certificates and passwords do not mend by themselves


async def open_line(settings: SmtpSettings, context: ssl.SSLContext | None) -> Line:
    """Open a line that is ready for MAIL; raise GatewayDown, which never holds a secret.

    `context` is needed unless security is NONE.
    """
    line = Line(asyncio.get_running_loop())
    ready = False
    try:
        async with asyncio.timeout(settings.timeout):
            await _connect(line, settings, context)
            await _set_up(line, settings, context)
        ready = True
    except TimeoutError:
        raise _down(settings, f"did not answer within {settings.timeout:g} s") from None
    except ssl.SSLCertVerificationError as error:
        problem = f"shows a certificate that is not trusted: {error.verify_message}"
        raise _down(settings, problem, SETUP_RETRY) from error
    except ssl.SSLError as error:
        problem = f"cannot agree on TLS: {error.reason or error}"
        raise _down(settings, problem, SETUP_RETRY) from error
    except OSError as error:
        problem = f"cannot be reached: {error.strerror or error}"
        raise _down(settings, problem) from error
    except LineLost as lost:
        raise _down(settings, f"broke off: {lost}", BUSY_RETRY) from None
    finally:
        if not ready:
            line.lose("given up")
    return line


def _down(settings: SmtpSettings, problem: str, retry: float = UNREACHABLE_RETRY) -> GatewayDown:
    return GatewayDown(f"the mail server {settings.where} {problem}", retry)


async def _connect(line: Line, settings: SmtpSettings, context: ssl.SSLContext | None) -> None:
    direct = context if settings.security is Security.TLS else None
    await asyncio.get_running_loop().create_connection(
        lambda: line, settings.host, settings.port, ssl=direct, happy_eyeballs_delay=0.25
    )


async def _set_up(line: Line, settings: SmtpSettings, context: ssl.SSLContext | None) -> None:
    greeting = (await line.replies(1, settings.timeout))[0]
    if not greeting.good:
        raise _down(settings, f"takes no mail now: {_said(greeting)}", BUSY_RETRY)
    line.features = await _greet(line, settings)
    if settings.security is Security.STARTTLS and context is not None:
        await _start_tls(line, settings, context)
        line.features = await _greet(line, settings)
    if settings.username:
        try:
            await _log_in(line, settings)
        except LineLost:
            # The server's last words are left out: some repeat what they were given.
            raise _down(settings, "broke off while we logged in", BUSY_RETRY) from None


async def _ask(line: Line, command: bytes, settings: SmtpSettings) -> Reply:
    line.write(command + b"\r\n")
    return (await line.replies(1, settings.timeout))[0]


async def _greet(line: Line, settings: SmtpSettings) -> Features:
    name = settings.hello_name.encode("ascii")
    reply = await _ask(line, b"EHLO " + name, settings)
    if reply.good:
        return read_features(reply)
    if reply.code >= 500:
        reply = await _ask(line, b"HELO " + name, settings)
    if not reply.good:
        raise _down(settings, f"does not greet back: {_said(reply)}", BUSY_RETRY)
    return Features()


def read_features(reply: Reply) -> Features:
    """Read what an EHLO reply offers, line by line after the first."""
    offers: dict[str, list[str]] = {}
    for line in (
        reply.text.decode("ascii", "replace").upper().replace("AUTH=", "AUTH ").split("\n")[1:]
    ):
        name, *values = line.split() or [""]
        offers.setdefault(name, []).extend(values)
    size = (offers.get("SIZE") or ["0"])[0]
    return Features(
        pipelining="PIPELINING" in offers,
        eight_bit="8BITMIME" in offers,
        utf8="SMTPUTF8" in offers,
        starttls="STARTTLS" in offers,
        size=int(size) if size.isdecimal() and len(size) < 16 else 0,
        auth=frozenset(offers.get("AUTH", ())),
    )


async def _start_tls(line: Line, settings: SmtpSettings, context: ssl.SSLContext) -> None:
    if not line.features.starttls:
        problem = "offers no STARTTLS, and security = starttls never falls back to clear text"
        raise _down(settings, problem, SETUP_RETRY)
    reply = await _ask(line, b"STARTTLS", settings)
    if reply.code != 220:
        raise _down(settings, f"does not start TLS: {_said(reply)}", BUSY_RETRY)
    await line.start_tls(context, settings.host)


async def _log_in(line: Line, settings: SmtpSettings) -> None:
    user, secret = settings.username.encode(), settings.secret().encode()
    if "PLAIN" in line.features.auth:
        reply = await _ask(line, b"AUTH PLAIN " + b64encode(b"\0%b\0%b" % (user, secret)), settings)
    elif "LOGIN" in line.features.auth:
        reply = await _ask(line, b"AUTH LOGIN", settings)
        for answer in (user, secret):
            if reply.code == 334:
                reply = await _ask(line, b64encode(answer), settings)
    else:
        problem = "offers no way to log in that we know (PLAIN, LOGIN); leave username empty?"
        raise _down(settings, problem, SETUP_RETRY)
    if reply.code != 235:
        problem = f"did not take the user name and password ({full_code(reply)})"
        raise _down(settings, problem, SETUP_RETRY if reply.code >= 500 else BUSY_RETRY)


def _said(reply: Reply) -> str:
    return f"{reply.code} {words(reply)}"
