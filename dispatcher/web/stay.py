"""Staying by a message's link: a page with a button to stay and one to leave.

Looking changes nothing, since scanners follow links. Whoever presses twice is heard once.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.domain.promises import Shown
from dispatcher.errors import StorageDown
from dispatcher.rendering.why import in_words
from dispatcher.services import stay
from dispatcher.services.click import click_out
from dispatcher.services.stay import Reply, Stayed
from dispatcher.storage import customers, reconfirmations
from dispatcher.tokens import Purpose, Token
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.html import answer, language_of, later
from dispatcher.web.join import evidence_of
from dispatcher.web.readers import whoever
from dispatcher.words import Words

_BODY_LIMIT = 4 * 1024


async def ask(request: Request) -> Response:
    """Serve /s/{token}: what was agreed to, and what comes of either button."""
    deps, say = deps_of(request), language_of(request)
    token = deps.tokens.open_link(Purpose.STAY, str(request.path_params["token"]))
    try:
        reader = await run_in_threadpool(whoever, deps, token.customer_id) if token else None
        say = language_of(request, reader.language) if reader else say
        if request.method != "POST":
            return await run_in_threadpool(_show, deps, token, say)
        form = fields(await read_body(request, _BODY_LIMIT) or b"")
        wish = form.get("answer", [""])[0]
        if wish == "leave":
            await run_in_threadpool(_leave, deps, token)
            text = say("leave.done")
            return answer("told.html", say, title=say("leave.done_title"), text=text)
        if wish != "stay":
            return await run_in_threadpool(_show, deps, token, say)
        evidence = evidence_of(request, "/s/...")
        return await run_in_threadpool(_stay, deps, token, say, evidence)
    except StorageDown as down:
        return later(say, down)


def _show(deps: Deps, token: Token | None, say: Words) -> Response:
    if token is None or token.channel is None:
        return _gone(say)
    now, programme = deps.now(), deps.desk.programme
    with deps.desk.database.begin() as conn:
        asked = reconfirmations.ask_of(conn, token.customer_id, token.channel, now, token.wave_id)
        found = stay.standing(conn, token.customer_id, asked, now) if asked else Stayed.LATE
        before = stay.before(conn, token.customer_id, asked) if asked else ""
    if asked is None or found is Stayed.LATE:
        return _gone(say)
    if found is Stayed.BEFORE:
        return _done(say)
    day = in_words(say.language, asked.given_at.date())
    topic = stay.topic_name(say, asked, programme)
    return answer(
        "stay.html",
        say,
        lead=say("stay.lead", brand=asked.brand, topic=topic, date=day),
        wording=stay.wording(say, asked, programme),
        before=before,
    )


def _stay(deps: Deps, token: Token | None, say: Words, evidence: Mapping[str, str]) -> Response:
    if token is None or token.channel is None:
        return _gone(say)
    now = deps.now()
    with deps.desk.database.begin() as conn:
        person = customers.person(conn, token.customer_id)
        asked = reconfirmations.ask_of(conn, token.customer_id, token.channel, now, token.wave_id)
        if person is None or asked is None:
            return _gone(say)
        reply = Reply("", now, evidence, f"stay page, wave {token.wave_id}")
        shown = Shown(say.language), stay.wording(say, asked, deps.desk.programme)
        found = stay.renew(conn, deps.desk, person, asked, reply, shown)
    return _gone(say) if found is Stayed.LATE else _done(say)


def _leave(deps: Deps, token: Token | None) -> None:
    if token is not None:
        click_out(deps.desk, token, deps.now(), kind="page")


def _done(say: Words) -> Response:
    return answer("told.html", say, title=say("stay.done_title"), text=say("stay.done"))


def _gone(say: Words) -> Response:
    title, text = say("stay.gone_title"), say("stay.gone")
    return answer(
        "told.html", say, title=title, text=text, link="/join", label=say("confirm.again")
    )


ROUTES = [Route("/s/{token}", ask, methods=["GET", "POST"])]
