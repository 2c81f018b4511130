"""Click: somebody leaves, or has some quiet, by the link in a message; no questions."""

from __future__ import annotations

from datetime import datetime, timedelta

from dispatcher.domain.consents import ANY_TOPIC
from dispatcher.domain.messages import Channel
from dispatcher.services.hold import quiet
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Act, Desk, leave
from dispatcher.storage import customers
from dispatcher.storage.topics import topic_of_wave
from dispatcher.tokens import Token


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
        news = [leave(conn, desk, [act])[person.id] for act in acts]
        return any(news)


def quiet_by_link(desk: Desk, token: Token, span: timedelta, now: datetime) -> bool:
    """Send the holder of a token no offers for a while; give whether it is news."""
    with desk.database.begin() as conn:
        person = customers.person(conn, token.customer_id)
    if person is None or person.erased:
        return False
    return quiet(desk, person, span, By("the person", now))
