"""Promises of notifications of Amazon SNS: believed when AWS signed them for us, never else."""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from dispatcher.domain.messages import Callback
from dispatcher.errors import CallbackRejected, GatewayDown
from dispatcher.gateways import sns
from dispatcher.gateways.registry import build
from tests.gateways.providers.notifications import (
    AWS,
    CERTIFICATE,
    CONFIRM,
    HOST,
    TOPIC,
    Aws,
    Note,
    aws_gateway,
    certificate,
    told,
)
from tests.gateways.providers.provider import WALL

DELIVERY = {"eventType": "Delivery", "mail": {"messageId": "m-1"}}
GENUINE = Note(json.dumps(DELIVERY))


def read(callback: Callback, aws: Aws | None = None) -> int:
    return len(aws_gateway("ses", AWS, aws).read(callback))


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("more", [{}, {"Subject": "Amazon SES Email Event Notification"}])
def test_both_versions_of_signatures_are_known(version: str, more: dict[str, str]) -> None:
    """SHA-1 and SHA-256, with a subject and without."""
    note = Note(json.dumps(DELIVERY), version=version, more=more)
    assert read(note.callback()) == 1


HOSTS = [
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-1.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://evil.example#sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-1.pem",
    "https://user@sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://snsXeu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem\n",
    "https://sns.eu-west-1.amazonaws.com/evil/../SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com/?SimpleNotificationService-1.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-1.pem",
    "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
    CERTIFICATE.replace("https", "http"),
    "",
]


@pytest.mark.parametrize("url", HOSTS)
def test_certificates_come_from_aws_alone(url: str) -> None:
    """No other host is ever asked, whatever it looks like."""
    aws = Aws()
    with pytest.raises(CallbackRejected, match="host of AWS"):
        read(GENUINE.callback(SigningCertURL=url), aws)
    assert aws.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription&Token=1",
        "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&Token=1",
        "http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1",
    ],
)
def test_subscriptions_are_confirmed_at_aws_alone(url: str) -> None:
    """Even a genuine notification sends us nowhere else."""
    aws = Aws()
    note = Note("Confirm.", "SubscriptionConfirmation", more={"SubscribeURL": url})
    with pytest.raises(CallbackRejected, match="not AWS's"):
        read(note.callback(), aws)
    assert aws.asked == [CERTIFICATE]


def test_a_subscription_of_our_topic_confirms_itself(caplog: pytest.LogCaptureFixture) -> None:
    """The operator only types the URL into AWS's console."""
    caplog.set_level(logging.INFO)
    aws = Aws()
    assert read(Note("Confirm.", "SubscriptionConfirmation").callback(), aws) == 0
    assert aws.asked == [CERTIFICATE, CONFIRM]
    assert TOPIC in caplog.text


def test_the_end_of_a_subscription_is_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    """A topic that tells nothing any more is a warning, and is not subscribed again."""
    aws = Aws()
    assert read(Note("Gone.", "UnsubscribeConfirmation").callback(), aws) == 0
    assert aws.asked == [CERTIFICATE]
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert TOPIC in record.getMessage()


SPOILT: dict[str, dict[str, Any]] = {
    "another text": {"Message": json.dumps({**DELIVERY, "eventType": "Complaint"})},
    "another topic": {"TopicArn": TOPIC + "s"},
    "another region": {"TopicArn": TOPIC.replace("eu-west-1", "us-east-1")},
    "another type": {"Type": "SubscriptionConfirmation"},
    "an unknown type": {"Type": "Surprise"},
    "an added subject": {"Subject": "hello"},
    "another time": {"Timestamp": "2026-09-21T14:13:19.000Z"},
    "no time": {"Timestamp": "yesterday"},
    "a time without zone": {"Timestamp": "2026-09-21T14:13:18"},
    "the other version": {"SignatureVersion": "2"},
    "an unknown version": {"SignatureVersion": "3"},
    "no signature": {"Signature": ""},
    "a signature of another type": {"Signature": ["x"]},
    "a topic of another type": {"TopicArn": {"arn": TOPIC}},
    "a message of another type": {"Message": DELIVERY},
    "a certificate of another type": {"SigningCertURL": None},
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_what_was_not_signed_is_not_believed(spoilt: dict[str, Any]) -> None:
    """Every signed field counts, and so does its type."""
    with pytest.raises(CallbackRejected):
        read(GENUINE.callback(**spoilt))


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b"{", b"\xff", b"[" * 5000])
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    """Rubbish is refused and nothing else happens."""
    with pytest.raises(CallbackRejected):
        read(GENUINE.callback()._replace(body=body))


@pytest.mark.parametrize("age", [-299.0, 0.0, 3899.0])
def test_aws_may_call_again_for_an_hour(age: float) -> None:
    """SNS repeats a notification with its first time and signature."""
    assert read(Note(json.dumps(DELIVERY), at=WALL - age).callback()) == 1


