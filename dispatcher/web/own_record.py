"""What we know of a person and why offers came, masked; in full, and erased, by a link of its own.

The pages under /p/TOKEN show nobody's name or address. /x/TOKEN is sent to the person's own address
and is good for an hour: it hands out everything, or erases it, at the press of a button.
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.domain.people import Person
from dispatcher.errors import ConfigError, NotFound, StorageDown
from dispatcher.rendering.why import in_words
from dispatcher.services import own_record
from dispatcher.services.export import export
from dispatcher.services.export_files import zipped
from dispatcher.services.identity import proven
from dispatcher.services.serve import By, forget
from dispatcher.storage import audit, erasures
from dispatcher.storage.erasures import Receipt
from dispatcher.tokens import Purpose
from dispatcher.web.bodies import read_body
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.forms import fields
from dispatcher.web.html import HEADERS, answer, language_of, later
from dispatcher.web.preferences import ACTOR
from dispatcher.web.readers import gone, reader_of, whoever
from dispatcher.words import Words

_BODY_LIMIT = 4 * 1024
_FILE = "everything-about-me.zip"
_RETRY = 60.0  # seconds


async def record(request: Request) -> Response:
    """Serve /p/{token}/record: what do you know about me?"""
    try:
        return await run_in_threadpool(_show_record, request)
    except StorageDown as down:
        return later(language_of(request), down, "share.away")


async def offers(request: Request) -> Response:
    """Serve /p/{token}/offers: why did I get this?"""
    try:
        return await run_in_threadpool(_show_offers, request)
    except StorageDown as down:
        return later(language_of(request), down, "share.away")


async def proof(request: Request) -> Response:
    """Serve /x/{token}: a page with a button, and what the button does."""
    wish = None
    if request.method == "POST":
        form = fields(await read_body(request, _BODY_LIMIT) or b"")
        wish = form.get("do", [""])[0]
    try:
        return await run_in_threadpool(_prove, request, wish)
    except StorageDown as down:
        return later(language_of(request), down)
    except NotFound:
        return gone(request)


def _show_record(request: Request) -> Response:
    reader = reader_of(request)
    if reader is None:
        return gone(request)
    return _record(reader.deps, reader.person, reader.say, f"../{reader.link}")


def _record(
    deps: Deps, person: Person, say: Words, here: str = "", *, clear: bool = False
) -> Response:
    programme, known = deps.desk.programme, deps.known()
    with deps.desk.database.begin() as conn:
        told = own_record.record(conn, person, programme, known, say, clear=clear)
    return answer("record.html", say, record=told, person=person, here=here, clear=clear)


def _show_offers(request: Request) -> Response:
    reader = reader_of(request)
    if reader is None:
        return gone(request)
    with reader.deps.desk.database.begin() as conn:
        told = own_record.offers(conn, reader.person, reader.deps.desk.programme, reader.say)
    return answer("offers.html", reader.say, offers=told, here=f"../{reader.link}")


def _prove(request: Request, wish: str | None) -> Response:
    deps = deps_of(request)
    found = proven(deps.tokens, str(request.path_params["token"]), deps.now())
    person = whoever(deps, found[1].customer_id) if found else None
    if found is None or person is None:
        say = language_of(request)
        return answer("told.html", say, 404, title=say("prefs.gone_title"), text=say("proof.gone"))
    purpose, say = found[0], language_of(request, person.language)
    if purpose is Purpose.ERASE:
        return _erase(deps, person, say, sure=wish == "erase")
    if person.erased:
        return gone(request)
    if wish == "download":
        return _download(deps, person, say)
    if wish == "show":
        return _record(deps, person, say, clear=True)
    return answer("proof.html", say, purpose=purpose)


def _download(deps: Deps, person: Person, say: Words) -> Response:
    try:
        book = deps.book()
    except ConfigError as slip:  # the operator's; the person's right stands
        return later(say, StorageDown(str(slip), _RETRY), "share.away")
    with deps.desk.database.begin() as conn:
        files = export(conn, person, book, deps.post.links, programme=deps.desk.programme)
        audit.write(conn, ACTOR, "export", f"customer:{person.id}")
    named = {"content-disposition": f'attachment; filename="{_FILE}"'}
    return Response(zipped(files), headers=HEADERS | named, media_type="application/zip")


def _erase(deps: Deps, person: Person, say: Words, *, sure: bool) -> Response:
    if sure and not person.erased:
        return _receipt(forget(deps.desk, person, By(ACTOR, deps.now())), say)
    if person.erased:
        with deps.desk.database.begin() as conn:
            told = erasures.receipt_of(conn, person.id)
        if told is not None:
            return _receipt(told, say)
    return answer("proof.html", say, purpose=Purpose.ERASE)


def _receipt(receipt: Receipt, say: Words) -> Response:
    asked = in_words(say.language, receipt.asked_at.date())
    if receipt.finished_at:
        done = in_words(say.language, receipt.finished_at.date())
        told = say("proof.erased", asked=asked, done=done)
    else:
        told = say("proof.erasing", asked=asked)
    return answer("receipt.html", say, told=told, erased=receipt.erased)


ROUTES = [
    Route("/p/{token}/record", record, methods=["GET"]),
    Route("/p/{token}/offers", offers, methods=["GET"]),
    Route("/x/{token}", proof, methods=["GET", "POST"]),
]
