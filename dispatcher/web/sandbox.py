"""The sandbox's pages: a mailbox, phones to answer on, and why each message came or did not.

They are there in safe mode only, under a path that nobody can guess, since they show everybody's
messages. `dispatcher web` and `dispatcher demo` say where.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from email.message import EmailMessage
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dispatcher.services.explain import explain
from dispatcher.storage import campaigns, customers, reports, sandbox
from dispatcher.web import sandbox_phones as phones
from dispatcher.web.deps import deps_of
from dispatcher.web.sandbox_pages import HEADERS, answer, may_look, nothing_here, page
from dispatcher.web.sandbox_timeline import standings, timeline
from dispatcher.words import DEFAULT, speak

_MOST_CAMPAIGNS = 10
# A mail may show itself and open its links elsewhere; it loads nothing and runs nothing.
_MAIL_HEADERS = HEADERS | {
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self';"
        " sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
}

Handler = Callable[[Request], Response]


def _home(request: Request) -> Response:
    """Show what campaigns came to, and what there is to try."""
    with deps_of(request).desk.database.begin() as conn:
        newest = campaigns.every(conn)[-_MOST_CAMPAIGNS:]
        told = [reports.report(conn, campaign) for campaign in reversed(newest)]
        free = sandbox.free_number(conn)
    return answer(request, "home.html", told=told, free=free, say=speak(DEFAULT))


def _why(request: Request) -> Response:
    """Show why messages came to a person or did not, anew every few seconds."""
    deps = deps_of(request)
    with deps.desk.database.begin() as conn:
        person = customers.person(conn, int(request.path_params["id"]))
        if person is None:
            return nothing_here()
        told = explain(conn, person, deps.book(), programme=deps.desk.programme)
    return page(
        "why.html", told=told, person=person, stands=standings(told), entries=timeline(told)
    )


def _mail(request: Request) -> Response:
    """Show an e-mail's head, the rest of its mailbox, and frames for its body and the reasons."""
    letter = _letter(request)
    if letter is None:
        return nothing_here()
    with deps_of(request).desk.database.begin() as conn:
        person = customers.person(conn, letter.customer_id)
        others = sandbox.letters(conn, letter.recipient)
    if person is None:
        return nothing_here()
    subjects = [(each.id, _parsed(each.content)["subject"]) for each in others]
    heads = _parsed(letter.content)
    told = {"letter": letter, "heads": heads, "subjects": subjects, "leave": _one_click(heads)}
    return answer(request, "mail.html", person=person, **told)


def _one_click(heads: EmailMessage) -> str:
    """Give the path that a mail program's own button posts to (RFC 8058); "" if there is none."""
    found = re.search(r"<(https?://[^>]+)>", str(heads["List-Unsubscribe"] or ""))
    return urlsplit(found[1]).path if found and heads["List-Unsubscribe-Post"] else ""


def _body(request: Request) -> Response:
    """Give an e-mail's HTML, for the frame."""
    letter = _letter(request)
    part = _parsed(letter.content).get_body(("html",)) if letter else None
    if part is None:
        return nothing_here()
    html = str(part.get_content()).replace("<head>", '<head><base target="_blank">', 1)
    return HTMLResponse(html, headers=_MAIL_HEADERS)


def _letter(request: Request) -> sandbox.Letter | None:
    with deps_of(request).desk.database.begin() as conn:
        return sandbox.letter(conn, int(request.path_params["id"]))


def _parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def _shown(handler: Handler) -> Handler:
    def guarded(request: Request) -> Response:
        return handler(request) if may_look(request) else nothing_here()

    return guarded


ROUTES = [
    Route("/sandbox/{key}/", _shown(_home)),
    Route("/sandbox/{key}/phone/{id:int}", _shown(phones.phone), methods=["GET"]),
    Route("/sandbox/{key}/phone/{id:int}", phones.typed, methods=["POST"]),
    Route("/sandbox/{key}/phone/{id:int}/said", _shown(phones.said)),
    Route("/sandbox/{key}/number", _shown(phones.new_phone)),
    Route("/sandbox/{key}/number/{number:int}", _shown(phones.stranger), methods=["GET"]),
    Route("/sandbox/{key}/number/{number:int}", phones.typed, methods=["POST"]),
    Route("/sandbox/{key}/number/{number:int}/said", _shown(phones.said)),
    Route("/sandbox/{key}/mail/{id:int}", _shown(_mail)),
    Route("/sandbox/{key}/mail/{id:int}/body", _shown(_body)),
    Route("/sandbox/{key}/why/{id:int}", _shown(_why)),
]
