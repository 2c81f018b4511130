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
from dispatcher.web.html import answer, language_of, later

SPANS = {"week": timedelta(days=7), "month": timedelta(days=30), "quarter": timedelta(days=90)}
_BODY_LIMIT = 64 * 1024  # of a form with one field
_ALLOWED = {"allow": "GET, HEAD, OPTIONS, POST"}


async def unsubscribe(request: Request) -> Response:
    """Serve /u/{token}."""
    say = language_of(request)
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_ALLOWED)
    if request.method != "POST":
        return answer("unsubscribe.html", say, spans=SPANS)
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
            return answer(
                "told.html", say, title=say("leave.quiet_title"), text=say("leave.quiet_done")
            )
        await run_in_threadpool(_leave, deps_of(request), token, everything, kind)
    except StorageDown as down:
        return later(say, down)
    return answer("told.html", say, title=say("leave.done_title"), text=say("leave.done"))


def _token(request: Request) -> Token | None:
    token = str(request.path_params["token"])
    return deps_of(request).tokens.open_link(Purpose.UNSUBSCRIBE, token)


def _leave(deps: Deps, token: Token | None, everything: bool, kind: str) -> None:
    if token is not None:
        click_out(deps.desk, token, deps.now(), everything=everything, kind=kind)


def _quiet(deps: Deps, token: Token | None, span: timedelta) -> None:
    if token is not None:
        quiet_by_link(deps.desk, token, span, deps.now())


def _is_one_click(body: bytes) -> bool:
    """Say whether a mail client did it: the field comes as a form or as multipart."""
    return b"List-Unsubscribe" in body and b"One-Click" in body


ROUTES = [Route("/u/{token}", unsubscribe, methods=["GET", "HEAD", "OPTIONS", "POST"])]
