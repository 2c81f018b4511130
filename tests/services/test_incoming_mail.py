"""Mail that comes back is obeyed once, for whom our own token names, and nothing of it is lost."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.inbound.mail import MailKind
from dispatcher.rendering.links import Links
from dispatcher.services import incoming_mail
from dispatcher.services.erase import erase
from dispatcher.services.incoming_mail import Taken, take
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents
from dispatcher.tokens import Purpose, Token, Tokens
from tests.support.people import ANNA, add_person, consent_to, desk_on, insert, later

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


@pytest.mark.parametrize(
    ("subject", "words", "state"),
    [
        ("unsubscribe", "", ConsentState.OPTED_OUT),
        ("STOP", "Sent from my iPhone", ConsentState.OPTED_OUT),
        ("=?utf-8?q?D=C3=A9sabonnement_svp?=", "Merci, Anna", ConsentState.OPTED_OUT),
        ("Please take me off your list", "> Spring is here", ConsentState.OPTED_OUT),
        ("Re: Stop sending yourself cold coffee", "", ConsentState.ACTIVE),
        ("AW[2]: unsubscribe", "Wie viel kostet das?", ConsentState.ACTIVE),
        ("Cancel my order", "Do you have decaf?", ConsentState.ACTIVE),
    ],
)
def test_a_subject_of_their_own_counts_as_their_words(
    desk: Desk, subject: str, words: str, state: ConsentState
) -> None:
    """Many write it there and nothing below; the subject of the mail that is answered is ours."""
    hear(desk, f"From: anna@example.com\nSubject: {subject}\n\n{words}\n".encode())
    with desk.database.begin() as conn:
        assert consents.consent_of(conn, Channel.EMAIL, "coffee", [7])[7].state is state


def mailto(token: str, sender: str = "Anna@Example.com", more: str = "") -> bytes:
    """Give what a mail program sends to the address of List-Unsubscribe."""
    box = f"u+{token}@in.shop.example"
    return f"From: {sender}\nTo: {box}\nSubject: unsubscribe\n{more}\n".encode()


def of_others(purpose: Purpose = Purpose.UNSUBSCRIBE) -> dict[str, str]:
    """Give tokens that name nobody for leaving: forged, cut, altered, for something else."""
    good = TOKENS.mailbox(Purpose.UNSUBSCRIBE, Token(7, WAVE, 0, Channel.EMAIL))
    theirs = Tokens([b"a key of somebody else's"])
    return {
        "forged": theirs.mailbox(purpose, Token(7, WAVE, 0, Channel.EMAIL)),
        "cut": good[:-8],
        "altered": good[:-1] + ("0" if good[-1] != "0" else "1"),
        "a return path": TOKENS.mailbox(Purpose.BOUNCE, Token(7, WAVE, 1, Channel.EMAIL)),
        "a link to join": TOKENS.mailbox(Purpose.CONFIRM, Token(7, WAVE, 0, Channel.EMAIL)),
    }


@pytest.mark.parametrize("token", of_others().values(), ids=list(of_others()))
def test_who_leaves_with_a_damaged_link_is_silenced_by_their_address(
    desk: Desk, token: str
) -> None:
    """Silence is all a From line can bring; twice is once, and nobody is answered."""
    for _ in range(2):
        assert hear(desk, mailto(token)).outcome == "obeyed"
    assert state(desk) is ConsentState.OPTED_OUT
    assert (count(desk, "reply"), count(desk, "service_message")) == (1, 0)


def test_a_damaged_link_silences_nobody_but_its_sender(desk: Desk) -> None:
    """Whose the token would have been does not matter, and a stranger's wish is read by people."""
    for token in of_others().values():
        taken = hear(desk, mailto(token, sender="stranger@elsewhere.example"))
        assert taken.outcome == "kept"
    assert state(desk) is ConsentState.ACTIVE
    machine = mailto(of_others()["forged"], more="Auto-Submitted: auto-replied\n")
    assert hear(desk, machine).outcome == "kept"
    assert hear(desk, mailto(of_others()["forged"]), sender="").outcome != "obeyed"
    assert state(desk) is ConsentState.ACTIVE


def test_who_answers_from_another_address_is_silenced_at_the_one_we_write_to(desk: Desk) -> None:
    """The answer names the mail it answers, so we know who it is."""
    answer = (
        "From: anna@work.example\nSubject: Re: Beans\n"
        f"In-Reply-To: <{LINKS.delivery_id(KEY)}@in.shop.example>\n\nPlease remove me.\n"
    )
    assert hear(desk, answer.encode()) == Taken(MailKind.REPLY, "obeyed")
    assert state(desk) is ConsentState.OPTED_OUT


