"""The sandbox's phones: what was said on them, and texts typed as their owners would."""

from __future__ import annotations

import time
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from dispatcher.domain.addresses import Problem, normalise_phone
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.services.receive import reply
from dispatcher.storage import customers, sandbox
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.hooks import INBOUND
from dispatcher.web.sandbox_pages import HEADERS, answer, may_look, moved, nothing_here, page
from dispatcher.web.sandbox_timeline import understood

_LONGEST = 1000  # characters of a text typed
_BODY_LIMIT = 16 * 1024
_ANSWERED_WITHIN = 5.0  # seconds
_LOOK = 0.05


def phone(request: Request) -> Response:
    """Show a customer's phone, with room to answer."""
    owner = _owner(request)
    if owner is None:
        return nothing_here()
    return answer(request, "phone.html", line=f"phone/{owner.person.id}", **owner._asdict())


def stranger(request: Request) -> Response:
    """Show the phone of somebody nobody knows yet; whoever has joined has a page of their own."""
    number = f"+{request.path_params['number']}"
    holder = _holder(request, number)
    if holder is not None:
        return moved(request, f"phone/{holder}")
    return answer(request, "phone.html", line=f"number/{number[1:]}", number=number)


def new_phone(request: Request) -> Response:
    """Open the phone whose number was typed."""
    found = normalise_phone(request.query_params.get("number", ""))
    return nothing_here() if isinstance(found, Problem) else moved(request, f"number/{found[1:]}")


def said(request: Request) -> Response:
    """Show what was said on a phone, anew every few seconds."""
    number = _number_of(request)
    if number is None:
        return nothing_here()
    desk = deps_of(request).desk
    digests = desk.digests.look_up(Channel.SMS, number)
    with desk.database.begin() as conn:
        talk = sandbox.conversation(conn, number, digests)
    told = [each._replace(label=understood(each.label, each.text)) for each in talk]
    return page("said.html", said=told)


async def typed(request: Request) -> Response:
    """Take what was typed on a phone the way a reply takes, and wait for the answer."""
    if not may_look(request):
        return nothing_here()
    form = fields(await read_body(request, _BODY_LIMIT) or b"")
    words = form.get("text", [""])[0][:_LONGEST]
    return await run_in_threadpool(_take, request, words)


def _take(request: Request, words: str) -> Response:
    deps, number = deps_of(request), _number_of(request)
    way = _way_to(request, number) if number else None
    if number is None or way is None:
        return nothing_here()
    if words.strip():
        gateway, written_to = way
        reply(deps.desk, number, words, deps.now(), gateway=gateway, recipient=written_to)
        deps.bell.ring(INBOUND)
        _until_answered(deps)
    return RedirectResponse(request.url.path, 303, HEADERS)


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


def _until_answered(deps: Deps) -> None:
    deadline = time.monotonic() + _ANSWERED_WITHIN
    while time.monotonic() < deadline:
        with deps.desk.database.begin() as conn:
            if not sandbox.answers_waiting(conn):
                return
        time.sleep(_LOOK)
