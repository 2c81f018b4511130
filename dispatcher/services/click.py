"""Click: somebody leaves, or has some quiet, by the link in a message; no questions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatcher.domain.consents import ANY_TOPIC, ConsentEvent
from dispatcher.domain.messages import Channel
from dispatcher.services.hold import quiet
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Act, Desk, leave
from dispatcher.storage import consents, customers
from dispatcher.storage.topics import topic_of_wave
from dispatcher.tokens import Token

_MOMENT = timedelta(minutes=1)


def click_out(
    desk: Desk, token: Token, now: datetime, *, everything: bool = False, kind: str = "one_click"
) -> bool:
    """Take the holder of an unsubscribe token off the topic of that message, or off the channel.

    Committed when this returns; gives whether it is news. Somebody who is no customer any more has
    nothing to leave. A message whose topic nobody knows any more counts as every topic.
    """
    with desk.database.begin() as conn:
        person = customers.person(conn, token.customer_id)
        if person is None:
            return False
        topic = None if everything else topic_of_wave(conn, token.wave_id)
        acts = [
            Act(
                person.id,
                channel,
                now,
                topic=topic or ANY_TOPIC,
                kind=kind,
                origin=f"link in a message of wave {token.wave_id}",
            )
            for channel in ([token.channel] if token.channel else list(Channel))
        ]
        customers.lock_people(conn, [person.id])
        told = consents.ledger_of(conn, [person.id])
        news = [leave(conn, desk, [act])[person.id] for act in acts if not is_echo(told, act)]
        return any(news)


def is_echo(told: Sequence[ConsentEvent], act: Act) -> bool:
    """Say whether the same press was recorded a moment ago, and nothing since: programs repeat.

    Whoever has a link could fill the ledger otherwise, which forgets nothing.
    """
    lines = [line for line in told if line.channel is act.channel]
    if not lines or lines[-1].origin != act.origin:
        return False
    age = act.heard_at - lines[-1].received_at
    same = (line.topic for line in lines if line.received_at == lines[-1].received_at)
    return timedelta(0) <= age < _MOMENT and act.topic in same


def quiet_by_link(desk: Desk, token: Token, span: timedelta, now: datetime) -> bool:
    """Send the holder of a token no offers for a while; give whether it is news."""
    with desk.database.begin() as conn:
        person = customers.person(conn, token.customer_id)
    if person is None or person.erased:
        return False
    return quiet(desk, person, span, By("the person", now))
