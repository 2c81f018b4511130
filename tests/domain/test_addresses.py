"""Promises of the normal form of addresses."""

from __future__ import annotations

import random
from itertools import product

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.addresses import (
    Problem,
    dial,
    forms,
    normalise_email,
    normalise_phone,
    places_of_phone,
)
from dispatcher.domain.messages import Channel


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("anna@example.com", "anna@example.com"),
        ("  Anna.Müller@Example.COM ", "anna.müller@example.com"),
        ("A+b@EXÄMPLE.com", "a+b@xn--exmple-cua.com"),
        ("a@xn--exmple-cua.com", "a@xn--exmple-cua.com"),
        ("e\u0301va@straße.de", "éva@xn--strae-oqa.de"),
        ("o'neil@example.ie", "o'neil@example.ie"),
        ("anna@lost.test", "anna@lost.test"),
    ],
)
def test_an_address_has_one_normal_form(typed: str, normal: str) -> None:
    """Trimmed, NFC, lower case, the domain as A-labels."""
    assert normalise_email(typed) == normal
    assert normalise_email(normal) == normal


@pytest.mark.parametrize(
    "typed",
    [
        "", "anna", "anna@", "@example.com", "anna@example", "a..b@c.de", ".a@b.de", "a.@b.de",
        '"a b"@c.de', "a@[1.2.3.4]", "Anna <a@b.de>", "a b@c.de", "a@b c.de", "a@-b.de",
        "a@b_c.de", "a@1.2.3.4", "a@b.123", "a@b.de,c@d.de", "a@b.de\r\nBcc: x@y.de",
        "a@b..de", "a@b.de.", "a@localhost", "a@x.invalid", "a\0b@c.de", "a@@b.de",
        "x" * 65 + "@b.de", "a@" + "b" * 64 + ".de", "é" * 40 + "@b.de",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_sentence(typed: str) -> None:
    """Each refusal says something a person can act on."""
    found = normalise_email(typed)
    assert isinstance(found, Problem)
    assert found.text.endswith(".")


@given(st.emails() | st.text(max_size=40))
def test_normalising_twice_changes_nothing_and_nothing_can_slip_into_a_header(text: str) -> None:
    """The normal form is a fixed point without spaces, commas, brackets or control characters."""
    once = normalise_email(text)
    if isinstance(once, str):
        assert normalise_email(once) == once
        assert once.isprintable()
        assert not set(once) & set(' ,;<>()[]\\"')
        assert once.count("@") == 1


def test_forms_of_an_address() -> None:
    """The tag goes, Gmail's dots go, googlemail is gmail; a phone number has one form."""
    assert forms(Channel.EMAIL, "anna@example.com") == ("anna@example.com",)
    assert forms(Channel.EMAIL, "a.b+c@example.com") == ("a.b+c@example.com", "a.b@example.com")
    assert forms(Channel.EMAIL, "a.b+c@googlemail.com")[1] == "ab@gmail.com"
    assert forms(Channel.EMAIL, "+tag@example.com") == ("+tag@example.com",)
    assert forms(Channel.SMS, "+447911123456") == ("+447911123456",)


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("07911 123456", "GB", "+447911123456"),
        ("+44 (0)7911 123456", "", "+447911123456"),
        ("0044 7911 123456", "", "+447911123456"),
        ("0044 7911 123456", "DE", "+447911123456"),
        ("447911123456", "gb", "+447911123456"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0151/23456789", "DE", "+4915123456789"),
        ("1-202-555-0104", "US", "+12025550104"),
        ("+44 7700 900123", "", "+447700900123"),
        ("+٤٤٧٩١١١٢٣٤٥٦", "", "+447911123456"),
    ],
)
def test_a_phone_number_has_one_normal_form(typed: str, country: str, e164: str) -> None:
    """However it is written, it becomes E.164; numbers reserved for drama may be used."""
    assert normalise_phone(typed, country) == e164
    assert normalise_phone(e164) == e164


def _numbers_of_the_world() -> list[str]:
    """Give numbers of every country and kind in E.164, each also with slips of the finger."""
    dice, found = random.Random(4), []
    for region, kind in product(sorted(phonenumbers.SUPPORTED_REGIONS), (0, 1, 3, 6)):
        example = phonenumbers.example_number_for_type(region, kind)
        if example:
            right = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            at = dice.randrange(2, len(right))
            slip = right[:at] + dice.choice("0123456789") + right[at + dice.choice((0, 1, 1)) :]
            found += [right, slip]
    return found


def test_a_number_is_the_same_however_it_is_spaced() -> None:
    """Numbers that are E.164 already take a shorter way, which ends at the same place."""
    numbers = _numbers_of_the_world()
    assert len(numbers) > 1000
    assert [dial(n) for n in numbers] == [dial(f"{n[:3]} {n[3:]}") for n in numbers]


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("", "GB"), ("07911 123456", ""), ("call me", "GB"), ("0207 946 0958", "GB"),
        ("+1 800 555 1234", ""), ("12345", "GB"), ("+44 7911 12345", ""), ("+999 123456", ""),
        ("784951234567", "GB"), ("0800FLOWERS", "GB"), ("+447911123456,+447911123457", ""),
        ("+447911123456\r\nX: y", ""), ("07911 123456", "XX"), ("0845 46 46", "GB"),
    ],
)  # fmt: skip
def test_what_takes_no_texts_is_refused_with_a_sentence(typed: str, country: str) -> None:
    """Landlines, unknown numbers and other countries' numbers without + are refused."""
    found = normalise_phone(typed, country)
    assert isinstance(found, Problem)
    assert found.text.endswith(".")


def test_zones_of_a_number_are_all_that_are_plausible() -> None:
    """219 is mostly on Chicago time whatever the library says; Sydney alone is never certain."""
    assert {"America/Chicago", "America/New_York"} <= set(places_of_phone("+12195550104").zones)
    assert "America/New_York" in places_of_phone("+16895550104").zones
    assert places_of_phone("+33612345678").zones == ("Europe/Paris",)
    assert places_of_phone("+447700900123").zones == ("Europe/London",)
    assert len(places_of_phone("+61412345678").zones) > 1
    assert places_of_phone("nonsense").zones == ()
    assert places_of_phone("+999123456789").zones == ()
