"""Each incoming mail is one of six things, and of a person's mail only their own words count."""

from __future__ import annotations

import time
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.auto_replies import is_auto_reply
from dispatcher.inbound.bounces import read_bounce
from dispatcher.inbound.complaints import read_complaint
from dispatcher.inbound.mail import MailKind, read_mail
from tests.support.returned import SAMPLES, Sample, samples

REPLIES = samples("replies-1.txt")
TOKEN = "04" + "0" * 15 + "7" + "ab" * 12


def letter(to: str, subject: str, more: str = "") -> bytes:
    """Write a short mail."""
    return f"From: Ann <ann@example.com>\nTo: {to}\nSubject: {subject}\n{more}\nhello\n".encode()


@pytest.mark.parametrize("sample", REPLIES, ids=lambda sample: sample.name)
def test_only_their_own_words_count(sample: Sample) -> None:
    """What a reply quotes, and its signature, are not what the person says."""
    mail = read_mail(sample.raw)
    assert mail.kind is MailKind.REPLY
    assert mail.words == sample.labels[0]


def test_mail_to_an_unsubscribe_address_is_a_wish_to_leave() -> None:
    """The token in the address is enough; even an automatic mail to it counts."""
    told = read_mail(letter(f"u+{TOKEN}@shop.example", "hi"))
    assert (told.kind, told.unsubscribe) == (MailKind.UNSUBSCRIBE, (TOKEN,))
    auto = letter(f"u+{TOKEN}@shop.example", "unsubscribe", "Auto-Submitted: auto-replied\n")
    assert read_mail(auto).kind is MailKind.UNSUBSCRIBE


def test_the_envelope_says_more_than_the_headers() -> None:
    """The address a mail was delivered to counts, not the one that stands in it."""
    raw = letter("news@shop.example", "hi")
    told = read_mail(raw, sender="ann@example.com", recipients=[f"u+{TOKEN}@shop.example"])
    assert told.kind is MailKind.UNSUBSCRIBE


def test_mail_from_nobody_never_unsubscribes() -> None:
    """What has the null sender was sent by no person."""
    raw = letter(f"u+{TOKEN}@shop.example", "hi")
    assert read_mail(raw, sender="").kind is MailKind.UNKNOWN


def test_a_token_in_the_subject_counts_with_the_word_before_it() -> None:
    """An address in any subject is not yet a wish to leave."""
    told = read_mail(letter("news@shop.example", f"unsubscribe u+{TOKEN}@shop.example"))
    assert told.kind is MailKind.UNSUBSCRIBE
    other = read_mail(letter("news@shop.example", f"what is u+{TOKEN}@shop.example?"))
    assert other.kind is MailKind.REPLY


def test_complaints_and_bounces_come_before_everything_else() -> None:
    """A bounce that calls itself automatic is a bounce."""
    bounce = samples("bounces-1.txt")[0]
    assert read_mail(bounce.raw).kind is MailKind.BOUNCE
    assert read_mail(samples("complaints-1.txt")[0].raw).kind is MailKind.COMPLAINT


NESTED = b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(20_000)
)
BOMBS = {
    "parts in parts": NESTED,
    "mails in mails": b"Content-Type: message/rfc822\n\n" * 50_000,
    "only headers": b"A: b\n" * 300_000,
    "one endless header": b"Subject: " + b"=?a?q?" * 200_000,
    "tags that never end": b"Content-Type: text/html\n\n" + b"<" * 1_000_000,
    "empty report lines": b"Content-Type: message/delivery-status\n\n" + b"\n" * 1_000_000,
    "letters without a space": b"Subject: undeliverable\n\n" + b"a" * 1_000_000,
    "addresses": b"From: mailer-daemon@x\nSubject: undeliverable\n\n" + b"a@b.c " * 200_000,
    "lines that may name a mailbox": b"From: mailer-daemon@x\nSubject: undeliverable\n"
    b"Content-Type: multipart/mixed; boundary=q\n\n--q\nContent-Type: text/rfc822-headers\n\n"
    b"To: "
    + b", ".join(b"name%d@b.example" % n for n in range(400))
    + b"\n\n--q\n\n"
    + b"> " * 500_000,
    "nameless mail for the last resort": b"From: mailer-daemon@aol.com\n"
    b"Subject: undeliverable\n\ncould not be delivered:\n" + b"  name \n" * 120_000,
}


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_no_mail_takes_a_worker_hostage(raw: bytes) -> None:
    """A mail made to be hard to read costs less than two seconds of CPU."""
    began = time.process_time()
    read_mail(raw)
    assert time.process_time() - began < 2


@given(
    st.sampled_from(
        ["hex", "idna", "punycode", "undefined", "utf-7", "x\0", "", "rot13", "utf-16"]
    ),
    st.sampled_from(["base64", "quoted-printable", "uuencode", "8bit", "\xff"]),
    st.binary(max_size=500),
)
def test_no_charset_or_encoding_makes_it_fail(charset: str, encoding: str, body: bytes) -> None:
    """Names that mean nothing, or something else, are passed over."""
    head = f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n"
    read_mail(
        head.encode() + f"Subject: =?{charset}?b?gICA?= =?{charset}?q?=zz?=\n\n".encode() + body
    )


SHAPES = [
    sample.raw
    for sample in chain.from_iterable(
        samples(each.name)
        for kind in ("bounces", "complaints", "auto-replies", "replies")
        for each in sorted(SAMPLES.glob(f"{kind}-*.txt"))
    )
]


@given(
    st.sampled_from(SHAPES),
    st.lists(
        st.tuples(
            st.integers(0, 4000),
            st.integers(0, 200),
            st.one_of(st.binary(max_size=40), st.sampled_from(SHAPES)),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_no_reader_fails_on_torn_and_mingled_mails(
    raw: bytes, damage: list[tuple[int, int, bytes]]
) -> None:
    """Mails that were cut, overwritten and put into one another are read without an error."""
    for at, length, junk in damage:
        raw = raw[:at] + junk + raw[at + length :]
    read_bounce(raw)
    read_complaint(raw)
    is_auto_reply(raw)
    read_mail(raw)
