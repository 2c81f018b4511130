"""What mail providers call back is obeyed over HTTP: people leave, dead addresses are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Callback, Channel
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents
from dispatcher.web import create_app
from tests.gateways.providers.brevo import Brevo
from tests.gateways.providers.mail import MailProvider
from tests.gateways.providers.mailjet import Mailjet
from tests.gateways.providers.mandrill import Mandrill
from tests.gateways.providers.postmark import Postmark
from tests.gateways.providers.provider import WALL, Provider
from tests.gateways.providers.resend import Resend
from tests.gateways.providers.sparkpost import SparkPost
from tests.support.people import add_person, consent_to, desk_on, insert, later
from tests.web.doubles import deps_for

WAVE = int(later(0).timestamp() * 1000) * 1024
STOP = "From: Anna <anna@example.com>\r\nTo: a@b.example\r\nSubject: Re: Beans\r\n\r\nSTOP\r\n"
PARTS = {"From": "Anna <anna@example.com>", "To": "a@b.example", "Subject": "Re: Beans"}


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """Anna, who consented to e-mail and was sent one."""
    sent = {"wave_id": WAVE, "customer_id": 7, "channel": "email", "gateway": "acme"}
    with desk_on(database_url) as desk:
        add_person(desk)
        consent_to(desk, channel=Channel.EMAIL)
        with desk.database.begin() as conn:
            conn.execute(text("SELECT ensure_partitions(:w)"), {"w": WAVE})
            insert(conn, "delivery", **sent, state="accepted", reason="ok")
            insert(conn, "attempt", **sent, no=1, outcome="accepted", reference="")
        yield desk


def post(desk: Desk, peer: Provider, callback: Callback) -> int:
    """Post a callback to the app that has the provider's gateway."""
    deps = deps_for(desk)
    gateways = {**deps.gateways, "acme": peer.built()}
    deps = replace(deps, gateways=gateways, wall=lambda: WALL, public_url="https://offers.example")
    with TestClient(create_app(deps)) as web:
        answer = web.post("/hooks/acme", content=callback.body, headers=callback.headers)
    return int(answer.status_code)


def state(desk: Desk) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, Channel.EMAIL, "coffee", [7])[7].state


def deliverable(desk: Desk) -> bool:
    query = text("SELECT deliverable FROM address WHERE channel = 'email'")
    with desk.database.begin() as conn:
        return bool(conn.execute(query).scalar_one())


def _of(row: type[MailProvider], said: Any) -> Callable[[], tuple[Provider, Callback]]:
    return lambda: (row(), row().told(said))


INCOMING: dict[str, Callable[[], tuple[Provider, Callback]]] = {
    "brevo": _of(Brevo, {"items": [{"Headers": PARTS, "RawTextBody": "STOP"}]}),
    "mailjet": _of(Mailjet, {"Headers": PARTS, "Text-part": "STOP"}),
    "mandrill": lambda: (
        Mandrill(),
        Mandrill().signed([{"event": "inbound", "msg": {"raw_msg": STOP}}]),
    ),
    "postmark": _of(Postmark, {"MessageID": "1", "RawEmail": STOP}),
    "sparkpost": _of(SparkPost, [{"msys": {"relay_message": {"content": {"email_rfc822": STOP}}}}]),
}


@pytest.mark.parametrize("kind", INCOMING)
def test_who_answers_stop_is_left_alone(desk: Desk, kind: str) -> None:
    """A mail that a provider received for us is obeyed as one from our own mailbox."""
    peer, callback = INCOMING[kind]()
    assert post(desk, peer, callback) == 200
    assert state(desk) is ConsentState.OPTED_OUT


NEWS = [
    (Brevo, "hard_bounce", "unsubscribed"),
    (Mailjet, "bounce/recipient/user unknown", "unsub"),
    (Mandrill, "hard_bounce", "spam"),
    (Postmark, "Bounce/HardBounce", "SubscriptionChange/ManualSuppression"),
    (Resend, "email.bounced/Permanent/General", "email.complained"),
    (SparkPost, "bounce/10", "list_unsubscribe"),
]


@pytest.mark.parametrize(("row", "dead", "left"), NEWS, ids=lambda told: getattr(told, "kind", ""))
def test_news_of_a_mail_find_its_person(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, row: type[Provider], dead: str, left: str
) -> None:
    """Our own id comes back: a dead address is written to no more, and who leaves has left."""
    peer = row()
    monkeypatch.setattr(peer, "key", lambda _: f"{WAVE}-7-1")
    assert post(desk, peer, peer.callback(dead)) == 200
    assert not deliverable(desk)
    assert state(desk) is ConsentState.ACTIVE
    assert post(desk, peer, peer.callback(left)) == 200
    assert state(desk) is ConsentState.OPTED_OUT
