"""Joining by page: choose topics, confirm by the mail that follows.

Looking changes nothing, and neither does following the mail's link: only its button does. The
answers are the same whether an address is known, suppressed or nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dispatcher.domain.addresses import Problem, normalise_email
from dispatcher.domain.messages import Channel
from dispatcher.domain.programme import Programme, in_language
from dispatcher.errors import StorageDown
from dispatcher.services import joining
from dispatcher.services.joining import Wish
from dispatcher.storage import pending
from dispatcher.storage.consents import wording_of
from dispatcher.storage.pending import Pending
from dispatcher.tokens import Purpose
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.hooks import INBOUND
from dispatcher.web.html import answer, language_of, later
from dispatcher.words import Words

_BODY_LIMIT = 16 * 1024
_LONGEST = 300  # characters of evidence


class _Choice(NamedTuple):
    """One topic, in the reader's language."""

    id: str
    name: str
    about: str
    brands: tuple[str, ...]


async def join(request: Request) -> Response:
    """Serve /join: the form, and what comes of it."""
    deps, say = deps_of(request), language_of(request)
    programme = deps.desk.programme
    if programme is None:
        return PlainTextResponse("There is nothing to join here.\n", 404)
    if request.method != "POST":
        return _form(programme, say)
    form = fields(await read_body(request, _BODY_LIMIT) or b"")
    topics = tuple(topic.id for topic in programme.topics if topic.id in form.get("topic", ()))
    typed = form.get("address", [""])[0]
    address = normalise_email(typed)
    if isinstance(address, Problem):
        return _form(programme, say, topics, typed, say("join.bad_address"))
    if not topics:
        return _form(programme, say, topics, typed, say("join.choose_topic"))
    evidence = evidence_of(request, "/join")
    wish = Wish(Channel.EMAIL, address, topics, say.language, "join page", evidence)
    try:
        await run_in_threadpool(_ask, deps, programme, wish)
    except StorageDown as down:
        return later(say, down)
    return answer("told.html", say, title=say("join.sent_title"), text=say("join.sent"))


async def confirm(request: Request) -> Response:
    """Serve /c/{token}: what was asked for, and the button that makes it true."""
    deps, say = deps_of(request), language_of(request)
    token = deps.tokens.open_link(Purpose.CONFIRM, str(request.path_params["token"]))
    number = token.customer_id if token else 0
    try:
        if request.method == "POST":
            evidence = evidence_of(request, "/c/...")
            done = await run_in_threadpool(_confirm, deps, number, evidence)
            return _done(deps, say) if done else _gone(say)
        return await run_in_threadpool(_show, deps, request, number)
    except StorageDown as down:
        return later(say, down)


def _form(
    programme: Programme,
    say: Words,
    chosen: Sequence[str] = (),
    address: str = "",
    problem: str = "",
) -> Response:
    topics = [
        _Choice(
            topic.id,
            in_language(topic.names, say.language),
            in_language(topic.about, say.language),
            topic.brands,
        )
        for topic in programme.topics
    ]
    every = [topic.id for topic in programme.topics]
    return answer(
        "join.html",
        say,
        422 if problem else 200,
        programme=programme,
        topics=topics,
        chosen=chosen,
        address=address,
        problem=problem,
        wording=joining.wording(programme, Channel.EMAIL, chosen or every, say.language),
    )


def _ask(deps: Deps, programme: Programme, wish: Wish) -> None:
    with deps.desk.database.begin() as conn:
        asked = joining.ask_by_mail(conn, deps.desk, programme, deps.post, wish, deps.now())
    if asked:
        deps.bell.ring(INBOUND)


def _confirm(deps: Deps, number: int, evidence: Mapping[str, str]) -> bool:
    now = deps.now()
    with deps.desk.database.begin() as conn:
        asked = pending.find(conn, number, now)
        if asked is None:
            return False
        return joining.confirm(conn, deps.desk, asked, now, evidence) is not None


def _show(deps: Deps, request: Request, number: int) -> Response:
    programme = deps.desk.programme
    with deps.desk.database.begin() as conn:
        asked = pending.find(conn, number, deps.now())
        wording = wording_of(conn, asked.wording) if asked else ""
    if asked is None or programme is None:
        return _gone(language_of(request))
    return _asked(programme, asked, wording, language_of(request, asked.language))


def _asked(programme: Programme, asked: Pending, wording: str, say: Words) -> Response:
    topics = joining.named(programme, asked.topics, say.language)
    return answer("confirm.html", say, programme=programme, topics=topics, wording=wording)


def _done(deps: Deps, say: Words) -> Response:
    programme = deps.desk.programme
    text = say("confirm.done", programme=programme.name if programme else "")
    return answer("told.html", say, title=say("confirm.done_title"), text=text)


def _gone(say: Words) -> Response:
    title, text = say("confirm.gone_title"), say("confirm.gone")
    return answer(
        "told.html", say, title=title, text=text, link="/join", label=say("confirm.again")
    )


def evidence_of(request: Request, page: str) -> dict[str, str]:
    """Give what proves who pressed the button: kept encrypted, erased with the person."""
    client = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")[:_LONGEST]
    return {"ip": client, "user_agent": agent, "form_url": page}


ROUTES = [
    Route("/join", join, methods=["GET", "POST"]),
    Route("/c/{token}", confirm, methods=["GET", "POST"]),
]
