"""Mail that comes back is obeyed once, for whom our own token names, and nothing of it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.inbound.mail import MailKind
from dispatcher.rendering.links import Links
from dispatcher.services.erase import erase
from dispatcher.services.incoming_mail import Taken, take
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents
from dispatcher.tokens import Purpose, Token, Tokens
from tests.support.people import add_person, consent_to, desk_on, insert, later

WAVE = int(later(0).timestamp() * 1000) * 1024
TOKENS = Tokens([b"a key of these tests"])
LINKS = Links(TOKENS, "https://go.shop.example", "in.shop.example")
KEY = DeliveryKey(WAVE, 7, 1)
DAY = 24 * 60


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """Anna, who consented to e-mail and was sent five of them."""
    with desk_on(database_url) as desk:
        add_person(desk)
        consent_to(desk, channel=Channel.EMAIL)
        for number in range(5):
            deliver(desk, WAVE + number)
        yield desk


def deliver(desk: Desk, wave: int) -> None:
    sent = {"wave_id": wave, "customer_id": 7, "channel": "email", "gateway": "smtp"}
    with desk.database.begin() as conn:
        conn.execute(text("SELECT ensure_partitions(:w)"), {"w": wave})
        insert(conn, "delivery", **sent, state="accepted", reason="ok")
        insert(conn, "attempt", **sent, no=1, outcome="accepted", reference="")


def bounce(status: str, words: str, to: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example\nTo: {to}\nSubject: Undelivered Mail\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {words}\n\n--b--\n"
    ).encode()


def report(kind: str, more: str) -> bytes:
    return (
        "From: fbl@isp.example\nSubject: report\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n"
        f"Content-Type: message/feedback-report\n\nFeedback-Type: {kind}\nVersion: 1\n\n--b\n"
        f"Content-Type: message/rfc822\n\nFrom: news@shop.example\n{more}\n\nx\n--b--\n"
    ).encode()


def hear(desk: Desk, raw: bytes, minute: float = 1, **envelope: Any) -> Taken:
    return take(desk, TOKENS, raw, later(minute), **envelope)


def deliverable(desk: Desk) -> bool:
    query = text("SELECT deliverable FROM address WHERE channel = 'email'")
    with desk.database.begin() as conn:
        return bool(conn.execute(query).scalar_one())


def count(desk: Desk, table: str) -> int:
    with desk.database.begin() as conn:
        return int(conn.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def state(desk: Desk) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, Channel.EMAIL, "coffee", [7])[7].state


def test_a_dead_address_is_never_written_to_again(desk: Desk) -> None:
    """A hard bounce to the return path of this message marks the address, and is told once."""
    raw = bounce("5.1.1", "550 5.1.1 user unknown", LINKS.return_path(KEY))
    assert hear(desk, raw) == Taken(MailKind.BOUNCE, "obeyed", "5.1.1")
    assert not deliverable(desk)
    hear(desk, raw, 2)
    assert count(desk, "event") == 1
    assert state(desk) is ConsentState.ACTIVE


@pytest.mark.parametrize(
    "forged",
    ["b+" + "ab" * 29 + "@in.shop.example", "news@shop.example"],
)
def test_a_bounce_without_a_token_of_ours_changes_nothing(desk: Desk, forged: str) -> None:
    """An address in a report proves nothing: it is kept for a person to see."""
    assert hear(desk, bounce("5.1.1", "550 user unknown", forged)).outcome == "kept"
    assert deliverable(desk)
    assert count(desk, "kept_mail") == 1
    hear(desk, bounce("5.1.1", "550 user unknown", forged))
    assert count(desk, "kept_mail") == 1


def test_a_token_that_is_too_old_changes_nothing(desk: Desk) -> None:
    """Nobody can play back a bounce of long ago."""
    raw = bounce("5.1.1", "550 user unknown", LINKS.return_path(KEY))
    assert hear(desk, raw, 61 * DAY).outcome == "kept"
    assert deliverable(desk)


def test_a_token_for_leaving_is_no_return_path(desk: Desk) -> None:
    """What unsubscribes cannot bounce, and the other way round."""
    other = TOKENS.mailbox(Purpose.UNSUBSCRIBE, Token(7, WAVE, 0, Channel.EMAIL))
    raw = bounce("5.1.1", "550 user unknown", f"b+{other}@in.shop.example")
    assert hear(desk, raw).outcome == "kept"


def test_a_refusal_of_our_mail_is_not_the_persons_fault(desk: Desk) -> None:
    """Spam verdicts count against the campaign, and the person stays as they were."""
    raw = bounce("5.7.1", "554 5.7.1 blocked using zen.spamhaus.org", LINKS.return_path(KEY))
    assert hear(desk, raw) == Taken(MailKind.BOUNCE, "obeyed", "policy 5.7.1")
    assert deliverable(desk)


def test_five_full_mailboxes_over_two_weeks_are_a_dead_one(desk: Desk) -> None:
    """Each at least three days after the last; four of them, or five in a week, are not enough."""
    for number in range(5):
        key = DeliveryKey(WAVE + number, 7, 1)
        raw = bounce("5.2.2", "552 mailbox full", LINKS.return_path(key))
        assert deliverable(desk)
        hear(desk, raw, number * 4 * DAY + 1)
    assert not deliverable(desk)


def test_a_complaint_ends_everything_and_needs_no_address(desk: Desk) -> None:
    """The link to leave, found in the returned headers, says who it was."""
    link, _ = LINKS.unsubscribe(KEY, Channel.EMAIL)
    taken = hear(desk, report("abuse", f"List-Unsubscribe: <{link}>"))
    assert taken == Taken(MailKind.COMPLAINT, "obeyed", "abuse")
    assert state(desk) is ConsentState.OPTED_OUT


def test_not_spam_changes_nothing(desk: Desk) -> None:
    """Somebody who takes us out of the spam folder wants to hear of us."""
    link, _ = LINKS.unsubscribe(KEY, Channel.EMAIL)
    assert hear(desk, report("not-spam", f"List-Unsubscribe: <{link}>")).outcome == "passed over"
    assert state(desk) is ConsentState.ACTIVE


def test_a_mail_to_the_address_for_leaving_leaves(desk: Desk) -> None:
    """An empty mail is enough, twice is once, and age does not matter."""
    _, box = LINKS.unsubscribe(KEY, Channel.EMAIL)
    raw = b"From: anna@example.com\n\n"
    for minute in (400 * DAY, 401 * DAY):
        taken = hear(desk, raw, minute, sender="anna@example.com", recipients=[box])
        assert taken.outcome == "obeyed"
    assert state(desk) is ConsentState.OPTED_OUT


def test_a_persons_words_are_kept_and_a_machines_are_not(desk: Desk) -> None:
    """Nothing a person writes goes nowhere; an absence note does."""
    human = b"From: anna@example.com\nSubject: Re: Spring\n\nDo you have it in blue?\n\n> Spring\n"
    assert hear(desk, human).outcome == "kept"
    away = b"From: anna@example.com\nSubject: Automatic reply: Spring\n\nBack on Monday"
    assert hear(desk, away).outcome == "passed over"
    with desk.database.begin() as conn:
        assert conn.execute(text("SELECT words FROM kept_mail")).scalars().all() == [
            "Do you have it in blue?"
        ]


def test_whoever_is_forgotten_leaves_no_mail_behind(desk: Desk) -> None:
    """Erasing a person takes what they wrote with it."""
    hear(desk, b"From: Anna <Anna@example.com>\nSubject: Re: Spring\n\nIn blue?\n")
    erase(desk, 7, later(2))
    assert count(desk, "kept_mail") == 0


@pytest.mark.parametrize(
    ("words", "outcome", "state"),
    [
        ("Please remove me from this list.", "obeyed", ConsentState.OPTED_OUT),
        ("Bitte keine Mails mehr", "obeyed", ConsentState.OPTED_OUT),
        ("Do you have decaf?", "kept", ConsentState.ACTIVE),
        ("Yes, subscribe me to everything", "kept", ConsentState.ACTIVE),
    ],
)
def test_who_answers_in_their_own_words_is_understood(
    desk: Desk, words: str, outcome: str, state: ConsentState
) -> None:
    """Wishing to hear no more is enough from any From line; wishing to hear is not."""
    mail = f"From: Anna <ANNA@example.com>\nSubject: Re: Beans\n\n{words}\n\n> Reply STOP\n"
    for _ in range(2):
        assert take(desk, TOKENS, mail.encode(), later(1)).outcome == outcome
    with desk.database.begin() as conn:
        assert consents.consent_of(conn, Channel.EMAIL, "coffee", [7])[7].state is state
