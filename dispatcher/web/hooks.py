"""Callbacks of gateways: verified, understood, recorded and obeyed before they are acknowledged."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dispatcher.domain.messages import Callback, EventKind
from dispatcher.domain.ports import Gateway
from dispatcher.errors import CallbackRejected, GatewayDown, StorageDown
from dispatcher.services.incoming_mail import take
from dispatcher.services.receive import receive
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of

BODY_LIMIT = 8 * 1024 * 1024  # some providers tell a thousand events at once, or a whole mail
INBOUND = "inbound"


async def hear(request: Request) -> Response:
    """Serve /hooks/{gateway}: 2xx says that everything in it is committed."""
    deps = deps_of(request)
    gateway = deps.gateways.get(str(request.path_params["gateway"]))
    if gateway is None:
        return PlainTextResponse("There is no such gateway.\n", 404)
    if request.method == "HEAD":  # some providers ask whether anybody is there
        return Response()
    body = await read_body(request, BODY_LIMIT)
    if body is None:
        return PlainTextResponse("The body is too long or broke off.\n", 413)
    callback = _callback(request, body, deps.wall(), deps.public_url)
    try:
        await run_in_threadpool(_obey, deps, gateway, callback)
    except CallbackRejected as refusal:
        return PlainTextResponse(f"{refusal}\n", 400)
    except (StorageDown, GatewayDown) as down:
        again = {"retry-after": str(round(down.retry_after))}
        return PlainTextResponse("Try again later; nothing was recorded.\n", 503, again)
    return Response(status_code=200)


def _obey(deps: Deps, gateway: Gateway, callback: Callback) -> None:
    told = gateway.read(callback)
    if not told:
        return
    now = deps.now()
    for event in told:
        if event.kind is EventKind.MAIL:
            take(deps.desk, deps.tokens, event.mail, now)
    ahead = now.timestamp() - callback.received_at  # gateways tell the wall's time
    events = [e._replace(at=e.at + ahead) for e in told if e.kind is not EventKind.MAIL]
    received = receive(deps.desk, events, now)
    if received.answers:
        deps.bell.ring(INBOUND)


def _callback(request: Request, body: bytes, received_at: float, public_url: str) -> Callback:
    query = request.url.query
    headers: dict[str, str] = {}
    for name, value in request.headers.items():  # a header given twice is one list (RFC 9110, 5.3)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Callback(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers=headers,
        body=body,
        received_at=received_at,
        url=f"{public_url.rstrip('/')}{request.url.path}{f'?{query}' if query else ''}",
    )


ROUTES = [Route("/hooks/{gateway}", hear, methods=["GET", "POST"])]
