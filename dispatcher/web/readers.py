"""Who reads a page of their own: the holder of a message's link, nobody who made one up."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.services.own_page import Hand
from dispatcher.storage import customers
from dispatcher.tokens import Purpose
from dispatcher.web.deps import Deps, deps_of
from dispatcher.web.html import answer, language_of
from dispatcher.web.join import evidence_of
from dispatcher.words import Words


class Reader(NamedTuple):
    """A person with the link they came by, and the words for them."""

    deps: Deps
    link: str
    hand: Hand
    say: Words

    @property
    def person(self) -> Person:
        """Give the person."""
        return self.hand.person


def reader_of(request: Request) -> Reader | None:
    """Give who reads; None when the link is not ours, or is of nobody there is any more."""
    deps, link = deps_of(request), str(request.path_params["token"])
    token = deps.tokens.open_link(Purpose.PREFERENCES, link)
    person = whoever(deps, token.customer_id) if token else None
    if token is None or person is None or person.erased or not person.visible:
        return None
    if token.channel is Channel.SMS and person.address(Channel.SMS) is None:
        return None  # the number it came to was parted from them: whoever reads is somebody else
    evidence = evidence_of(request, "/p/...")
    say = language_of(request, person.language)
    return Reader(deps, link, Hand(person, token.wave_id, deps.now(), evidence), say)


def whoever(deps: Deps, customer_id: int) -> Person | None:
    """Give a customer."""
    with deps.desk.database.begin() as conn:
        return customers.person(conn, customer_id)


def gone(request: Request) -> Response:
    """Say the same of every link that leads to nobody."""
    say = language_of(request)
    return answer("told.html", say, 404, title=say("prefs.gone_title"), text=say("prefs.gone"))
