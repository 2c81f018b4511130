"""Promises of signed tokens and keyed digests."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.messages import Channel
from dispatcher.tokens import Digests, Purpose, Token, Tokens

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
TOKENS = Tokens([NEW, OLD])

number = st.integers(0, 2**63 - 1)
attempt = st.integers(0, 2**16 - 1)
token = st.builds(Token, number, number, attempt, st.sampled_from([None, *Channel]))
purpose = st.sampled_from(list(Purpose))


@given(purpose, token)
def test_a_token_opens_to_what_it_was_made_of(purpose: Purpose, token: Token) -> None:
    """Links and mailboxes come back as they were, also when a relay changed their case."""
    assert TOKENS.open_link(purpose, TOKENS.link(purpose, token)) == token
    local = TOKENS.mailbox(purpose, token)
    assert TOKENS.open_mailbox(purpose, local) == token
    assert TOKENS.open_mailbox(purpose, local.upper()) == token


@given(purpose, token, st.data())
def test_any_flipped_bit_is_refused(purpose: Purpose, token: Token, data: st.DataObject) -> None:
    """One bit changed anywhere, in the bytes or in the spelling of a link, and nothing opens."""
    raw = TOKENS.seal(purpose, token)
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    flipped = bytearray(raw)
    flipped[bit // 8] ^= 1 << bit % 8
    assert TOKENS.unseal(purpose, bytes(flipped)) is None
    text = TOKENS.link(purpose, token).encode()
    bit = data.draw(st.integers(0, len(text) * 8 - 1))
    spelled = bytearray(text)
    spelled[bit // 8] ^= 1 << bit % 8
    assert TOKENS.open_link(purpose, spelled.decode("latin-1")) is None


@given(purpose, purpose, token)
def test_purposes_are_not_interchangeable(made: Purpose, used: Purpose, token: Token) -> None:
    """A return path cannot unsubscribe anybody."""
    opened = TOKENS.open_link(used, TOKENS.link(made, token))
    assert opened == (token if made is used else None)


@given(st.text(), purpose)
def test_any_text_at_all_is_answered_calmly(text: str, purpose: Purpose) -> None:
    """What strangers type is refused without an exception."""
    assert TOKENS.open_link(purpose, text) is None
    assert TOKENS.open_mailbox(purpose, text) is None


def test_an_old_key_still_opens_and_a_strange_one_never_did() -> None:
    """After a rotation the links already sent go on working; other people's never do."""
    made = Token(7, 8, 1, Channel.SMS)
    assert TOKENS.open_link(Purpose.BOUNCE, Tokens([OLD]).link(Purpose.BOUNCE, made)) == made
    assert Tokens([OLD]).open_link(Purpose.BOUNCE, TOKENS.link(Purpose.BOUNCE, made)) is None
    assert TOKENS.open_link(Purpose.BOUNCE, Tokens([OTHER]).link(Purpose.BOUNCE, made)) is None


def test_tokens_are_short_enough_for_a_text_and_a_local_part() -> None:
    """A link's token has at most 39 characters, whoever is meant; a local part fits 64."""
    longest = Token(2**63 - 1, 2**63 - 1, 0, Channel.SMS)
    assert len(TOKENS.link(Purpose.UNSUBSCRIBE, longest)) <= 39
    longest = longest._replace(attempt=2**16 - 1, channel=Channel.EMAIL)
    assert len("b+" + TOKENS.mailbox(Purpose.BOUNCE, longest)) <= 64


def test_a_second_spelling_of_the_same_bytes_is_refused() -> None:
    """Padding and other alphabets are not accepted: one token, one spelling."""
    text = TOKENS.link(Purpose.UNSUBSCRIBE, Token(5))
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert TOKENS.open_link(Purpose.UNSUBSCRIBE, text + "=") is None
    assert TOKENS.open_link(Purpose.UNSUBSCRIBE, raw.hex()) is None


@pytest.mark.parametrize("keys", [[], [b"short"], [NEW, b""]])
def test_short_keys_are_refused(keys: list[bytes]) -> None:
    """A key that could be guessed stops the process at once."""
    with pytest.raises(ValueError, match="at least"):
        Tokens(keys)
    with pytest.raises(ValueError, match="at least"):
        Digests(keys)


@pytest.mark.parametrize("wrong", [Token(-1), Token(2**63), Token(1, -1), Token(1, 1, 2**16)])
def test_numbers_that_are_no_ids_are_a_bug(wrong: Token) -> None:
    """An id is a positive 64-bit number, an attempt a small one."""
    with pytest.raises(ValueError, match="2\\^63"):
        TOKENS.seal(Purpose.DELIVERY, wrong)


def test_secrets_do_not_show() -> None:
    """Neither keys nor peppers appear when the objects are printed."""
    assert repr(TOKENS) == "Tokens(...)"
    assert repr(Digests([NEW])) == "Digests(...)"


def test_a_suppression_matches_either_form_under_any_pepper() -> None:
    """anna+news is anna; at Gmail dots do not matter; an old pepper still counts."""
    before, now = Digests([OLD]), Digests([NEW, OLD])
    stored = set(before.store(Channel.EMAIL, "anna@example.com"))
    assert stored & set(now.look_up(Channel.EMAIL, "anna+news@example.com"))
    assert not stored & set(now.look_up(Channel.EMAIL, "hanna@example.com"))
    gmail = set(now.store(Channel.EMAIL, "a.nna@gmail.com"))
    assert gmail & set(now.look_up(Channel.EMAIL, "anna+x@googlemail.com"))
    phone = set(now.store(Channel.SMS, "+447911123456"))
    assert phone == set(now.look_up(Channel.SMS, "+447911123456")[:1])


def test_channels_have_digests_of_their_own() -> None:
    """The same text on another channel is another address."""
    digests = Digests([NEW])
    assert digests.digest(Channel.SMS, "+1") != digests.digest(Channel.EMAIL, "+1")
    assert len(digests.digest(Channel.SMS, "+1")) == 33


def test_holdout_buckets_are_even_and_survive_a_new_pepper() -> None:
    """Ten thousand buckets, filled evenly; nobody moves when a pepper is added."""
    old, new = Digests([OLD]), Digests([NEW, OLD])
    buckets = [old.holdout_bucket(f"p{n}@example.com") for n in range(4000)]
    assert all(0 <= bucket < 10_000 for bucket in buckets)
    assert 300 < sum(bucket < 1000 for bucket in buckets) < 500
    assert buckets[:50] == [new.holdout_bucket(f"p{n}@example.com") for n in range(50)]
