"""What the web app stands on, filled in by the wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from starlette.requests import Request

from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.ports import Bell, Gateway
from dispatcher.rules.book import RuleBook
from dispatcher.rules.jurisdictions import Law
from dispatcher.services.joining import Post
from dispatcher.services.known_facts import shipped
from dispatcher.services.subscribe import Desk
from dispatcher.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Deps:
    """`now` is the programme's clock and may ask the database; `wall` is Unix seconds.

    They differ only in safe mode, where the programme's clock may be ahead: callbacks are sealed
    by the wall's. `law` reads this installation's rule data anew, or raises ConfigError; `book`
    reads the rules, which only explanations ask for. `post` is how mail asks for a confirmation;
    `known` gives what the programme declares to know of people; `public_url` is where the world
    reaches this app.
    """

    desk: Desk
    tokens: Tokens
    gateways: Mapping[str, Gateway]
    bell: Bell
    now: Callable[[], datetime]
    wall: Callable[[], float]
    law: Callable[[], Law]
    book: Callable[[], RuleBook]
    post: Post
    known: Callable[[], KnownFacts] = shipped
    public_url: str = ""
    safe_mode: bool = False


def deps_of(request: Request) -> Deps:
    """Give what this app was made with."""
    return cast(Deps, request.app.state.deps)
