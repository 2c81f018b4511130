"""The web app: put together from the parts that face gateways and customers."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatcher.errors import StorageDown
from dispatcher.web import (
    hooks,
    join,
    left,
    metrics,
    own_record,
    preferences,
    public,
    sandbox,
    share,
    stay,
)
from dispatcher.web.deps import Deps, deps_of


def create_app(deps: Deps) -> Starlette:
    """Make the ASGI app; database work runs in threads, so the loop never waits for it."""
    parts = (*public.ROUTES, *join.ROUTES, *share.ROUTES, *hooks.ROUTES, *sandbox.ROUTES)
    own = (*stay.ROUTES, *preferences.ROUTES, *own_record.ROUTES, *left.ROUTES)
    ours = (Route("/healthz", health), metrics.route(deps))
    app = Starlette(routes=[*parts, *own, *ours])
    app.state.deps = deps
    return app


async def health(request: Request) -> Response:
    """Serve /healthz: 200 while the database answers."""
    try:
        await run_in_threadpool(_ask_database, deps_of(request))
    except StorageDown as down:
        return JSONResponse({"status": "down", "problem": str(down)}, 503)
    return JSONResponse({"status": "ok"})


def _ask_database(deps: Deps) -> None:
    with deps.desk.database.begin() as conn:
        conn.exec_driver_sql("SELECT 1")
