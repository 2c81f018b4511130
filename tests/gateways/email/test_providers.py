"""What single mail providers do differently from all others, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dispatcher.domain.messages import EventKind, Message, Outcome
from dispatcher.errors import CallbackRejected
from dispatcher.gateways.api import ApiGateway
from dispatcher.gateways.registry import build
from tests.gateways.gate import FakeGate
from tests.gateways.letters import letter, run, send
from tests.gateways.providers.brevo import Brevo
from tests.gateways.providers.mailjet import Mailjet
from tests.gateways.providers.mandrill import Mandrill
from tests.gateways.providers.postmark import Postmark
from tests.gateways.providers.provider import SUPPLIES, Provider
from tests.gateways.providers.resend import Resend
from tests.gateways.providers.sparkpost import SparkPost
from tests.servers.http import Reply

UNKNOWN = EventKind.UNKNOWN
REFUSED = Outcome.REFUSED
CALLBACK_OPTIONS = ("callback", "webhook", "inbound")


def _asked(row: type[Provider], message: Message) -> Any:
    """Give the body of the request that a message makes."""
    gateway = row().built()
    assert isinstance(gateway, ApiGateway)
    return json.loads(gateway.compose([message]).content)


def _answered(row: type[Provider], reply: Reply, count: int = 1) -> list[Outcome]:
    """Give what becomes of messages when the far side answers so."""

    async def scenario() -> list[Outcome]:
        peer = row()
        peer.server.answerer = lambda _: reply
        async with peer.ready() as gateway:
            receipts, _ = await send(gateway, [letter(n) for n in range(count)], FakeGate())
        return [receipt.outcome for receipt in receipts]

    return run(scenario())


def _saying(old: bytes, new: bytes) -> Message:
    message = letter(1)
    return message._replace(content=message.content.replace(old, new))


def test_braces_mean_themselves_at_sparkpost() -> None:
    """SparkPost takes all content for a template: a mail that shows braces keeps them."""
    asked = _asked(SparkPost, _saying(b"caf&#233;", b"{{{a}}} {{b}} {c}"))
    assert asked["content"]["html"] == (
        "<p>Offer 1: a {{opening_triple_curly()}}a{{closing_triple_curly()}}"
        " {{opening_double_curly()}}b{{closing_double_curly()}} {c} cr&#232;me.</p>\n"
    )


def test_a_rejected_recipient_is_no_success_at_sparkpost() -> None:
    """A 200 that counts nobody as accepted was not taken; one that counts nothing is unsure."""
    counts = {"total_rejected_recipients": 1, "total_accepted_recipients": 0, "id": "1"}
    rejected = Reply(200, json.dumps({"results": counts}))
    assert _answered(SparkPost, rejected) == [Outcome.REFUSED]
    assert _answered(SparkPost, Reply(200, '{"results": {}}')) == [Outcome.UNSURE]


def test_replies_find_their_way_by_mandrill() -> None:
    """Mandrill has no field for Reply-To: it goes with the other headers."""
    asked = _asked(
        Mandrill, _saying(b"MIME-Version", b"Reply-To: Bean <hi@b.example>\r\nMIME-Version")
    )
    assert asked["message"]["headers"]["Reply-To"] == "Bean <hi@b.example>"


def test_a_form_without_events_is_refused_by_mandrill() -> None:
    """A genuine form whose events cannot be read is told so, and nothing breaks."""
    peer = Mandrill()
    assert [event.kind for event in peer.built().read(peer.signed("no list"))] == [UNKNOWN]
    with pytest.raises(CallbackRejected, match="no mandrill_events"):
        peer.built().read(peer.form({"other": "field"}))


ANSWERS_TO = b"Reply-To: =?utf-8?q?Caf=C3=A9?= <hi@b.example>\r\nMIME-Version"


def test_replies_are_two_parts_at_mailjet_and_brevo() -> None:
    """Name and address of Reply-To are decoded and parted."""
    message = _saying(b"MIME-Version", ANSWERS_TO)
    [asked] = _asked(Mailjet, message)["Messages"]
    assert asked["ReplyTo"] == {"Email": "hi@b.example", "Name": "Café"}
    assert _asked(Brevo, message)["replyTo"] == {"email": "hi@b.example", "name": "Café"}


def test_one_bad_mail_in_a_refused_batch_leaves_the_others_at_mailjet() -> None:
    """Mailjet answers 400 where one of many was wrong: each is still told apart."""
    messages = [
        {"Status": "success", "To": [{"MessageID": 1}]},
        {"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "ErrorMessage": "no address"}]},
    ]
    reply = Reply(400, json.dumps({"Messages": messages}))
    assert _answered(Mailjet, reply, 2) == [Outcome.ACCEPTED, Outcome.REFUSED]


def test_ids_that_do_not_add_up_are_unsure_at_resend() -> None:
    """Resend gives ids of those taken only: where one is missing, nobody knows whose it is."""
    whole = {"data": [{"id": "a"}], "errors": [{"index": 0, "message": "no"}]}
    assert _answered(Resend, Reply(200, json.dumps(whole)), 2) == [REFUSED, Outcome.ACCEPTED]
    short = json.dumps({"data": [{"id": "a"}]})
    assert _answered(Resend, Reply(200, short), 2) == [Outcome.UNSURE] * 2


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (b'"Bean, Inc."', "Bean Inc. <offers@brand.example>"),
        (b"=?utf-8?q?Caf=C3=A9_=22B=22?=", "Café B <offers@brand.example>"),
        (b'","', "offers@brand.example"),
    ],
)
def test_a_sender_is_a_plain_name_at_resend(name: bytes, read: str) -> None:
    """Resend refuses quoted and encoded names, so marks that need quotes are left out."""
    [asked] = _asked(Resend, _saying(b"=?utf-8?q?Caf=C3=A9?= Bean", name))
    assert asked["from"] == read


def test_a_sender_with_a_comma_is_quoted_for_postmark() -> None:
    """A comma within a name parts no addresses."""
    message = _saying(b"=?utf-8?q?Caf=C3=A9?= Bean", b'"Bean \\"B\\", Inc."')
    assert _asked(Postmark, message)[0]["From"] == '"Bean \\"B\\", Inc." <offers@brand.example>'


@pytest.mark.parametrize("row", [Brevo, Mailjet, Mandrill, Postmark, Resend, SparkPost])
def test_no_secret_no_callbacks(row: type[Provider]) -> None:
    """Without the secret of its callbacks a gateway believes none, not even an empty proof."""
    peer = row()
    bare = {k: v for k, v in row.options.items() if k.partition("_")[0] not in CALLBACK_OPTIONS}
    gateway = build("acme", row.kind, {**bare, "base_url": "https://p.example"}, SUPPLIES)
    empty = peer.callback(next(iter(row.statuses)))
    for headers in ({}, {"authorization": "Basic Og=="}, {"authorization": "Bearer "}):
        with pytest.raises(CallbackRejected, match="not set up"):
            gateway.read(empty._replace(headers={**empty.headers, **headers}))


@pytest.mark.parametrize("row", [Brevo, Mailjet, Mandrill, Postmark, Resend, SparkPost])
def test_no_header_by_which_people_leave_is_lost(row: type[Provider]) -> None:
    """Both headers of one-click unsubscribing, and our own, go with every mail."""
    asked = json.dumps(_asked(row, letter(1)))
    for said in (
        "<https://offers.example/u/d1>, <mailto:u+d1@brand.example?subject=unsubscribe>",
        "List-Unsubscribe=One-Click",
        "X-Dispatcher-Delivery",
    ):
        assert said in asked


def test_a_servers_own_words_are_no_opt_out_at_sparkpost() -> None:
    """Only SparkPost's own refusal speaks of its list; a server's answer is a bounce."""
    peer = SparkPost()
    said = {"type": "bounce", "transmission_id": "1", "raw_reason": "550 address suppressed here"}
    for bounce_class, stopped in (("25", True), ("10", False)):
        event = {"message_event": {**said, "bounce_class": bounce_class}}
        [told] = peer.built().read(peer.told([{"msys": event}]))
        assert told.contact_stopped is stopped
