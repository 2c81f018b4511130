"""Does in this process what workers do: plans, decides, sends into the sandbox, settles."""

from __future__ import annotations

import asyncio

from dispatcher import settings, wiring
from dispatcher.bell import SilentBell
from dispatcher.domain.messages import Channel
from dispatcher.services.answer import answer
from dispatcher.services.dispatch import dispatch
from dispatcher.services.plan import plan
from dispatcher.services.tidy import tidy


def work() -> None:
    """Do everything that waits in the database of the present settings."""
    here = wiring.build(settings.load())
    try:
        plan(here.database, here.versions, SilentBell(), here.ways)
        asyncio.run(_send(here))
        journals = here.settings.journals
        tidy(here.desk, here.versions, SilentBell(), journals, here.host, here.ways)
    finally:
        here.close()


async def _send(here: wiring.Dispatcher) -> None:
    out = wiring.build_outbound(here, stopping=lambda: False)
    try:
        for channel in Channel:
            await dispatch(out, channel, seconds=10)
        await answer(out)
    finally:
        await out.aclose()
