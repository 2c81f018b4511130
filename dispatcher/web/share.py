"""The page for telling a friend: the message goes from the person's own device, not from us.

It answers GET alone, asks no name, writes nothing, counts nothing: neither who looks nor who is
told.
The link is the same for everybody who got the offer, so it gives nobody away when it travels on.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.errors import StorageDown
from dispatcher.services.share import Shareable, shareable
from dispatcher.tokens import Purpose
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.pages import Words, choose_language, drawn, page


@dataclass(frozen=True, slots=True)
class ShareWords:
    """What the page says beside the offer's own words."""

    ask: str
    how: str
    by_mail: str
    by_text: str
    copy: str


SHARE = {
    "en": ShareWords(
        "Tell a friend",
        "It goes from your own device, to whom you choose, in your own words if you like."
        " We do not learn that you did, nor who it was.",
        "By e-mail",
        "By text message",
        "Or copy this:",
    ),
    "fr": ShareWords(
        "En parler à un ami",
        "Le message part de votre appareil, à qui vous voulez, avec vos mots si vous préférez."
        " Nous ne saurons ni que vous l’avez fait, ni à qui.",
        "Par e-mail",
        "Par SMS",
        "Ou copiez ceci :",
    ),
    "de": ShareWords(
        "Weitersagen",
        "Es geht von Ihrem eigenen Gerät, an wen Sie wollen, auch mit Ihren eigenen Worten."
        " Wir erfahren weder, dass Sie es tun, noch wem Sie schreiben.",
        "Per E-Mail",
        "Per SMS",
        "Oder zum Kopieren:",
    ),
}
OVER = {
    "en": Words(
        "This offer is over",
        "There is nothing left to pass on. Thank you for thinking of somebody.",
    ),
    "fr": Words(
        "Cette offre est terminée",
        "Il n’y a plus rien à transmettre. Merci d’avoir pensé à quelqu’un.",
    ),
    "de": Words(
        "Dieses Angebot ist vorbei",
        "Es gibt nichts mehr weiterzusagen. Danke, dass Sie an jemanden gedacht haben.",
    ),
}
_AWAY = {
    "en": Words("Please try again in a minute", "We cannot show this page just now."),
    "fr": Words("Merci de réessayer dans une minute", "Nous ne pouvons pas afficher cette page."),
    "de": Words(
        "Bitte versuchen Sie es in einer Minute noch einmal",
        "Wir können diese Seite gerade nicht zeigen.",
    ),
}


async def share(request: Request) -> Response:
    """Serve /share/{token}; a token that is not ours and an offer that is over look the same."""
    wish = request.headers.get("accept-language", "")
    language, token = choose_language(wish), str(request.path_params["token"])
    try:
        found = await run_in_threadpool(_find, deps_of(request), token, language)
    except StorageDown as down:
        return page(_AWAY, wish, 503, {"retry-after": str(round(down.retry_after))})
    if found is None:
        return page(OVER, wish)
    url = found.url or f"{deps_of(request).post.links.base_url}/share/{token}"
    return drawn("share.html", language, _values(found, url, SHARE[language]))


def _find(deps: Deps, text: str, language: str) -> Shareable | None:
    token = deps.tokens.open_link(Purpose.SHARE, text)
    if token is None:
        return None
    return shareable(deps.desk.database, token.wave_id, language, deps.now().timestamp())


def _values(found: Shareable, url: str, share: ShareWords) -> dict[str, object]:
    """Fill the page; a mail program or a phone opens with the words, and sends nothing itself."""
    text = f"{found.headline} ({found.brand}): {url}"
    subject, body = quote(found.headline, safe=""), quote(text, safe="")
    return {
        "words": Words(found.headline, found.brand),
        "share": share,
        "text": text,
        "by_mail": f"mailto:?subject={subject}&body={body}",
        "by_text": f"sms:?body={body}",
    }


ROUTES = [Route("/share/{token}", share, methods=["GET"])]
