"""A worker process that kills itself, with signal 9, at one named point of the journey.

Run as `python -m tests.support.doomed_worker DATABASE_URL HOME POINT COUNT`: it dies when POINT is
passed for the COUNT-th time. The product knows nothing of this: the points are wrapped here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dispatcher.domain.messages import Channel
from dispatcher.rendering.sms import SmsRenderer
from dispatcher.services.dispatch import dispatch
from dispatcher.services.outbound import Outbound
from dispatcher.storage import batches, deliveries, sandbox, settlements, waves
from dispatcher.storage.journal import Journal
from tests.support.house import house_on

PLANNING = "inside plan, before its commit"
POINTS: dict[str, tuple[Any, str]] = {
    PLANNING: (waves, "plan_shards"),
    "inside reserve, before its commit": (deliveries, "write_decisions"),
    "reserved, nothing rendered": (batches, "permit"),
    "while rendering": (SmsRenderer, "render"),
    "begun, nothing written": (Journal, "begin"),
    "written, before its commit": (sandbox, "put"),
    "receipt in the journal, not settled": (Journal, "receipt"),
    "inside settle, before its commit": (settlements, "settle"),
    "settled, batch not handed back": (batches, "hand_back"),
}
# Of what is planned here: planning takes several steps, where it would take one.
BATCH_SIZE, TOGETHER = 10, 1
FIRST, FURTHER = 1, 2
STOP = "stopped"  # not killed: SIGSTOP after the COUNT-th `begin`


def main(url: str, home: str, point: str, count: int) -> None:
    """Work until the doom."""
    deed = signal.SIGKILL
    if point == STOP:
        point, deed = "begun, nothing written", signal.SIGSTOP
    owner, name = POINTS[point]
    setattr(owner, name, _doomed(getattr(owner, name), count, deed))
    waves.BATCH_SIZE, waves.TOGETHER = BATCH_SIZE, TOGETHER
    waves.FIRST, waves.FURTHER = FIRST, FURTHER
    with house_on(url, Path(home)) as house:
        house.plan()
        asyncio.run(_work(house.outbound))


async def _work(outbound: Callable[[], Outbound]) -> None:
    out = outbound()
    while await dispatch(out, Channel.SMS, 30):
        pass
    await out.aclose()


def _doomed(real: Callable[..., Any], count: int, deed: int) -> Callable[..., Any]:
    passed = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal passed
        passed += 1
        result = real(*args, **kwargs)
        if passed == count:
            os.kill(os.getpid(), deed)
        return result

    return wrapped


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
