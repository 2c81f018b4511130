"""The tasks, named as their queues; each calls one service."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import TypeVar

from dispatcher.domain.messages import Channel
from dispatcher.services.answer import answer, answering
from dispatcher.services.dispatch import dispatch
from dispatcher.services.plan import plan as plan_waves
from dispatcher.services.tidy import tidy as tidy_up
from dispatcher.storage.chains import checkpoint as chain_heads
from dispatcher.storage.waves import prepare_partitions
from workers.app import app, room
from workers.base import Doorbell

T = TypeVar("T")


def _answering(work: Coroutine[None, None, T]) -> T:
    """Do what may take long; answers to people wait for none of it."""
    here = room()
    return here.run(answering(here.outbound, work))


@app.task(name="plan", base=Doorbell)
def plan() -> None:
    """Write who gets a verdict, for every wave that waits for it."""
    here = room().dispatcher
    _answering(asyncio.to_thread(plan_waves, here.database, here.versions, here.bell, here.ways))


def _dispatch(channel: Channel) -> None:
    here = room()
    if _answering(dispatch(here.outbound, channel, here.dispatcher.settings.work_seconds)):
        here.dispatcher.bell.ring(f"dispatch.{channel}")


@app.task(name="dispatch.email", base=Doorbell)
def dispatch_email() -> None:
    """Send batches of e-mail for a while."""
    _dispatch(Channel.EMAIL)


@app.task(name="dispatch.sms", base=Doorbell)
def dispatch_sms() -> None:
    """Send batches of texts for a while."""
    _dispatch(Channel.SMS)


@app.task(name="inbound", base=Doorbell)
def inbound() -> None:
    """Send the confirmations and answers that people are owed."""
    here = room()
    here.run(answer(here.outbound))


@app.task(name="tidy", base=Doorbell)
def tidy() -> None:
    """Adopt, reap, wake, finish, and ring where work waits."""
    here = room().dispatcher
    journals = here.settings.journals
    work = partial(
        tidy_up,
        here.desk,
        here.versions,
        here.bell,
        journals,
        here.host,
        here.ways,
        here.bars,
    )
    _answering(asyncio.to_thread(work))


@app.task(name="checkpoint", base=Doorbell)
def checkpoint() -> None:
    """Chain the newest heads of the consent ledger; make next month's partitions in good time."""
    with room().dispatcher.database.begin() as conn:
        chain_heads(conn)
        prepare_partitions(conn)
