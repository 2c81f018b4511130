"""The sandbox's pages: a mailbox, phones to answer on, and why each message came or did not.

They are there in safe mode only, under a path that nobody can guess, since they show everybody's
messages. `dispatcher web` and `dispatcher demo` say where.
"""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from jinja2 import Environment, PackageLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dispatcher.domain.messages import Channel
from dispatcher.services.explain import explain
from dispatcher.services.receive import reply
from dispatcher.storage import campaigns, customers, reports, sandbox
from dispatcher.tokens import Purpose
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.hooks import INBOUND

_MOST_CAMPAIGNS = 10
_LONGEST = 1000  # characters of a text typed
_BODY_LIMIT = 16 * 1024
_ANSWERED_WITHIN = 5.0  # seconds
_LOOK = 0.05
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self';"
        " frame-ancestors 'self'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
# A mail may show itself and open its links elsewhere; it loads nothing and runs nothing.
_MAIL_HEADERS = _HEADERS | {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self';"
        " sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
}
_PAGES = Environment(loader=PackageLoader("dispatcher.web"), autoescape=True)

Handler = Callable[[Request], Response]


def _home(request: Request) -> Response:
    """Show what campaigns came to, and what there is to try."""
    with deps_of(request).desk.database.begin() as conn:
        newest = campaigns.every(conn)[-_MOST_CAMPAIGNS:]
        told = [reports.report(conn, campaign) for campaign in reversed(newest)]
    return _answer(request, "home.html", told=told)


def _phone(request: Request) -> Response:
    """Show a phone, with room to answer."""
    return _of_person(request, "phone.html", Channel.SMS)


def _said(request: Request) -> Response:
    """Show what was said on a phone, anew every few seconds."""
    return _of_person(request, "said.html", Channel.SMS)


def _why(request: Request) -> Response:
    """Show why messages came to a person or did not, anew every few seconds."""
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        person = customers.person(conn, int(request.path_params["id"]))
        if person is None:
            return _nothing_here()
        told = explain(conn, person, deps.book(), programme=deps.desk.programme)
    return _page("why.html", told=told, person=person)


def _mail(request: Request) -> Response:
    """Show an e-mail's head, and frames for its body and the reasons."""
    letter = _letter(request)
    if letter is None:
        return _nothing_here()
    heads = _parsed(letter.content)
    return _of_person(request, "mail.html", Channel.EMAIL, letter.customer_id, letter, heads)


def _body(request: Request) -> Response:
    """Give an e-mail's HTML, for the frame."""
    letter = _letter(request)
    part = _parsed(letter.content).get_body(("html",)) if letter else None
    if part is None:
        return _nothing_here()
    html = str(part.get_content()).replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers=_MAIL_HEADERS)


async def _typed(request: Request) -> Response:
    """Take what was typed on a phone the way a reply takes, and wait for the answer."""
    if not _may_look(request):
        return _nothing_here()
    form = fields(await read_body(request, _BODY_LIMIT) or b"")
    words = form.get("text", [""])[0][:_LONGEST]
    return await run_in_threadpool(_take, request, words)


def _take(request: Request, words: str) -> Response:
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        person = customers.person(conn, int(request.path_params["id"]))
        at = person.address(Channel.SMS) if person else None
        wrote = sandbox.last_writer(conn, at.address) if at else None
    if at is None or wrote is None:
        return _nothing_here()
    if words.strip():
        gateway, sender = wrote
        reply(deps.desk, at.address, words, deps.now(), gateway=gateway, recipient=sender)
        deps.bell.ring(INBOUND)
        _until_answered(deps)
    return RedirectResponse(request.url.path, 303, _HEADERS)


def _of_person(
    request: Request,
    template: str,
    channel: Channel,
    customer_id: int = 0,
    letter: sandbox.Letter | None = None,
    heads: EmailMessage | None = None,
) -> Response:
    with deps_of(request).desk.database.begin() as conn:
        person = customers.person(conn, customer_id or int(request.path_params["id"]))
        at = person.address(channel) if person else None
        if person is None or at is None:
            return _nothing_here()
        said = sandbox.conversation(conn, at.address) if channel is Channel.SMS else []
    return _answer(request, template, person=person, at=at, said=said, letter=letter, heads=heads)


def _answer(request: Request, template: str, **values: Any) -> Response:
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        values |= {"phones": sandbox.places(conn, Channel.SMS)}
        values |= {"mailboxes": sandbox.places(conn, Channel.EMAIL)}
    root = f"/sandbox/{request.path_params['key']}/"
    return _page(template, root=root, now=deps.now(), **values)


def _page(template: str, **values: Any) -> Response:
    html = _PAGES.get_template(f"sandbox/{template}").render(values)
    return HTMLResponse(html, headers=_HEADERS)


def _letter(request: Request) -> sandbox.Letter | None:
    with deps_of(request).desk.database.begin() as conn:
        return sandbox.letter(conn, int(request.path_params["id"]))


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _until_answered(deps: Deps) -> None:
    deadline = time.monotonic() + _ANSWERED_WITHIN
    while time.monotonic() < deadline:
        with deps.desk.database.begin() as conn:
            if not sandbox.answers_waiting(conn):
                return
        time.sleep(_LOOK)


def _may_look(request: Request) -> bool:
    deps = deps_of(request)
    key = str(request.path_params["key"])
    return deps.safe_mode and deps.tokens.open_link(Purpose.SANDBOX, key) is not None


def _shown(handler: Handler) -> Handler:
    def guarded(request: Request) -> Response:
        return handler(request) if _may_look(request) else _nothing_here()

    return guarded


def _nothing_here() -> Response:
    return PlainTextResponse("Not Found", 404)


ROUTES = [
    Route("/sandbox/{key}/", _shown(_home)),
    Route("/sandbox/{key}/phone/{id:int}", _shown(_phone), methods=["GET"]),
    Route("/sandbox/{key}/phone/{id:int}", _typed, methods=["POST"]),
    Route("/sandbox/{key}/phone/{id:int}/said", _shown(_said)),
    Route("/sandbox/{key}/mail/{id:int}", _shown(_mail)),
    Route("/sandbox/{key}/mail/{id:int}/body", _shown(_body)),
    Route("/sandbox/{key}/why/{id:int}", _shown(_why)),
]
