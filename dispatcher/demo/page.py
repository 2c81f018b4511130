"""The sandbox page: a mailbox, phones to answer on, and why each message came or did not.

Served on loopback by the demo alone, since it shows everybody's messages.
"""

from __future__ import annotations

import email
import email.policy
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from jinja2 import Environment, PackageLoader
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from dispatcher.demo.phone import reply
from dispatcher.demo.stage import Stage
from dispatcher.demo.story import BRAND, Ending
from dispatcher.domain.messages import Channel
from dispatcher.embedded.processes import LOOPBACK
from dispatcher.services.explain import explain
from dispatcher.storage import customers, sandbox

_LONGEST = 1000  # characters of a text typed
_ANSWERED_WITHIN = 5.0  # seconds
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
# A mail may show itself and open its links elsewhere; it loads nothing and runs nothing.
_MAIL_HEADERS = _HEADERS | {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self';"
        " sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
}
_WAITING = text("SELECT count(*) FROM service_message WHERE state = 'waiting'")
_PAGES = Environment(loader=PackageLoader("dispatcher.demo"), autoescape=True)


class Page:
    """What the page's answers stand on."""

    def __init__(self, stage: Stage, ending: Ending) -> None:
        self._stage, self._ending = stage, ending
        self._database = stage.dispatcher.database

    def home(self, _request: Request) -> Response:
        """Show what came of the story, and where to go on."""
        return self._answer("home.html", ending=self._ending)

    def phone(self, request: Request) -> Response:
        """Show a phone with what was said on it, and why."""
        return self._of_person(request, "phone.html", Channel.SMS)

    def mail(self, request: Request) -> Response:
        """Show an e-mail, and why it came."""
        with self._database.begin() as conn:
            letter = sandbox.letter(conn, int(request.path_params["id"]))
        if letter is None:
            return _nothing_here()
        heads = _parsed(letter.content)
        return self._of_person(
            request, "mail.html", Channel.EMAIL, letter.customer_id, letter=letter, heads=heads
        )

    def body(self, request: Request) -> Response:
        """Give an e-mail's HTML, for the frame."""
        with self._database.begin() as conn:
            letter = sandbox.letter(conn, int(request.path_params["id"]))
        part = _parsed(letter.content).get_body(("html",)) if letter else None
        if part is None:
            return _nothing_here()
        html = str(part.get_content()).replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(html, headers=_MAIL_HEADERS)

    def typed(self, request: Request, said: str) -> Response:
        """Send what was typed on a phone the way a gateway would, and wait for the answer."""
        customer_id = int(request.path_params["id"])
        with self._database.begin() as conn:
            person = customers.person(conn, customer_id)
        at = person.address(Channel.SMS) if person else None
        if at is None:
            return _nothing_here()
        if said.strip():
            reply(self._stage, at.address, BRAND, said[:_LONGEST])
            _until(self._answered)
        return RedirectResponse(f"/phone/{customer_id}#last", 303, _HEADERS)

    def _of_person(
        self, request: Request, template: str, channel: Channel, customer_id: int = 0, **more: Any
    ) -> Response:
        with self._database.begin() as conn:
            person = customers.person(conn, customer_id or int(request.path_params["id"]))
            at = person.address(channel) if person else None
            if person is None or at is None:
                return _nothing_here()
            said = sandbox.conversation(conn, at.address) if channel is Channel.SMS else []
            told = explain(conn, person, self._stage.dispatcher.book)
        return self._answer(template, person=person, at=at, said=said, told=told, **more)

    def _answer(self, template: str, **values: Any) -> Response:
        with self._database.begin() as conn:
            values |= {"phones": sandbox.places(conn, Channel.SMS)}
            values |= {"mailboxes": sandbox.places(conn, Channel.EMAIL)}
        values |= {"now": self._stage.dispatcher.now()}
        return HTMLResponse(_PAGES.get_template(template).render(values), headers=_HEADERS)

    def _answered(self) -> bool:
        with self._database.begin() as conn:
            return not conn.execute(_WAITING).scalar_one()


def create_page(stage: Stage, ending: Ending) -> Starlette:
    """Make the page's app. Only this machine is answered, under its own name."""
    page = Page(stage, ending)

    async def take(request: Request) -> Response:
        if request.headers.get("origin") != f"http://{request.headers.get('host')}":
            return PlainTextResponse("Only this page may type here.\n", 403, _HEADERS)
        form = await request.form(max_files=0, max_fields=5)
        return await run_in_threadpool(page.typed, request, str(form.get("text", "")))

    routes = [
        Route("/", page.home),
        Route("/phone/{id:int}", page.phone, methods=["GET"]),
        Route("/phone/{id:int}", take, methods=["POST"]),
        Route("/mail/{id:int}", page.mail),
        Route("/mail/{id:int}/body", page.body),
    ]
    only_here = Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"])
    return Starlette(routes=routes, middleware=[only_here])


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _until(comes_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _ANSWERED_WITHIN
    while not comes_true() and time.monotonic() < deadline:
        time.sleep(0.05)


def _nothing_here() -> Response:
    return PlainTextResponse("There is no such message or phone.\n", 404, _HEADERS)
