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
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dispatcher.domain.addresses import Problem, normalise_phone
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.reasons import MEANING
from dispatcher.services.explain import explain
from dispatcher.services.receive import reply
from dispatcher.storage import campaigns, customers, reports, sandbox
from dispatcher.tokens import Purpose
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.hooks import INBOUND
from dispatcher.web.sandbox_timeline import standings, timeline

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
        free = sandbox.free_number(conn)
    return _answer(request, "home.html", told=told, free=free, meaning=MEANING)


def _phone(request: Request) -> Response:
    """Show a customer's phone, with room to answer."""
    owner = _owner(request)
    if owner is None:
        return _nothing_here()
    return _answer(request, "phone.html", line=f"phone/{owner.person.id}", **owner._asdict())


def _number(request: Request) -> Response:
    """Show the phone of somebody nobody knows yet; whoever has joined has a page of their own."""
    number = f"+{request.path_params['number']}"
    holder = _holder(request, number)
    if holder is not None:
        return _moved(request, f"phone/{holder}")
    return _answer(request, "phone.html", line=f"number/{number[1:]}", number=number)


def _new_phone(request: Request) -> Response:
    """Open the phone whose number was typed."""
    found = normalise_phone(request.query_params.get("number", ""))
    return _nothing_here() if isinstance(found, Problem) else _moved(request, f"number/{found[1:]}")


def _said(request: Request) -> Response:
    """Show what was said on a phone, anew every few seconds."""
    number = _number_of(request)
    if number is None:
        return _nothing_here()
    desk = deps_of(request).desk
    digests = desk.digests.look_up(Channel.SMS, number)
    with desk.database.begin() as conn:
        said = sandbox.conversation(conn, number, digests)
    return _page("said.html", said=said)


def _why(request: Request) -> Response:
    """Show why messages came to a person or did not, anew every few seconds."""
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        person = customers.person(conn, int(request.path_params["id"]))
        if person is None:
            return _nothing_here()
        told = explain(conn, person, deps.book())
    return _page(
        "why.html", told=told, person=person, stands=standings(told), entries=timeline(told)
    )


def _mail(request: Request) -> Response:
    """Show an e-mail's head, the rest of its mailbox, and frames for its body and the reasons."""
    letter = _letter(request)
    if letter is None:
        return _nothing_here()
    with deps_of(request).desk.database.begin() as conn:
        person = customers.person(conn, letter.customer_id)
        others = sandbox.letters(conn, letter.recipient)
    if person is None:
        return _nothing_here()
    subjects = [(each.id, _parsed(each.content)["subject"]) for each in others]
    heads = _parsed(letter.content)
    told = {"letter": letter, "heads": heads, "subjects": subjects}
    return _answer(request, "mail.html", person=person, **told)


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
    deps, number = deps_of(request), _number_of(request)
    way = _way_to(request, number) if number else None
    if number is None or way is None:
        return _nothing_here()
    if words.strip():
        gateway, written_to = way
        reply(deps.desk, number, words, deps.now(), gateway=gateway, recipient=written_to)
        deps.bell.ring(INBOUND)
        _until_answered(deps)
    return RedirectResponse(request.url.path, 303, _HEADERS)


def _way_to(request: Request, number: str) -> tuple[str, str] | None:
    """Give the gateway and the number that a phone writes to: who wrote last, or the programme."""
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        wrote = sandbox.last_writer(conn, number)
    programme = deps.desk.programme
    if wrote is not None or programme is None or not programme.sms_sender:
        return wrote
    through = [name for name, way in deps.gateways.items() if way.limits.channel is Channel.SMS]
    return (through[0], programme.sms_sender) if through else None


class _Owner(NamedTuple):
    person: Person
    number: str


def _owner(request: Request) -> _Owner | None:
    with deps_of(request).desk.database.begin() as conn:
        person = customers.person(conn, int(request.path_params["id"]))
    at = person.address(Channel.SMS) if person else None
    return _Owner(person, at.address) if person and at else None


def _number_of(request: Request) -> str | None:
    if "number" in request.path_params:
        return f"+{request.path_params['number']}"
    owner = _owner(request)
    return owner.number if owner else None


def _holder(request: Request, number: str) -> int | None:
    desk = deps_of(request).desk
    with desk.database.begin() as conn:
        return customers.holder(conn, Channel.SMS, desk.digests.digest(Channel.SMS, number))


def _answer(request: Request, template: str, **values: Any) -> Response:
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        values |= {"phones": sandbox.places(conn, Channel.SMS)}
        values |= {"mailboxes": sandbox.places(conn, Channel.EMAIL)}
    programme = deps.desk.programme
    joins = programme if programme and programme.sms_sender else None
    return _page(template, root=_root(request), now=deps.now(), joins=joins, **values)


def _root(request: Request) -> str:
    return f"/sandbox/{request.path_params['key']}/"


def _moved(request: Request, to: str) -> Response:
    return RedirectResponse(_root(request) + to, 303, _HEADERS)


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
    Route("/sandbox/{key}/number", _shown(_new_phone)),
    Route("/sandbox/{key}/number/{number:int}", _shown(_number), methods=["GET"]),
    Route("/sandbox/{key}/number/{number:int}", _typed, methods=["POST"]),
    Route("/sandbox/{key}/number/{number:int}/said", _shown(_said)),
    Route("/sandbox/{key}/mail/{id:int}", _shown(_mail)),
    Route("/sandbox/{key}/mail/{id:int}/body", _shown(_body)),
    Route("/sandbox/{key}/why/{id:int}", _shown(_why)),
]
