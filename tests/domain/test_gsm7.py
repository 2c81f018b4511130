"""Promises about SMS alphabets: what a text costs, and what smart encoding may change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain import gsm7, gsm7_tables
from dispatcher.domain.gsm7 import (
    Encoding,
    Tables,
    count,
    encode,
    forced_by,
    smarten,
    split,
    tables_for,
)
from dispatcher.domain.gsm7_tables import National

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


def test_nothing_forces_ucs2_in_a_plain_text() -> None:
    """A text of the alphabet is all GSM-7."""
    assert list(forced_by(ALPHABET + EXTENSION)) == []


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


@pytest.mark.parametrize(("text", "encoding", "units", "parts"), VECTORS)
def test_a_text_is_cut_into_as_many_parts_as_it_costs(
    text: str, encoding: Encoding, units: int, parts: int
) -> None:
    """Cutting gives the parts that are counted, and joined they are the text."""
    cut = split(text)
    assert (len(cut), "".join(cut)) == (parts, text)
    assert sum(count(part).units for part in cut) == units or encoding is UCS2


scripts = st.sampled_from(
    [ALPHABET + EXTENSION, "aж😀", "a€", "ağıŞç€", "çãõ€a", "áéíóú€", "e\u0301👍\U0001f3fda"]
)
anything = st.one_of(
    scripts.flatmap(lambda chars: st.text(st.sampled_from(chars), max_size=700)), wide
)
some_tables = st.frozensets(st.sampled_from(National))


@given(anything, some_tables)
def test_parts_are_as_counted_none_too_long_and_no_pair_is_parted(
    text: str, tables: frozenset[National]
) -> None:
    """Joined they are the text; each fits its part, in the tables that the whole is written in."""
    size, cut = count(text, tables), split(text, tables)
    assert "".join(cut) == text
    assert len(cut) == size.parts
    written = tables_for(text, tables)
    used = sum(table is not None for table in written)
    for part in cut if len(cut) > 1 else []:
        if size.encoding is GSM7:
            assert 0 < len(encode(part, written)) <= (153, 149, 146)[used]
            assert not encode(part, written).endswith(b"\x1b")
        else:
            assert 0 < len(part.encode("utf-16-be")) // 2 <= 67


@given(anything, anything, some_tables)
def test_more_text_never_costs_fewer_parts(
    text: str, more: str, tables: frozenset[National]
) -> None:
    """Parts grow with the text."""
    assert count(text + more).parts >= count(text).parts
    assert count(text + more, tables).parts >= count(text, tables).parts


def test_letters_of_several_characters_stay_whole_where_that_is_free() -> None:
    """A skin tone goes with its thumb if no part is added by it; else the thumb alone must do."""
    thumb = "👍\U0001f3fd"
    assert split("ж" * 64 + thumb + "ж" * 10) == ["ж" * 64, thumb + "ж" * 10]
    full = "ж" * 65 + thumb + "ж" * 65
    assert (count(full).parts, "".join(split(full))) == (2, full)


@pytest.mark.parametrize(
    ("text", "language", "units", "parts", "written"),
    [
        ("ş" * 70, National.TURKISH, 70, 1, None),  # UCS-2 costs no more, and all phones know it
        ("a" * 153 + "ş", National.TURKISH, 155, 1, (None, National.TURKISH)),
        ("a" * 154 + "ş", National.TURKISH, 155, 1, (National.TURKISH, None)),
        ("a" * 155 + "ş", National.TURKISH, 157, 2, (None, National.TURKISH)),
        ("ğ" * 155, National.TURKISH, 155, 1, (National.TURKISH, None)),
        ("í" * 77, National.SPANISH, 154, 1, (None, National.SPANISH)),
        ("í" * 100, National.SPANISH, 100, 2, None),
        ("í" * 146 + "a" * 4, National.SPANISH, 296, 2, (None, National.SPANISH)),
        ("ã" * 140 + "Φ" + "ê" * 9, National.PORTUGUESE, 151, 1, (3, 3)),
        ("~" * 100, National.PORTUGUESE, 100, 1, (National.PORTUGUESE, None)),
        ("ã" * 149 * 2, National.PORTUGUESE, 298, 2, (National.PORTUGUESE, None)),
    ],
)
def test_national_tables_are_used_where_they_save_parts(
    text: str, language: National, units: int, parts: int, written: tuple[int, int] | None
) -> None:
    """One table leaves 155 septets or 149 a part, two leave 152 or 146; else it stays as it was."""
    size = count(text, {language})
    assert (size.units, size.parts) == (units, parts)
    assert tables_for(text, {language}) == (written or (None, None))
    assert (size.encoding is UCS2) == (written is None)


@pytest.mark.parametrize(
    ("text", "tables", "septets"),
    [
        ("ışĞ", Tables(single=National.TURKISH), b"\x1bi\x1bs\x1bG"),
        ("ışĞ€", Tables(locking=National.TURKISH), b"\x07\x1d\x0b\x04"),
        ("día", Tables(single=National.SPANISH), b"d\x1bia"),
        ("ãõê", Tables(single=National.PORTUGUESE), b"\x1b{\x1b|\x1b\x05"),
        ("ãõêº\\", Tables(locking=National.PORTUGUESE), b"\x7b\x7c\x04\x24\x17"),
    ],
)
def test_septets_of_national_tables_are_those_of_the_standard(
    text: str, tables: Tables, septets: bytes
) -> None:
    """Each letter has its place in 3GPP TS 23.038, annex A."""
    assert encode(text, tables) == septets


def test_every_locking_table_has_128_places_and_its_escape() -> None:
    """No letter is doubled; a place without a letter holds what no text may hold."""
    for table in (gsm7_tables.BASIC, *gsm7_tables.LOCKING.values()):
        letters = table.replace("\x1b", "")
        assert (len(table), len(set(letters))) == (128, len(letters))
        assert (table[0x1B], table[0x20:0x22], table[0x61]) == ("\x1b", " !", "a")


@pytest.mark.parametrize(
    ("language", "letter", "place", "shifted", "shift"),
    [
        (National.BENGALI, "\u09f1", 0x7F, "\u09fa", 0x34),
        (National.GUJARATI, "\u0acd", 0x5F, "\u0aef", 0x25),
        (National.HINDI, "\u0928", 0x2F, "\u0971", 0x3A),
        (National.KANNADA, "\u0c8e", 0x0E, "\u0cf2", 0x2A),
        (National.MALAYALAM, "\u0d3d", 0x4F, "\u0d7f", 0x34),
        (National.ORIYA, "\u0b13", 0x13, "\u0b71", 0x2C),
        (National.PUNJABI, "\u0a51", 0x60, "\u0a75", 0x2D),
        (National.TAMIL, "\u0baa", 0x3D, "\u0bfa", 0x2E),
        (National.TELUGU, "\u0c63", 0x7F, "\u0c7f", 0x32),
        (National.URDU, "\u06cc", 0x59, "\u06d4", 0x3F),
    ],
)
def test_letters_of_south_asia_stand_where_the_standard_has_them(
    language: National, letter: str, place: int, shifted: str, shift: int
) -> None:
    """One of each table, far from its beginning; capitals and signs come by the shift."""
    both = Tables(language, language)
    assert encode(letter + shifted, both) == bytes([place, 0x1B, shift])
    assert encode("a1?A/€", both) == b"a1?\x1bA\x1b\x0f\x1be"
    text = letter * 140 + "."
    assert (count(text).parts, count(text, {language})) == (3, (GSM7, 141, 1))


def test_a_text_that_is_plain_takes_no_national_table() -> None:
    """What the default alphabet says needs no header for it."""
    assert count("a" * 160, frozenset(National)) == (GSM7, 160, 1)
    assert tables_for("a" * 160, frozenset(National)) == (None, None)


def test_typography_is_made_plain_where_a_national_table_then_serves() -> None:
    """Quotes are what stood between a Turkish text and its table."""
    text = "\u201cğ\u201d" + "a" * 100
    assert smarten(text) == text
    assert smarten(text, {National.TURKISH}) == '"ğ"' + "a" * 100


def test_what_forces_ucs2_is_shown_in_its_place_with_what_would_be_put() -> None:
    """Not within web addresses, which keep every character."""
    text = "it\u2019s ça https://x.example/\u2013"
    assert list(forced_by(text)) == [(2, "\u2019", "'"), (5, "ç", None), (26, "\u2013", None)]
    assert list(forced_by("plain")) == []


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
