"""Addresses in their one normal form (e-mail folded, numbers in E.164), and places of numbers."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import PhoneNumberType

from dispatcher.domain.messages import Channel
from dispatcher.domain.places import BRITISH, Places, of_number


class Problem(NamedTuple):
    """Why a text is no address, as a sentence for the person who typed it."""

    text: str


# What nearly every address looks like; anything else takes the slow and thorough way.
_PLAIN = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?=[a-z0-9.-]{4,200}\Z)"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!(?:test|local|localhost|invalid|onion|arpa)\Z)[a-z]{2,12}\Z"
)
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_MAX_LOCAL = 64
_MAX_EMAIL = 254


def normalise_email(text: str) -> str | Problem:
    """Give an e-mail address in normal form, or say what is wrong with it.

    Trimmed, NFC, the local part in lower case, the domain as lower-case A-labels. Display names,
    quoted local parts and bracketed IP addresses are refused. Nothing is looked up.
    """
    text = text.strip()
    lowered = text.lower()
    if _PLAIN.match(lowered) and lowered.isascii() and "xn--" not in lowered:
        return _fits(lowered)
    if not text:
        return Problem("There is no e-mail address.")
    try:
        valid = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as wrong:
        return Problem(str(wrong))
    local = unicodedata.normalize("NFC", valid.local_part.lower())
    return _fits(f"{local}@{valid.ascii_domain.lower()}")


def _fits(address: str) -> str | Problem:
    if len(address) <= _MAX_LOCAL and address.isascii():
        return address
    if len(address.partition("@")[0].encode()) > _MAX_LOCAL:
        return Problem(f"The part before the @-sign is longer than {_MAX_LOCAL} bytes.")
    if len(address.encode()) > _MAX_EMAIL:
        return Problem(f"The address is longer than {_MAX_EMAIL} bytes.")
    return address


def forms(channel: Channel, address: str) -> tuple[str, ...]:
    """Give the forms of a normalised address under which it is the same person's.

    For e-mail the case-folded address and, when it differs, the one without `+tag`, at Gmail
    also without dots.
    """
    if channel is not Channel.EMAIL:
        return (address,)
    local, _, domain = address.casefold().rpartition("@")
    plain = local.partition("+")[0] or local
    if domain in _DOTLESS:
        plain = plain.replace(".", "")
        domain = "gmail.com"
    whole, reduced = address.casefold(), f"{plain}@{domain}"
    return (whole,) if whole == reduced else (whole, reduced)


_UNREACHABLE = {
    PhoneNumberType.FIXED_LINE: "a landline",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a company number",
    PhoneNumberType.VOICEMAIL: "a voicemail number",
}
# Reserved by Ofcom for drama: they ring nowhere, so samples and demos may use them.
_FICTIONAL = re.compile(r"\+447700900\d{3}\Z")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}\Z")
_WRITTEN = re.compile(r"\+?[\d\s()./-]+\Z")


class Dialled(NamedTuple):
    """A phone number in E.164, every IANA zone and every jurisdiction its owner may live in."""

    e164: str
    zones: tuple[str, ...]
    jurisdictions: tuple[str, ...]


def normalise_phone(text: str, default_country: str = "") -> str | Problem:
    """Give a phone number that can take texts in E.164, or say what is wrong with it.

    `default_country` (ISO 3166, "GB") is for numbers written the national way. A number without
    `+` is never tried as one of another country: a typing error must not reach a stranger.
    """
    found = dial(text, default_country)
    return found if isinstance(found, Problem) else found.e164


def dial(text: str, default_country: str = "") -> Dialled | Problem:
    """Give `normalise_phone` and `places_of_phone` in one, for half the price."""
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return Problem("There is no phone number.")
    if not _WRITTEN.match(text):
        return Problem("A phone number has digits, spaces and + ( ) - . / only.")
    country = default_country.upper() or None
    if country is None and not text.startswith(("+", "00")):
        return Problem("The number has no country: write it with + and the country code.")
    return _dial(f"+{text[2:]}" if country is None and text.startswith("00") else text, country)


def _dial(text: str, country: str | None) -> Dialled | Problem:
    number = _split(text)
    if number is None:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            return Problem("This is not a phone number that could be dialled.")
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    else:
        e164 = text
    if _FICTIONAL.match(e164):
        return Dialled(e164, BRITISH.zones, BRITISH.jurisdictions)
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:  # which is what says that a number is not valid
        where = f" in {country}" if country and not text.startswith("+") else ""
        return Problem(f"No such number exists{where}.")
    if kind in _UNREACHABLE:
        return Problem(f"This is {_UNREACHABLE[kind]}, which takes no texts.")
    places = of_number(number, e164, kind)
    return Dialled(e164, places.zones, places.jurisdictions)


def _split(text: str) -> phonenumbers.PhoneNumber | None:
    """Read what is E.164 already as the library does, much faster; None when there is a doubt."""
    if not _E164.match(text):
        return None
    for end in (2, 3, 4):
        code = int(text[1:end])
        if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            prefix = _national_prefix(code)
            if text[end] == "0" or (prefix and prefix.match(text, end)):
                return None  # there may be a prefix to take off, or a zero that counts
            return phonenumbers.PhoneNumber(country_code=code, national_number=int(text[end:]))
    return None


@cache
def _national_prefix(code: int) -> re.Pattern[str] | None:
    region = phonenumbers.region_code_for_country_code(code)
    known = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    prefix = known.national_prefix_for_parsing if known else None
    return re.compile(prefix) if prefix else None


def places_of_phone(e164: str) -> Places:
    """Give where the owner of a number may live; nothing when that is not known."""
    if _FICTIONAL.match(e164):
        return BRITISH
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return Places()
    return of_number(number, e164, phonenumbers.number_type(number))
