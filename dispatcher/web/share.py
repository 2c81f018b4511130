"""The page for telling a friend: the message goes from the person's own device, not from us.

It answers GET alone, asks no name, writes nothing, counts nothing: neither who looks nor who is
told.
The link is the same for everybody who got the offer, so it gives nobody away when it travels on.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.errors import StorageDown
from dispatcher.services.share import Shareable, shareable
from dispatcher.tokens import Purpose
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.html import answer, language_of, later
from dispatcher.words import Words


async def share(request: Request) -> Response:
    """Serve /share/{token}; a token that is not ours and an offer that is over look the same."""
    say, token = language_of(request), str(request.path_params["token"])
    try:
        found = await run_in_threadpool(_find, deps_of(request), token, say.language)
    except StorageDown as down:
        return later(say, down, "share.away")
    if found is None:
        return answer("told.html", say, title=say("share.over_title"), text=say("share.over"))
    url = found.url or f"{deps_of(request).post.links.base_url}/share/{token}"
    return _offer(say, found, url)


def _find(deps: Deps, text: str, language: str) -> Shareable | None:
    token = deps.tokens.open_link(Purpose.SHARE, text)
    if token is None:
        return None
    return shareable(deps.desk.database, token.wave_id, language, deps.now().timestamp())


def _offer(say: Words, found: Shareable, url: str) -> Response:
    """Draw the page; a mail program or a phone opens with the words, and sends nothing itself."""
    text = f"{found.headline} ({found.brand}): {url}"
    subject, body = quote(found.headline, safe=""), quote(text, safe="")
    return answer(
        "share.html",
        say,
        headline=found.headline,
        brand=found.brand,
        text=text,
        by_mail=f"mailto:?subject={subject}&body={body}",
        by_text=f"sms:?body={body}",
    )


ROUTES = [Route("/share/{token}", share, methods=["GET"])]
