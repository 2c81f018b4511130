"""The one question after leaving: its answer is a number for each reason, sent without a name.

Its address is the same for everybody, so not even the request tells who has left.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.errors import StorageDown
from dispatcher.storage import leaving
from dispatcher.tokens import Purpose
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.html import answer, language_of, later
from dispatcher.web.preferences import REASONS

_BODY_LIMIT = 4 * 1024


async def left(request: Request) -> Response:
    """Serve /left/{token}: count a reason. Whatever comes in, the answer is a thank-you."""
    deps, say = deps_of(request), language_of(request)
    reason = fields(await read_body(request, _BODY_LIMIT) or b"").get("reason", [""])[0]
    token = deps.tokens.open_link(Purpose.LEFT, str(request.path_params["token"]))
    try:
        if token is not None and reason in REASONS:
            await run_in_threadpool(_count, deps, reason)
    except StorageDown as down:
        return later(say, down)
    return answer("told.html", say, title=say("left.thanks_title"), text=say("left.thanks"))


def _count(deps: Deps, reason: str) -> None:
    with deps.desk.database.begin() as conn:
        leaving.count(conn, reason)


ROUTES = [Route("/left/{token}", left, methods=["POST"])]
