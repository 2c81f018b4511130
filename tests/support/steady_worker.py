"""A worker process that sends texts until nothing is left, with settings of a test.

Run as `python -m tests.support.steady_worker SETTINGS`, in JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys

from dispatcher import settings, wiring
from dispatcher.domain.messages import Channel
from dispatcher.services.dispatch import dispatch
from tests.support.house import House

_OPEN = "SELECT count(*) FROM batch WHERE state <> 'done'"


async def main(house: House) -> None:
    """Work until every batch is done."""
    out = house.outbound()
    while house.query(_OPEN) != [0]:
        await dispatch(out, Channel.SMS, 30)
        await asyncio.sleep(0.02)
    await out.aclose()


if __name__ == "__main__":
    chosen = settings.only(**json.loads(sys.argv[1]))
    asyncio.run(main(House(wiring.build(chosen))))
