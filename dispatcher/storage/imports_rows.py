"""What is staged of a file of customers: its good rows, and what many rows tell alike, for COPY."""

from __future__ import annotations

from typing import NamedTuple


class StagedRow(NamedTuple):
    """One good row of a file. `attributes` is JSON; `customer_id` is used if the person is new.

    `email_wide` is there where it is not the digest itself, `zones` and `jurisdictions`
    (array literals) where there is a phone number. `consent_at` is in microseconds since 1970. The
    rest is in `told`.
    """

    no: int
    line: int
    customer_id: int
    email: str | None
    email_digest: bytes | None
    email_wide: bytes | None
    email_bucket: int | None
    phone: str | None
    phone_digest: bytes | None
    phone_bucket: int | None
    zones: str | None
    jurisdictions: str | None
    attributes: str
    consent_at: int | None
    told: int


class StagedTold(NamedTuple):
    """What rows with the number `told` have in common; mostly thousands of them.

    `topics` and `channels` are array literals, as COPY wants them: `{coffee,theatre}`. `proves`
    says that with an instant this is the whole evidence.
    """

    told: int
    language: str
    country: str
    region: str
    zone: str
    hours_from: int
    hours_until: int
    days: str
    most_a_month: int
    prefers: str
    topics: str
    channels: str
    kind: str
    wording: str
    origin: str
    proves: bool


_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NULL = r"\N"
_NO_PHONE = "\t".join([_NULL] * 5)


def encode_row(row: StagedRow) -> str:
    """Write a row as COPY reads it; needs no connection, so that any process can do it."""
    # Only what somebody wrote can hold a character that COPY would take for its own.
    phone = _NO_PHONE if row.phone is None else _phone(row)
    return (
        f"{row.no}\t{row.line}\t{row.customer_id}\t{_written(row.email)}\t{_hex(row.email_digest)}"
        f"\t{_hex(row.email_wide)}\t{_plain(row.email_bucket)}\t{phone}"
        f"\t{_written(row.attributes)}\t{_plain(row.consent_at)}\t{row.told}\n"
    )


def encode_told(told: StagedTold) -> str:
    """Write what rows have in common as COPY reads it."""
    return (
        f"{told.told}\t{told.language}\t{told.country}\t{told.region}\t{told.zone}"
        f"\t{told.hours_from}\t{told.hours_until}\t{told.days}\t{told.most_a_month}"
        f"\t{told.prefers}\t{told.topics}"
        f"\t{told.channels}\t{told.kind}"
        f"\t{told.wording}\t{_written(told.origin)}\t{'t' if told.proves else 'f'}\n"
    )


def _phone(row: StagedRow) -> str:
    places = f"{_plain(row.zones)}\t{_plain(row.jurisdictions)}"
    return f"{row.phone}\t{_hex(row.phone_digest)}\t{_plain(row.phone_bucket)}\t{places}"


def _written(value: str | None) -> str:
    if value is None:
        return _NULL
    # Most texts are printable and hold no backslash, which is quicker to find out than to escape.
    return value if "\\" not in value and value.isprintable() else value.translate(_ESCAPES)


def _hex(value: bytes | None) -> str:
    return _NULL if value is None else rf"\\x{value.hex()}"


def _plain(value: object) -> str:
    return _NULL if value is None else str(value)
