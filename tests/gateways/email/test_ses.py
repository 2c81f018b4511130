"""Promises of Amazon SES beyond those of every provider: what goes into a request, what comes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from dispatcher.domain.messages import EventKind, Message, Outcome
from tests.gateways.gate import FakeGate
from tests.gateways.letters import letter, mail, run, send
from tests.gateways.providers.notifications import AWS, aws_gateway, told
from tests.gateways.providers.ses import ID, Ses

MAIL = (
    "From: Anna <anna@example.org>\r\nTo: offers@brand.example\r\nSubject: Arrêtez\r\n\r\nSTOP\r\n"
)


def sent(messages: list[Message]) -> list[dict[str, Any]]:
    """Give the requests that messages travelled in."""
    peer = Ses()

    async def scenario() -> None:
        async with peer.ready() as gateway:
            receipts, down = await send(gateway, messages, FakeGate())
            assert down is None
            assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
            assert [r.key for r in receipts] == [m.key for m in messages]

    run(scenario())
    return [json.loads(request.body) for request in peer.server.requests]


def test_fifty_mails_travel_in_one_request() -> None:
    """As many as SES takes, each with its own words and its id as a tag."""
    requests = sent([letter(n) for n in range(100)])
    assert [len(each["BulkEmailEntries"]) for each in requests] == [50, 50]
    tags = [e["ReplacementTags"][0]["Value"] for r in requests for e in r["BulkEmailEntries"]]
    assert sorted(tags) == sorted(f"7-{1000 + n}-1" for n in range(100))


def test_a_request_stays_within_what_ses_takes() -> None:
    """Big mails travel in smaller company: a request has one megabyte at most."""
    big = '<p class="x">' + "café " * 20_000
    mails = [
        letter(n)._replace(content=letter(n).content.replace(b"<p>", big.encode()))
        for n in range(20)
    ]
    peer = Ses()
    gateway = aws_gateway("ses", peer.options)
    requests = sent(mails)
    assert len(requests) > 2
    assert sum(len(each["BulkEmailEntries"]) for each in requests) == 20
    assert all(len(json.dumps(each, ensure_ascii=False)) < 1_000_000 for each in requests)
    assert gateway.limits.max_batch == 50


def test_nobody_gets_a_mail_in_anothers_name() -> None:
    """A request has one sender and one address for answers; others wait for the next."""
    mails = [letter(n) for n in range(4)]
    other = mails[1]._replace(
        sender="Tea <tea@leaf.example>",
        content=mails[1].content.replace(b"offers@brand.example", b"tea@leaf.example"),
    )
    answered = mails[2]._replace(content=b"Reply-To: ask@leaf.example\r\n" + mails[2].content)
    requests = sent([mails[0], other, answered, mails[3]])
    said = [(each["FromEmailAddress"], each.get("ReplyToAddresses")) for each in requests]
    ours = "=?utf-8?q?Caf=C3=A9_Bean?= <offers@brand.example>"
    assert sorted(said, key=str) == sorted(
        [
            (ours, None),
            ("=?utf-8?q?Caf=C3=A9_Bean?= <tea@leaf.example>", None),
            (ours, ["ask@leaf.example"]),
            (ours, None),
        ],
        key=str,
    )


def test_a_mail_without_html_has_no_empty_page() -> None:
    """A plain mail, such as a service letter, travels with its like and stays plain."""
    requests = sent([letter(0), mail(1), mail(2), letter(3)])
    asked = [each["DefaultContent"]["Template"]["TemplateContent"] for each in requests]
    plain = {"Subject": "{{subject}}", "Text": "{{text}}"}
    assert sorted(asked, key=len) == [plain, *[{**plain, "Html": "{{html}}"}] * 2]
    [request] = [each for each in requests if len(each["BulkEmailEntries"]) == 2]
    said = request["BulkEmailEntries"][1]["ReplacementEmailContent"]["ReplacementTemplate"]
    told = json.loads(said["ReplacementTemplateData"])
    assert told == {"subject": "Offer 2", "text": "Twenty per cent off.\n", "html": ""}


def test_an_address_that_ses_cannot_take_spoils_nobody_elses_request() -> None:
    """SES knows ASCII before the @ only; such an address travels alone."""
    mails = [letter(n) for n in range(4)]
    mails[2] = mails[2]._replace(address="änna@example.org")
    sizes = [len(each["BulkEmailEntries"]) for each in sent(mails)]
    assert sorted(sizes) == [1, 1, 2]


def test_who_did_not_fit_is_told_of_an_outage() -> None:
    """A mail that waits for the next request has its receipt when there is none any more."""
    peer = Ses()
    mails = [letter(0), letter(1)._replace(sender="Tea <tea@leaf.example>"), letter(2)]
    peer.said[mails[0].address] = "ACCOUNT_SENDING_PAUSED"

    async def scenario() -> None:
        async with peer.ready() as gateway:
            limits = gateway.limits
            gateway.limits = type(limits)(limits.channel, max_batch=50, in_flight=1)
            receipts, down = await send(gateway, mails[:2], FakeGate())
            assert down is not None
            assert [r.outcome for r in receipts] == [Outcome.DEFERRED] * 2
            assert [r.code for r in receipts] == ["ACCOUNT_SENDING_PAUSED", "not-sent"]

    run(scenario())


def test_classic_notifications_say_the_same() -> None:
    """Notifications of an identity name their kind differently, and know no tags."""
    event = Ses().event("Bounce/Permanent/NoEmail", "5.1.1")
    event["notificationType"] = event.pop("eventType")
    del event["mail"]["tags"]
    [found] = aws_gateway("ses", AWS).read(told(event))
    assert (found.kind, found.reference, found.key) == (EventKind.BOUNCED, ID, None)
    assert found.dead_address


def test_a_topic_that_somebody_leaves_counts_as_leaving() -> None:
    """SES's own lists tell it by topic."""
    event = Ses().event("Subscription")
    topics = [{"topicName": "coffee", "subscriptionStatus": "OptOut"}]
    event["subscription"]["newTopicPreferences"] = {"topicSubscriptionStatus": topics}
    [found] = aws_gateway("ses", AWS).read(told(event))
    assert found.kind is EventKind.UNSUBSCRIBED


@pytest.mark.parametrize("encoding", ["UTF8", "BASE64"])
def test_incoming_mail_is_given_on_as_it_is(encoding: str) -> None:
    """A receipt rule with an SNS action brings the whole mail."""
    plain = encoding == "UTF8"
    notification = {
        "notificationType": "Received",
        "mail": {"messageId": "in-1"},
        "receipt": {"action": {"type": "SNS", "encoding": encoding}},
        "content": MAIL if plain else base64.b64encode(MAIL.encode()).decode(),
    }
    [found] = aws_gateway("ses", AWS).read(told(notification))
    assert (found.kind, found.mail) == (EventKind.MAIL, MAIL.encode())


def test_incoming_mail_without_its_text_is_not_lost_in_silence() -> None:
    """A rule that keeps the mail elsewhere tells us nothing: that is recorded as not understood."""
    [found] = aws_gateway("ses", AWS).read(told({"notificationType": "Received", "mail": {}}))
    assert found.kind is EventKind.UNKNOWN


def test_a_greeting_of_a_new_topic_is_nothing() -> None:
    """SES tells a topic of an identity that it was chosen."""
    greeting = {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have"}
    assert aws_gateway("ses", AWS).read(told(greeting)) == []
