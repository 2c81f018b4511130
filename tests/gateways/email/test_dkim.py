"""Promises about DKIM signatures, judged by a verifier that others wrote."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dispatcher.domain.messages import Outcome
from dispatcher.errors import ConfigError
from dispatcher.gateways.email.dkim import Signer, relaxed_body
from dispatcher.gateways.email.dkim_keys import (
    Kind,
    in_zone_file,
    load_key,
    make_key,
    read_keys,
    read_record,
)
from dispatcher.gateways.registry import build
from tests.gateways.email.referee import DOMAIN, both, judged, signing_key
from tests.gateways.email.sending import CONTENT, gateway, mail, send, sent
from tests.servers.smtp import SmtpServer

NAMES = st.sampled_from(
    [b"To", b"SUBJECT", b"Subject", b"List-Unsubscribe", b"Content-Type", b"X-Own", b"received"]
)
WORDS = st.sampled_from([b"word", b" ", b"  ", b"\t", b"\r\n ", b"\r\n\t", b":", b"\xc3\xbc", b";"])
FIELDS = st.lists(st.tuples(NAMES, st.lists(WORDS)))
BODIES = st.lists(
    st.sampled_from([b"text", b" ", b"   ", b"\t", b"\r\n", b"\r\n\r\n", b"\n", b"\xc3\xbc", b"."])
).map(b"".join)


def letter(fields: list[tuple[bytes, list[bytes]]], body: bytes) -> bytes:
    """Write a mail of header fields as they come, and a body."""
    lines = [b"From: Shop <a@shop.example>\r\n"]
    for name, words in fields:
        value = b"".join(words)
        # A folded line of blanks alone would end the header for some readers (RFC 5322 4.2).
        lines.append(name + b": x" + value.replace(b"\r\n", b"\r\n y") + b"\r\n")
    return b"".join(lines) + b"\r\n" + body


@given(FIELDS, BODIES)
@example([], b"")
@example([], b"\r\n\r\n\r\n")
@example([], b"no line end")
@example([], b"a \t b  \r\n \r\n\r\n")
@example([(b"Subject", [b"one"]), (b"subject", [b"two", b"  ", b"\r\n\t"])], b"x\n")
@settings(max_examples=150, deadline=None)
def test_every_signature_verifies(fields: list[tuple[bytes, list[bytes]]], body: bytes) -> None:
    """Folded and doubled headers, odd blanks, 8-bit letters, any end of the body; both keys."""
    keys = both()
    signed = Signer({DOMAIN: keys}).signed(letter(fields, body), keys)
    assert judged(signed, keys) == [True, True]


@given(BODIES)
def test_a_body_without_line_ends_of_its_own_is_canonical(body: bytes) -> None:
    """What is hashed is the same, however many blanks and empty lines a server adds at ends."""
    whole = body.replace(b"\n", b"").replace(b"\r", b"")
    plain = relaxed_body(whole + b"\r\n")
    assert relaxed_body(whole + b" \t\r\n \r\n\r\n") == plain
    assert relaxed_body(plain) == plain


@pytest.mark.parametrize("added", [b"From: Thief <t@evil.example>", b"Subject: You won", b"Cc: me"])
def test_no_header_can_be_added_under_a_signature(added: bytes) -> None:
    """Each signed header is named once more than it is there."""
    keys = both()
    signed = Signer({DOMAIN: keys}).signed(CONTENT, keys)
    head, _, body = signed.partition(b"\r\n\r\n")
    assert judged(signed, keys) == [True, True]
    assert judged(b"%b\r\n%b\r\n\r\n%b" % (head, added, body), keys) == [False, False]
    assert judged(b"%b\r\n%b" % (added, signed), keys) == [False, False]


def test_what_is_changed_or_appended_does_not_verify() -> None:
    """The whole body is signed: there is no length to write behind."""
    keys = both()
    signed = Signer({DOMAIN: keys}).signed(CONTENT, keys)
    assert judged(signed + b"More.\r\n", keys) == [False, False]
    assert judged(signed.replace(b"Good news", b"Bad news"), keys) == [False, False]


@pytest.mark.parametrize("features", [("8BITMIME",), ("PIPELINING",)], ids=["8-bit", "7-bit"])
def test_the_signature_is_over_what_this_server_gets(features: tuple[str, ...]) -> None:
    """A mail that had to be re-encoded, and dots doubled on the wire, verify at the other end."""
    keys = both()
    body = "From: a@shop.example\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n"
    body += "Content-Type: text/plain; charset=utf-8\r\n\r\n.Grüße\r\n..\r\n\r\n"
    server = SmtpServer(features=features)

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server)
            sender.signer = Signer({DOMAIN: keys})
            message = mail(sender=f"a@{DOMAIN}", content=body.encode(), eight_bit=True)
            assert (await send(sender, [message])).outcomes == [Outcome.ACCEPTED]
            await sender.aclose()

    asyncio.run(scenario())
    assert server.stored[0].content.isascii() is (features == ("PIPELINING",))
    assert judged(server.stored[0].content, keys) == [True, True]


def pem(folder: Path, kind: Kind, name: str = "key.pem") -> Path:
    """Make a key file."""
    make_key(folder / name, kind)
    return folder / name


def test_a_gateway_signs_by_its_settings(tmp_path: Path) -> None:
    """Two keys of one domain sign twice; a sender below the domain is covered by it."""
    tables = [{"selector": str(kind), "key_file": str(pem(tmp_path, kind, kind))} for kind in Kind]
    server = SmtpServer()
    result = sent(
        server,
        [mail(1, sender="a@news.shop.example"), mail(2, sender="A@SHOP.example")],
        dkim={DOMAIN: tables},
    )
    assert result.outcomes == [Outcome.ACCEPTED] * 2
    keys = [load_key(tmp_path / kind, DOMAIN, kind) for kind in Kind]
    for stored in server.stored:
        assert judged(stored.content, keys) == [True, True]


def test_nothing_leaves_unsigned_from_a_gateway_that_signs(tmp_path: Path) -> None:
    """A sender without a key is put off, which counts against the gateway, not the person."""
    table = {"selector": "s1", "key_file": str(pem(tmp_path, Kind.ED25519))}
    server = SmtpServer()
    letters = [mail(number, sender="a@other.example") for number in range(5)]
    result = sent(server, letters, dkim={DOMAIN: table}, breaker=3)
    assert server.stored == []
    assert {receipt.outcome for receipt in result.receipts} == {Outcome.DEFERRED}
    assert "other.example" in result.receipts[0].detail
    assert result.down is not None
    assert result.gate.asked == []


def test_the_wanted_header_lines_are_signed() -> None:
    """One-click leaving counts only where both of its lines are signed (RFC 8058 4)."""
    keys = (signing_key(Kind.ED25519),)
    content = b"List-Unsubscribe: <https://x>\r\nList-Unsubscribe-Post: y\r\n" + CONTENT
    signed = Signer({DOMAIN: keys}).signed(content, keys)
    names = signed.partition(b"h=")[2].partition(b";")[0].replace(b"\r\n ", b"").split(b":")
    for name in (b"list-unsubscribe", b"list-unsubscribe-post", b"from"):
        assert names.count(name) == 2
    assert max(map(len, signed.splitlines())) <= 78


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"no key", "no private key in PEM form"),
        ("small", "1024"),
        ("locked", "password"),
        ("curve", "another kind of key"),
        (None, "cannot be read"),
    ],
)
def test_a_key_that_cannot_sign_is_told_at_the_start(
    tmp_path: Path, content: bytes | str | None, told: str
) -> None:
    """The error names gateway, domain and setting, and never the key."""
    file = tmp_path / "key.pem"
    made: dict[str, tuple[Any, Any]] = {
        "small": (rsa.generate_private_key(public_exponent=65537, key_size=1024), NoEncryption()),
        "locked": (ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x")),
        "curve": (ec.generate_private_key(ec.SECP256R1()), NoEncryption()),
    }
    if isinstance(content, str):
        key, lock = made[content]
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    elif content is not None:
        file.write_bytes(content)
    options = {
        "host": "mail.example",
        "dkim": {DOMAIN: {"selector": "s1", "key_file": str(file)}},
    }
    if content == "small":  # is taken, and advised against by the check
        assert build("mail", "smtp", options).kind == "smtp"
        return
    with pytest.raises(ConfigError, match=told) as caught:
        build("mail", "smtp", options)
    assert caught.value.setting == 'gateways.mail.dkim."shop.example".key_file'


def test_a_key_too_short_for_verifiers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer than 1024 bits are worth nothing (RFC 8301)."""
    monkeypatch.setattr("dispatcher.gateways.email.dkim_keys.LEAST_BITS", 4096)
    with pytest.raises(ConfigError, match="2048 bits"):
        load_key(pem(tmp_path, Kind.RSA), DOMAIN, "s1")


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({DOMAIN: "s1"}, "must be a table"),
        ({DOMAIN: []}, "must be a table"),
        ({DOMAIN: {"selector": "s1"}}, "key_file: is missing"),
        ({DOMAIN: {"selektor": "s1", "key_file": "x"}}, 'did you mean "selector"'),
        ({DOMAIN: {"selector": "s 1", "key_file": "x"}}, "is no name"),
        ({"localhost": {"selector": "s1", "key_file": "x"}}, "is no domain"),
    ],
)
def test_slips_in_the_settings_are_told(tables: dict[str, object], told: str) -> None:
    """Each with the place where it is."""
    with pytest.raises(ConfigError, match=told):
        read_keys(tables)


