"""The customer's own endpoint: leaving, or quiet, by a message's link (RFC 8058; 16 CFR 316.5).

GET shows a page with buttons and changes nothing, since scanners follow links. POST leaves, with or
without a page before it. The answer never tells whether a token was good.
"""

from __future__ import annotations

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.errors import StorageDown
from dispatcher.services.click import click_out, quiet_by_link
from dispatcher.tokens import Purpose, Token
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.pages import ASK, DONE, LATER, QUIET, SPANS, page

_BODY_LIMIT = 64 * 1024  # of a form with one field
_ALLOWED = {"allow": "GET, HEAD, OPTIONS, POST"}


async def unsubscribe(request: Request) -> Response:
    """Serve /u/{token}, and /p/{token} as long as leaving is the only preference."""
    wish = request.headers.get("accept-language", "")
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_ALLOWED)
    if request.method != "POST":
        return page(ASK, wish)
    # A body that cannot be read still comes from somebody who wants to leave.
    body = await read_body(request, _BODY_LIMIT) or b""
    form = fields(body)
    kind = "page" if "everything" in form or not _is_one_click(body) else "one_click"
    everything = "everything" in form
    token = _token(request)
    span = None if _is_one_click(body) else SPANS.get(form.get("quiet", [""])[0])
    try:
        if span is not None:
            await run_in_threadpool(_quiet, deps_of(request), token, span)
            return page(QUIET, wish)
        await run_in_threadpool(_leave, deps_of(request), token, everything, kind)
    except StorageDown as down:
        return page(LATER, wish, 503, {"retry-after": str(round(down.retry_after))})
    return page(DONE, wish)


def _token(request: Request) -> Token | None:
    preferences = request.url.path.startswith("/p/")
    purpose = Purpose.PREFERENCES if preferences else Purpose.UNSUBSCRIBE
    return deps_of(request).tokens.open_link(purpose, str(request.path_params["token"]))


def _leave(deps: Deps, token: Token | None, everything: bool, kind: str) -> None:
    if token is not None:
        click_out(deps.desk, token, deps.now(), everything=everything, kind=kind)


def _quiet(deps: Deps, token: Token | None, span: timedelta) -> None:
    if token is not None:
        quiet_by_link(deps.desk, token, span, deps.now())


def _is_one_click(body: bytes) -> bool:
    """Say whether a mail client did it: the field comes as a form or as multipart."""
    return b"List-Unsubscribe" in body and b"One-Click" in body


_METHODS = ["GET", "HEAD", "OPTIONS", "POST"]
ROUTES = [
    Route("/u/{token}", unsubscribe, methods=_METHODS),
    Route("/p/{token}", unsubscribe, methods=_METHODS),
]
