"""Promises about SMS alphabets: what a text costs, and what smart encoding may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain import gsm7
from dispatcher.domain.gsm7 import Encoding, count, encode, offenders, smarten

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2

VECTORS = [
    ("a" * 160, GSM7, 160, 1),
    ("a" * 161, GSM7, 161, 2),
    ("a" * 306, GSM7, 306, 2),
    ("a" * 307, GSM7, 307, 3),
    ("a" * 159 + "€", GSM7, 161, 2),
    ("a" * 158 + "€", GSM7, 160, 1),
    ("a" * 152 + "€" + "a" * 152, GSM7, 306, 3),
    ("é" * 160, GSM7, 160, 1),
    ("ê" * 70, UCS2, 70, 1),
    ("ê" * 71, UCS2, 71, 2),
    ("a" * 68 + "😀", UCS2, 70, 1),
    ("a" * 69 + "😀", UCS2, 71, 2),
    ("ж" * 134, UCS2, 134, 2),
    ("ж" * 135, UCS2, 135, 3),
    ("a" * 99 + "\u2019", UCS2, 100, 2),
    ("{" * 80, GSM7, 160, 1),
    ("{" * 81, GSM7, 162, 2),
    ("ç", UCS2, 1, 1),
    ("", GSM7, 0, 0),
]

ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
SURPRISES = "çêâîôûëïœáíóú`\t\u201c\u201d\u2018\u2019\u2013\u2014…\u00a0₹őł😀"

mixed = st.text(st.sampled_from(ALPHABET + EXTENSION), max_size=700)
wide = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@pytest.mark.parametrize(("text", "encoding", "units", "parts"), VECTORS)
def test_a_text_costs_what_the_standard_says(
    text: str, encoding: Encoding, units: int, parts: int
) -> None:
    """Every vector is counted as it stands there."""
    assert count(text) == (encoding, units, parts)


def test_every_character_of_the_alphabet_is_one_septet_and_of_the_extension_two() -> None:
    """The whole alphabet is known: 127 characters of one septet, 10 of two."""
    assert len(ALPHABET) == 127
    assert all(count(char) == (GSM7, 1, 1) for char in ALPHABET)
    assert all(count(char) == (GSM7, 2, 1) for char in EXTENSION)


def test_surprising_characters_force_ucs2() -> None:
    """Characters that look plain, but are not in the alphabet, are found."""
    assert all(count(char).encoding is UCS2 for char in SURPRISES)
    assert offenders("c'est ça: “ça”") == ("ç", "“", "”")


def test_nothing_forces_ucs2_in_a_plain_text() -> None:
    """A text of the alphabet has no offenders."""
    assert offenders(ALPHABET + EXTENSION) == ()


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        ("@£", b"\x00\x01"),
        ("a€", b"a\x1be"),
        ("{}", b"\x1b(\x1b)"),
        ("Ö_à\n", b"\x5c\x11\x7f\n"),
        ("$", b"\x02"),
    ],
)
def test_septets_are_those_of_the_standard(text: str, septets: bytes) -> None:
    """Encoding gives the codes of the 3GPP table, unpacked."""
    assert encode(text) == septets


def test_what_does_not_fit_the_alphabet_is_named() -> None:
    """Encoding a text outside the alphabet is an error that names the characters."""
    with pytest.raises(ValueError, match="ç"):
        encode("ça va")


@given(mixed)
def test_as_many_septets_are_sent_as_are_counted(text: str) -> None:
    """What is encoded is as long as what was counted, and all of it is 7-bit."""
    septets = encode(text)
    assert len(septets) == count(text).units
    assert max(septets, default=0) < 128


def greedy(text: str, width: dict[str, int], size: int) -> int:
    """Fill parts character by character, as a gateway does."""
    parts, room = 1, size
    for char in text:
        if width.get(char, 1) > room:
            parts, room = parts + 1, size
        room -= width.get(char, 1)
    return parts


@given(mixed)
def test_no_escape_pair_straddles_two_parts(text: str) -> None:
    """The count equals that of filling part by part without splitting a pair."""
    expected = greedy(text, dict.fromkeys(EXTENSION, 2), 153)
    segments = count(text)
    assert segments.parts == (expected if segments.units > 160 else min(1, len(text)))


@given(st.text(st.sampled_from("aж😀🎉"), min_size=60, max_size=300).map(lambda text: "ж" + text))
def test_no_surrogate_pair_straddles_two_parts(text: str) -> None:
    """The same in UCS-2, where an emoji takes two units."""
    expected = greedy(text, dict.fromkeys("😀🎉", 2), 67)
    segments = count(text)
    assert segments.units == len(text.encode("utf-16-be")) // 2
    assert segments.parts == (expected if segments.units > 70 else 1)


@pytest.mark.parametrize(
    ("rich", "plain"),
    [
        ("Rossi\u2019s \u201cbest\u201d beans", 'Rossi\'s "best" beans'),
        ("9\u201320 h \u2014 today\u2026", "9-20 h - today..."),
        ("20\u00a0% off", "20 % off"),
        ("1½ hours", "1 1/2 hours"),
        ("½ price", "1/2 price"),
        ("Caf\u0065\u0301", "Café"),
        ("cœur ﬁn", "coeur fin"),
        ("2×1 \u2022 now\ttoday", "2x1 * now today"),
        ("a\u200bb™", "ab(TM)"),
    ],
)
def test_smart_encoding_replaces_typography(rich: str, plain: str) -> None:
    """Typographic characters become plain ones of the same meaning."""
    assert smarten(rich) == plain


@pytest.mark.parametrize(
    "text",
    [
        "pêche",
        "«\u00a0Привет\u00a0»",
        "ê\u2026",
        "👨\u200d👩\u200d👧",
        "see https://x.example/a\u2013b",
    ],
)
def test_smart_encoding_leaves_alone_what_it_cannot_make_cheaper(text: str) -> None:
    """Accents and web addresses are kept, and so is all else where UCS-2 is needed anyway."""
    assert smarten(text) == text


@given(wide)
def test_smart_encoding_never_costs_more_and_is_done_at_once(text: str) -> None:
    """A smartened text is as it was or GSM-7, never dearer, and smartening twice is once."""
    smart = smarten(text)
    assert smart == text or count(smart).encoding is GSM7
    assert smarten(smart) == smart


def test_codes_are_kept() -> None:
    """A text that is in the alphabet already is not touched."""
    assert smarten("Code A-1*2 'x'") == "Code A-1*2 'x'"


def test_the_module_counts_any_text_without_error() -> None:
    """Lone surrogates, which no encoder takes, are counted too."""
    assert gsm7.count("\ud800a").parts == 1


@given(st.one_of(mixed, wide, st.text("aé€{", min_size=150, max_size=500)))
def test_a_text_is_cut_as_it_is_counted(text: str) -> None:
    """The parts are the text, as many as were counted, none too long, no pair torn."""
    parts, size = gsm7.split(text), count(text)
    assert "".join(parts) == text
    assert len(parts) == size.parts
    room = {GSM7: 153, UCS2: 67}[size.encoding]
    if len(parts) > 1:
        for part in parts:
            units = (
                len(encode(part)) if size.encoding is GSM7 else len(part.encode("utf-16-be")) // 2
            )
            assert 0 < units <= room


@given(mixed)
def test_a_longer_header_takes_room_of_each_part(text: str) -> None:
    """With a reference of 16 bits a part holds one septet less."""
    parts = gsm7.split(text, header=7)
    assert "".join(parts) == text
    assert len(parts) == 1 or all(len(encode(part)) <= 152 for part in parts)


@given(mixed)
def test_what_was_encoded_is_read_back(text: str) -> None:
    """Septets give the text again, escapes included."""
    assert gsm7.decode(encode(text)) == text


@given(st.binary(max_size=200))
def test_whatever_septets_come_are_read(septets: bytes) -> None:
    """Nonsense shows as a replacement and raises nothing."""
    assert len(gsm7.decode(septets)) <= len(septets)
