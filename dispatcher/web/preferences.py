"""A person's own page at /p/TOKEN: what they want to hear about, when, how often, and the way out.

The link is the whole of its secret: it comes in every message and never grows old. Looking changes
nothing; each act is a form of its own, obeyed before the answer. Whoever has a forwarded link can
make it quieter or tick what is offered, but sees neither name nor address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dispatcher.domain.context_flags import ANY_BRAND, ContextFlag
from dispatcher.domain.explanations import HoldLine
from dispatcher.domain.promises import MOST_A_MONTH
from dispatcher.errors import Conflict, NotFound, StorageDown, WrongInput
from dispatcher.rendering.why import in_words
from dispatcher.services import identity, own_page
from dispatcher.services.hold import quiet, release
from dispatcher.services.identity import Asked
from dispatcher.services.serve import ANY, By, Terms, set_terms
from dispatcher.storage import context_flags
from dispatcher.tokens import Purpose, Token
from dispatcher.web.bodies import read_body
from dispatcher.web.forms import fields
from dispatcher.web.hooks import INBOUND
from dispatcher.web.html import HEADERS, answer, language_of, later
from dispatcher.web.public import SPANS
from dispatcher.web.readers import Reader, gone, reader_of
from dispatcher.words import LANGUAGES

ACTOR = "the person"
# In the order of the survey; what is stored of it is a number for each.
REASONS = ("too_many", "not_for_me", "never_asked", "other")
_BODY_LIMIT = 64 * 1024
_TONGUES = ("English", "Français", "Deutsch", "Español", "Português", "Italiano", "العربية")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DONE = frozenset({"topics", "terms", "quiet", "loud", "language", "asked", "nowhere"})

_Form = Mapping[str, list[str]]


class Problem(NamedTuple):
    """What has to be put right, and in which field."""

    field: str
    text: str


class Shown(NamedTuple):
    """Hours, days and number as the form shows them."""

    opens: str
    closes: str
    days: str
    most: str


async def preferences(request: Request) -> Response:
    """Serve /p/{token}."""
    form = None
    if request.method == "POST":
        form = fields(await read_body(request, _BODY_LIMIT) or b"")
    try:
        return await run_in_threadpool(_serve, request, form)
    except StorageDown as down:
        return later(language_of(request), down)
    except (Conflict, NotFound):  # erased in this very moment
        return gone(request)


def _serve(request: Request, form: _Form | None) -> Response:
    reader = reader_of(request)
    if reader is None:
        return gone(request)
    if form is None:
        return _page(reader, request.query_params.get("done", ""))
    act = _ACTS.get(_first(form, "do"))
    if act is None:
        return _page(reader)
    done = act(reader, form)
    if isinstance(done, Problem):
        return _page(reader, problem=done, shown=_typed(form))
    language = _first(form, "language") if done == "language" else reader.say.language
    return RedirectResponse(f"?done={done}&lang={language}", 303, HEADERS)


def _page(
    reader: Reader, done: str = "", problem: Problem | None = None, shown: Shown | None = None
) -> Response:
    """Draw the page; after leaving the one that says so, if it is so."""
    deps, say = reader.deps, reader.say
    with deps.desk.database.begin() as conn:
        choices = own_page.choices(conn, deps.desk, reader.person, deps.known(), say)
        until = _quiet_until(context_flags.of_person(conn, reader.person.id), reader.hand.now)
    if done == "left" and not any(way.ticked for choice in choices for way in choice.ways):
        survey = f"../left/{deps.tokens.link(Purpose.LEFT, Token(0))}"
        return answer("left.html", say, here=reader.link, reasons=REASONS, survey=survey)
    return answer(
        "preferences.html",
        say,
        422 if problem else 200,
        here=reader.link,
        told=say(f"prefs.done_{done}") if done in _DONE else "",
        problem=problem,
        choices=choices,
        terms=shown or _kept(reader),
        quiet_until=in_words(say.language, until.date()) if until else "",
        spans=SPANS,
        languages=list(zip(LANGUAGES, _TONGUES, strict=True)),
    )


def _change_topics(reader: Reader, form: _Form) -> str:
    had, wanted = set(form.get("had", ())), set(form.get("want", ()))
    deps = reader.deps
    own_page.change_topics(deps.desk, reader.hand, had, wanted, deps.known(), reader.say)
    return "topics"


def _leave(reader: Reader, _: _Form) -> str:
    own_page.leave_everything(reader.deps.desk, reader.hand)
    return "left"


def _change_terms(reader: Reader, form: _Form) -> str | Problem:
    typed = _typed(form)
    most = int(typed.most) if typed.most.isdecimal() and len(typed.most) < 4 else 0
    if typed.most and not 1 <= most <= MOST_A_MONTH:
        return Problem("most", reader.say("prefs.bad_most"))
    hours = f"{typed.opens}-{typed.closes}" if typed.opens or typed.closes else ANY
    days = ", ".join(name for at, name in enumerate(_DAYS, 1) if str(at) in typed.days)
    try:
        set_terms(reader.deps.desk, reader.person, Terms(hours, days or ANY, most), _by(reader))
    except WrongInput:
        return Problem("from", reader.say("prefs.bad_hours"))
    return "terms"


def _be_quiet(reader: Reader, form: _Form) -> str:
    quiet(reader.deps.desk, reader.person, SPANS[_first(form, "do")], _by(reader))
    return "quiet"


def _be_loud(reader: Reader, _: _Form) -> str:
    release(reader.deps.desk, reader.person, ContextFlag.QUIET, ANY_BRAND, _by(reader))
    return "loud"


def _change_language(reader: Reader, form: _Form) -> str:
    language = _first(form, "language")
    if language not in LANGUAGES:
        return ""
    own_page.keep_language(reader.deps.desk, reader.hand, language)
    return "language"


def _ask_for_proof(reader: Reader, form: _Form) -> str:
    deps, hand = reader.deps, reader.hand
    asked = Asked(hand.person, Purpose(_first(form, "do")), hand.wave_id, hand.now)
    with deps.desk.database.begin() as conn:
        sent = identity.ask(conn, deps.desk, deps.post, asked, reader.say)
    if sent:
        deps.bell.ring(INBOUND)
    return "asked" if sent else "nowhere"


_ACTS: Mapping[str, Callable[[Reader, _Form], str | Problem]] = {
    "topics": _change_topics,
    "leave": _leave,
    "terms": _change_terms,
    "loud": _be_loud,
    "language": _change_language,
    **dict.fromkeys(SPANS, _be_quiet),
    **dict.fromkeys(map(str, identity.PURPOSES), _ask_for_proof),
}


def _kept(reader: Reader) -> Shown:
    person = reader.person
    own = person.hours_from != person.hours_until
    opens, closes = (
        (f"{at // 60:02}:{at % 60:02}" if own else "")
        for at in (person.hours_from, person.hours_until)
    )
    return Shown(opens, closes, person.days, str(person.most_a_month or ""))


def _typed(form: _Form) -> Shown:
    days = "".join(form.get("day", ()))
    return Shown(_first(form, "from"), _first(form, "until"), days, _first(form, "most"))


def _quiet_until(holds: tuple[HoldLine, ...], now: datetime) -> datetime | None:
    for hold in holds:
        if hold.flag == ContextFlag.QUIET and hold.until and hold.until > now:
            return hold.until
    return None


def _by(reader: Reader) -> By:
    return By(ACTOR, reader.hand.now)


def _first(form: _Form, name: str) -> str:
    return form.get(name, [""])[0].strip()


ROUTES = [Route("/p/{token}", preferences, methods=["GET", "POST"])]
