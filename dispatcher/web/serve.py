"""The web app as a server starts it: `uvicorn --factory dispatcher.web.serve:from_settings`."""

from __future__ import annotations

import time
from functools import partial

from starlette.applications import Starlette

from dispatcher import settings, wiring
from dispatcher.errors import ConfigError
from dispatcher.web.app import create_app
from dispatcher.web.deps import Deps


def from_settings() -> Starlette:
    """Wire the app from this process's settings; call it on the loop that will serve it."""
    if settings.brand():
        raise ConfigError("brand", "is set, but these pages are the operator's: unset it here")
    dispatcher = wiring.build_with_bell(settings.load())
    return create_app(
        Deps(
            desk=dispatcher.desk,
            tokens=dispatcher.tokens,
            gateways=wiring.build_gateways(dispatcher),
            bell=dispatcher.bell,
            now=dispatcher.now,
            wall=time.time,
            law=partial(wiring.load_law, dispatcher.settings),
            book=lambda: dispatcher.book,
            post=wiring.build_post(dispatcher),
            known=lambda: dispatcher.known_facts,
            public_url=dispatcher.settings.public_url,
            safe_mode=dispatcher.settings.safe_mode,
        )
    )
