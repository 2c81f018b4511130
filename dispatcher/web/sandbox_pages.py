"""How the sandbox's pages are made: one layout, strict headers, and who may look at them."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from dispatcher.domain.messages import Channel
from dispatcher.storage import sandbox
from dispatcher.tokens import Purpose
from dispatcher.web.deps import deps_of

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self';"
        " frame-ancestors 'self'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGES = Environment(loader=PackageLoader("dispatcher.web"), autoescape=True)


def answer(request: Request, template: str, **values: Any) -> Response:
    """Make a page with the lists of all phones and mailboxes beside it."""
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        values |= {"phones": sandbox.places(conn, Channel.SMS)}
        values |= {"mailboxes": sandbox.places(conn, Channel.EMAIL)}
    programme = deps.desk.programme
    joins = programme if programme and programme.sms_sender else None
    return page(template, root=_root(request), now=deps.now(), joins=joins, **values)


def _root(request: Request) -> str:
    return f"/sandbox/{request.path_params['key']}/"


def moved(request: Request, to: str) -> Response:
    """Send the visitor to another page of the sandbox."""
    return RedirectResponse(_root(request) + to, 303, HEADERS)


def page(template: str, **values: Any) -> Response:
    """Make a page, or the inside of a frame."""
    html = _PAGES.get_template(f"sandbox/{template}").render(values)
    return HTMLResponse(html, headers=HEADERS)


def may_look(request: Request) -> bool:
    """Tell whether this is a sandbox at all, and the visitor knows the path to it."""
    deps = deps_of(request)
    key = str(request.path_params["key"])
    return deps.safe_mode and deps.tokens.open_link(Purpose.SANDBOX, key) is not None


def nothing_here() -> Response:
    """Answer as if there were nothing."""
    return PlainTextResponse("Not Found", 404)