@pytest.mark.parametrize("age", [-301.0, 3901.0, 86_400.0])
def test_an_old_notification_played_again_is_refused(age: float) -> None:
    """After that nothing genuine comes any more."""
    with pytest.raises(CallbackRejected, match="stale"):
        read(Note(json.dumps(DELIVERY), at=WALL - age).callback())


def test_a_certificate_is_asked_for_once() -> None:
    """Thousands of notifications cost one question to AWS; another day asks again."""
    aws = Aws()
    gateway = aws_gateway("ses", AWS, aws)
    for _ in range(20):
        assert gateway.read(GENUINE.callback())
    assert aws.asked == [CERTIFICATE]
    later = Note(json.dumps(DELIVERY), at=WALL + 86_401).callback()
    gateway.read(later._replace(received_at=WALL + 86_401))
    assert aws.asked == [CERTIFICATE, CERTIFICATE]


def test_nobody_can_make_us_ask_all_day() -> None:
    """After five certificates that are none, AWS is left alone for the rest of the minute."""
    aws = Aws()
    gateway = aws_gateway("ses", AWS, aws)
    for n in range(5):
        url = f"{HOST}/SimpleNotificationService-{n}.pem"
        with pytest.raises(CallbackRejected):
            gateway.read(GENUINE.callback(SigningCertURL=url))
    with pytest.raises(GatewayDown):
        gateway.read(GENUINE.callback())
    assert len(aws.asked) == 5
    soon = Note(json.dumps(DELIVERY), at=WALL + 61).callback()._replace(received_at=WALL + 61)
    assert gateway.read(soon)


@pytest.mark.parametrize("pem", [b"", b"<Error/>", certificate(days=-1)])
def test_a_certificate_must_be_one_and_valid_now(pem: bytes) -> None:
    """Neither rubbish nor what has run out proves anything."""
    aws = Aws()
    aws.fetch = lambda url: pem  # type: ignore[method-assign]
    with pytest.raises(CallbackRejected, match="certificate"):
        read(GENUINE.callback(), aws)


def test_without_topics_nobody_is_believed() -> None:
    """Whoever sets no topic gets no callbacks."""
    gateway = build("acme", "ses", {**AWS, "topic_arns": []})
    with pytest.raises(CallbackRejected, match="not set up"):
        gateway.read(GENUINE.callback())


def test_what_eventbridge_wrapped_is_unwrapped() -> None:
    """Events may come by a rule of EventBridge that has the topic as its target."""
    wrapped = {"version": "0", "detail-type": "Email Delivered", "detail": DELIVERY}
    [event] = aws_gateway("ses", AWS).read(told(wrapped))
    assert (event.kind, event.reference) == ("delivered", "m-1")


def test_a_greeting_in_plain_words_is_nothing() -> None:
    """SES tells a new topic that it will be heard."""
    assert read(Note("Successfully validated SNS topic for Amazon SES.").callback()) == 0


ANSWERS = [
    (httpx.Response(200, content=b"pem"), None),
    (httpx.Response(404, content=b"pem"), CallbackRejected),
    (httpx.Response(302, headers={"location": "https://evil.example/"}), CallbackRejected),
    (httpx.Response(503), GatewayDown),
    (httpx.Response(200, content=b"x" * 100_000), CallbackRejected),
    (httpx.ConnectError("no route"), GatewayDown),
]


@pytest.mark.parametrize(("answer", "error"), ANSWERS)
def test_aws_is_asked_once_and_followed_nowhere(
    answer: httpx.Response | httpx.ConnectError,
    error: type[Exception] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Redirects and long answers are refusals; an outage asks SNS to come back."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if isinstance(answer, httpx.Response):
            return answer
        raise answer

    real = httpx.Client
    transport = httpx.MockTransport(handle)
    monkeypatch.setattr(httpx, "Client", lambda **more: real(transport=transport, **more))
    if error is None:
        assert sns.fetch(CERTIFICATE) == b"pem"
    else:
        with pytest.raises(error):
            sns.fetch(CERTIFICATE)
    assert asked == [CERTIFICATE]


def test_a_slow_question_holds_up_nobody_whose_proof_is_known() -> None:
    """While AWS is asked for one certificate, notifications signed by another are heard."""
    asked, answered = threading.Event(), threading.Event()
    aws = Aws()
    known = aws.fetch

    def slow(url: str) -> bytes:
        if url != CERTIFICATE:
            asked.set()
            answered.wait(20)
        return known(url)

    aws.fetch = slow  # type: ignore[method-assign]
    gateway = aws_gateway("ses", AWS, aws)
    assert gateway.read(GENUINE.callback())
    other = GENUINE.callback(SigningCertURL=f"{HOST}/SimpleNotificationService-0.pem")
    with ThreadPoolExecutor(1) as pool:
        slowly = pool.submit(gateway.read, other)
        assert asked.wait(20)
        assert gateway.read(GENUINE.callback())
        answered.set()
        with pytest.raises(CallbackRejected):
            slowly.result(20)
