"""How every page for customers is answered: one layout, strict headers, the reader's language."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dispatcher.errors import StorageDown
from dispatcher.words import Words, accepted, choose

# Nothing is loaded from anywhere, nothing runs, nobody frames it, no address leaks by a referrer.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGES = Environment(loader=PackageLoader("dispatcher.web"), autoescape=True)


def language_of(request: Request, *wishes: str) -> Words:
    """Choose the words: as the link says, as the person is known to wish, as the browser asks."""
    asked = request.query_params.get("lang", "")
    return choose(asked, *wishes, *accepted(request.headers.get("accept-language", "")))


def answer(
    template: str,
    say: Words,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: object,
) -> HTMLResponse:
    """Make a page. In templates `say("key")` gives a text in the reader's language."""
    html = _PAGES.get_template(template).render(say=say, **values)
    told = HEADERS | {"content-language": say.language} | (headers or {})
    return HTMLResponse(html, status, told)


def later(say: Words, down: StorageDown, text: str = "page.later") -> HTMLResponse:
    """Say that nothing was saved, and when to try again."""
    again = {"retry-after": str(round(down.retry_after))}
    return answer("told.html", say, 503, again, title=say("page.later_title"), text=say(text))