def test_a_new_key_is_its_owners_alone_and_never_overwrites(tmp_path: Path) -> None:
    """Whoever can read it can sign in the shop's name."""
    file = pem(tmp_path, Kind.ED25519)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_key(file, Kind.RSA)


@pytest.mark.parametrize("kind", Kind)
def test_a_record_says_which_key_it_is(kind: Kind) -> None:
    """What is put into the DNS is read back as the key that signs."""
    key = signing_key(kind)
    read = read_record(key.record)
    assert (read.data, read.bits) == (key.public, 2048 if kind is Kind.RSA else 0)
    pieces = in_zone_file(key.record)
    assert all(len(piece) <= 255 for piece in pieces.strip('"').split('" "'))
    assert "".join(pieces.strip('"').split('" "')) == key.record


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("v=DKIM2; p=x", "v=DKIM2"),
        ("v=DKIM1; k=rsa", "no p="),
        ("v=DKIM1; p=%%%", "cannot be read"),
        ("v=DKIM1; p=AAAA", "cannot be read"),
        ("v=DKIM1; k=ed25519; p=AAAA", "cannot be read"),
        ("v=DKIM1; k=dsa; p=AAAA", "k=dsa"),
    ],
)
def test_a_record_that_verifiers_cannot_use_is_told(text: str, told: str) -> None:
    """With what is wrong in it."""
    with pytest.raises(ValueError, match=told):
        read_record(text)


def test_a_key_that_was_taken_back_has_no_data() -> None:
    """An empty p= says so."""
    assert read_record("v=DKIM1; p=").data == b""