def test_nobody_silences_thousands_by_writing_their_names(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit of an hour people look first; who answers a mail of ours is heard always."""
    monkeypatch.setattr(incoming_mail, "MOST_BARE", 3)
    for number in range(8, 14):
        add_person(desk, number, email=f"p{number}@example.com", phone="")
        consent_to(desk, channel=Channel.EMAIL, customer_id=number)
    stop = "From: p{}@example.com\nSubject: Re\n\nPlease remove me.\n"
    outcomes = [hear(desk, stop.format(number).encode()).outcome for number in range(8, 12)]
    forged = mailto(of_others()["forged"], sender="p12@example.com")
    outcomes.append(hear(desk, forged).outcome)
    own = f"In-Reply-To: <{LINKS.delivery_id(KEY)}@in.shop.example>\n"  # somebody else's mail
    outcomes.append(hear(desk, f"{own}{stop.format(12)}".encode()).outcome)
    assert outcomes == ["obeyed"] * 3 + ["kept"] * 3
    answer = (
        f"From: {ANNA}\nReferences: <{LINKS.delivery_id(KEY)}@in.shop.example>\n\nUnsubscribe me\n"
    )
    assert hear(desk, answer.encode()).outcome == "obeyed"
    assert state(desk) is ConsentState.OPTED_OUT
    assert hear(desk, stop.format(13).encode(), 62).outcome == "obeyed"  # an hour later
    assert count(desk, "kept_mail") == 3


RANDOM = random.Random(7)
ODD_MAILS = {
    "a megabyte of words": b"stop " * 209_000,
    "a megabyte of one letter": b"s" * 1_000_000,
    "emoji": "🛑✋🏽 ".encode() * 50_000,
    "right to left": "\u202epots\u202c أوقف الرسائل ".encode() * 20_000,
    "marks upon marks": ("s" + "\u0301" * 300_000).encode(),
    "nulls and controls": b"\x00\x01\x1b[2J\r\n" * 40_000,
    "nothing to see": "\u200b\u2060\ufeff".encode() * 100_000,
    "noise": RANDOM.randbytes(1_000_000),
    "half characters": "\ud83d".encode("utf-8", "surrogatepass") * 1000,
    "parts in parts": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 5_000,
    "quotations only": b"> please remove me\n" * 20_000,
}


@pytest.mark.parametrize("words", ODD_MAILS.values(), ids=list(ODD_MAILS))
@pytest.mark.parametrize("to", ["hello@in.shop.example", f"u+{'ab' * 29}@in.shop.example"])
def test_a_mail_of_any_kind_is_dealt_with_and_concerns_its_sender_only(
    desk: Desk, words: bytes, to: str
) -> None:
    """A megabyte of anything: no crash, nobody else's consent, and what is kept is clipped."""
    add_person(desk, 8, email="bob@example.com", phone="")
    consent_to(desk, channel=Channel.EMAIL, customer_id=8)
    head = (
        f"From: bob@example.com\nTo: {to}\nSubject: \u202eRe: \u0405\u0422\u041e\u0420\n".encode()
    )
    for raw in (head + b"\n" + words, head + words, words):
        hear(desk, raw)
        hear(desk, raw, sender="", recipients=[to])
    assert state(desk) is ConsentState.ACTIVE
    assert count(desk, "service_message") == 0
    with desk.database.begin() as conn:
        kept = conn.execute(text("SELECT max(length(words)) FROM kept_mail")).scalar_one()
    assert (kept or 0) <= 4000


@pytest.mark.parametrize(
    "stop",
    [
        "\u0405\u0422\u041e\u0420",  # look-alikes of another alphabet
        "\u202estop\u202c",
        "S\u200bT\u200bO\u200bP",
        "\uff33\uff34\uff2f\uff30",
        "\u0623\u0648\u0642\u0641 \u0627\u0644\u0631\u0633\u0627\u0626\u0644",  # Arabic
    ],
)
def test_stop_is_stop_in_whatever_letters(desk: Desk, stop: str) -> None:
    """Somebody who means it is heard, however it looks in bytes."""
    raw = f"From: {ANNA}\nSubject: Re\nContent-Type: text/plain; charset=utf-8\n\n{stop}\n"
    assert hear(desk, raw.encode()).outcome == "obeyed"
    assert state(desk) is ConsentState.OPTED_OUT


@pytest.mark.parametrize(
    "sender",
    [
        "bob@example.com, anna@example.com",
        "anna%40example.com@evil.example",
        "\u0430nna@example.com",  # a Cyrillic letter
        "<anna@example.com.evil.example>",
        '"anna@example.com" <nobody@evil.example>',
        "a" * 100_000 + "@example.com",
    ],
)
def test_a_sender_who_only_looks_like_somebody_is_somebody_else(desk: Desk, sender: str) -> None:
    """No address is made of pieces of another."""
    hear(desk, f"From: {sender}\nSubject: Re\n\nPlease remove me.\n".encode())
    assert state(desk) is ConsentState.ACTIVE


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=400), st.sampled_from(["", "bob@example.com", None]))
def test_no_bytes_make_it_stumble(desk: Desk, raw: bytes, sender: str | None) -> None:
    """Nor change anything of Anna's."""
    hear(desk, raw, sender=sender)
    assert state(desk) is ConsentState.ACTIVE
