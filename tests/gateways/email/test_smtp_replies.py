"""Promises about what a server's answer means for a message and for its address."""

from __future__ import annotations

import pytest

from dispatcher.domain.messages import DeliveryKey, Outcome
from dispatcher.gateways.email.smtp_replies import (
    DETAIL_CAP,
    Reply,
    Stage,
    accepted,
    is_trouble,
    turned_away,
)

KEY = DeliveryKey(1, 2, 3)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, b"5.1.1 <x@example.com>: Recipient address rejected: User unknown"),
        (550, b"5.1.1 The email account that you tried to reach does not exist"),
        (554, b"5.1.2 bad destination system address"),
        (501, b"5.1.3 bad destination mailbox address syntax"),
        (550, b"5.1.6 mailbox has moved"),
        (550, b"5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"),
        (550, b"5.2.1 The email account that you tried to reach is disabled"),
        (550, b"User unknown"),
        (550, b"No such user here"),
        (550, b"No Such User Here\nsecond line"),
        (550, b"Unknown recipient"),
        (553, b"sorry, no mailbox here by that name"),
        (550, b"Requested action not taken: mailbox not found"),
    ],
)
def test_an_address_that_does_not_exist_is_dead(code: int, text: bytes) -> None:
    """By enhanced status, or by well-known words where there is none."""
    receipt = turned_away(KEY, Stage.RCPT, Reply(code, text))
    assert receipt.outcome is Outcome.REFUSED
    assert receipt.dead_address


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        (Stage.RCPT, 550, b"5.7.1 Service unavailable; client host blocked using zen.spamhaus.org"),
        (Stage.RCPT, 550, b"5.7.26 unauthenticated mail is prohibited"),
        (Stage.CONTENT, 550, b"5.7.515 access denied, sending domain does not meet the level"),
        (Stage.CONTENT, 554, b"5.7.9 message not accepted for policy reasons"),
        (Stage.RCPT, 552, b"5.2.2 mailbox full"),
        (Stage.RCPT, 550, b"5.2.2 over quota"),
        (Stage.RCPT, 550, b"5.4.1 recipient address rejected: access denied"),
        (Stage.RCPT, 550, b"5.0.0 no"),
        (Stage.RCPT, 550, b"no thanks"),
        (Stage.RCPT, 550, b"5.1.1 rejected, your IP is listed by a blacklist"),
        (Stage.RCPT, 550, b"User unknown or blocked as spam"),
        (Stage.RCPT, 554, b"delivery error: this user does not have a yahoo account, or not"),
        (Stage.MAIL, 550, b"5.1.1 unknown user"),
        (Stage.MAIL, 550, b"user unknown"),
        (Stage.RCPT, 450, b"4.1.1 user unknown"),
        (Stage.RCPT, 550, b"4.1.1 user unknown in a status that contradicts the code, spam?"),
        (Stage.RCPT, 451, b"5.1.1 a status that contradicts the code"),
        (Stage.DATA, 554, b"5.5.1 no valid recipients"),
    ],
)
def test_a_refusal_for_another_reason_kills_no_address(
    stage: Stage, code: int, text: bytes
) -> None:
    """Policy, spam, full mailboxes, senders and temporary trouble are no dead address."""
    assert not turned_away(KEY, stage, Reply(code, text)).dead_address


@pytest.mark.parametrize(
    ("code", "text", "seconds"),
    [
        (450, b"4.7.1 Greylisting in action, please come back later", 300),
        (451, b"4.7.1 try again later", 300),
        (450, b"Graylisted, try again in 5 minutes", 300),
        (452, b"4.2.2 mailbox full", 3600),
        (450, b"4.2.2 mailbox full", 3600),
        (450, b"4.2.0 mailbox busy", 900),
        (452, b"4.3.1 insufficient storage", 900),
        (421, b"4.7.0 too many", 900),
    ],
)
def test_how_long_a_deferral_waits(code: int, text: bytes, seconds: float) -> None:
    """Greylisting five minutes, a full mailbox an hour, all else a quarter of an hour."""
    receipt = turned_away(KEY, Stage.RCPT, Reply(code, text))
    assert receipt.outcome is Outcome.DEFERRED
    assert receipt.retry_after == seconds


@pytest.mark.parametrize(
    ("text", "queue_id"),
    [
        (b"2.0.0 Ok: queued as 4F9D195432C", "4F9D195432C"),
        (b"OK id=1tEXaM-0001Ab-2C", "1tEXaM-0001Ab-2C"),
        (b"2.0.0 4AM1abcd012345 Message accepted for delivery", "4AM1abcd012345"),
        (b"Ok 0102018f2a3b4c5d-11111111-2222-3333", "0102018f2a3b4c5d-11111111-2222-3333"),
        (b"2.0.0 Ok", ""),
        (b"", ""),
    ],
)
def test_the_queue_id_is_found(text: bytes, queue_id: str) -> None:
    """Postfix, Exim, sendmail and SES tell it in their own ways."""
    receipt = accepted(KEY, Reply(250, text))
    told = f"queued as {queue_id}" if queue_id else ""
    assert (receipt.outcome, receipt.detail) == (Outcome.ACCEPTED, told)


def test_details_are_printable_and_short() -> None:
    """A server's words cannot break a terminal, a log or a table."""
    reply = Reply(550, b"5.1.1 \x1b[31mred\x07\r\nnext \xff\x00" + b"long " * 100)
    receipt = turned_away(KEY, Stage.RCPT, reply)
    assert receipt.code == "550 5.1.1"
    assert receipt.detail.startswith("RCPT: 5.1.1")
    assert receipt.detail.isprintable()
    assert len(receipt.detail) <= DETAIL_CAP + 10


def test_no_address_comes_into_a_receipt() -> None:
    """Servers repeat addresses; receipts are kept, and people are numbers there."""
    text = b"5.1.1 <spam+anna@example.com>: user unknown: anna@example.com, b+9@bounce.example"
    receipt = turned_away(KEY, Stage.RCPT, Reply(550, text))
    assert "@" not in receipt.detail
    assert receipt.detail == "RCPT: 5.1.1 <(address)>: user unknown: (address), (address)"
    assert receipt.dead_address


@pytest.mark.parametrize(
    ("stage", "code", "text", "trouble"),
    [
        (Stage.MAIL, 451, b"4.7.1 slow down", True),
        (Stage.RCPT, 421, b"leaving", True),
        (Stage.CONTENT, 452, b"4.3.1 disk full", True),
        (Stage.RCPT, 450, b"4.7.1 greylisted", False),
        (Stage.RCPT, 550, b"5.1.1 unknown", False),
        (Stage.CONTENT, 554, b"5.7.1 spam", False),
    ],
)
def test_what_tells_of_the_gateway_rather_than_of_a_person(
    stage: Stage, code: int, text: bytes, trouble: bool
) -> None:
    """Only such answers count towards the breaker."""
    assert is_trouble(stage, Reply(code, text)) is trouble
