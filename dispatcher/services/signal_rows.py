"""The rows of a file of signals: read one by one, their people found all at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.messages import Channel
from dispatcher.domain.signals import SignalKind, product_name
from dispatcher.errors import ImportFileError, WrongInput
from dispatcher.services.customer_file import Line, Survey, nearest
from dispatcher.services.find import address_of
from dispatcher.storage import customers
from dispatcher.storage.imports import Reject
from dispatcher.tokens import Digests

_LARGEST = 2**63 - 1


class Column(StrEnum):
    """The columns with a meaning; all others are passed over."""

    CUSTOMER = "customer"
    EMAIL = "email"
    PHONE = "phone"
    BRAND = "brand"
    PRODUCT = "product"
    KIND = "kind"
    AT = "at"


class Row(NamedTuple):
    """One row that can be read. `who`: a customer's number, or an address in normal form."""

    line: int
    who: int | tuple[Channel, str]
    brand: str
    product: str
    kind: SignalKind
    at: float


class Bad(NamedTuple):
    """A value that is no good."""

    column: str
    value: str
    reason: str


class _Refused(Exception):
    """A row cannot be taken."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.bad = Bad(column, value, reason)


_PEOPLE = (Column.CUSTOMER, Column.EMAIL, Column.PHONE)
_NEEDED = (Column.PRODUCT, Column.KIND, Column.AT)


class RowReader:
    """Reads rows of one file. `brand` is whose they are where no column says; `known`: those there
    are. `country` is for phone numbers written the national way."""

    def __init__(
        self, plan: Survey, known: frozenset[str], brand: str = "", country: str = ""
    ) -> None:
        names = [name.lower() for name in plan.header]
        self._at = {column: names.index(column) for column in Column if column in names}
        self._known, self._brand, self._country = known, brand, country
        if not any(column in self._at for column in _PEOPLE):
            told = f"no column says who: name one customer, email or phone; {_there(plan)}"
            raise ImportFileError(plan.path, 1, told)
        for column in _NEEDED:
            if column not in self._at:
                told = f"no column is called {column}; {_there(plan)}"
                raise ImportFileError(plan.path, 1, told, column)
        if not brand and Column.BRAND not in self._at:
            told = f"no column is called brand; {_there(plan)}. Or say whose they are: --brand"
            raise ImportFileError(plan.path, 1, told, Column.BRAND)

    def read(self, line: Line) -> Row | Reject:
        """Read one row, or say what is wrong with its first bad value."""
        try:
            return Row(
                line.number,
                self._who(line),
                self._brand_of(line),
                self._product(line),
                self._kind(line),
                _instant(self._value(line, Column.AT)),
            )
        except _Refused as refused:
            column, value, reason = refused.bad
            return Reject(line.number, column, value[:200], reason)

    def _value(self, line: Line, column: Column) -> str:
        at = self._at.get(column, -1)
        return line.values[at].strip() if 0 <= at < len(line.values) else ""

    def _who(self, line: Line) -> int | tuple[Channel, str]:
        number = self._value(line, Column.CUSTOMER)
        if number:
            plain = number.isascii() and number.isdecimal() and len(number) < 20
            if plain and 0 < int(number) <= _LARGEST:
                return int(number)
            raise _Refused(Column.CUSTOMER, number, "this is no customer number")
        for column in (Column.EMAIL, Column.PHONE):
            address = self._value(line, column)
            if address:
                try:
                    return address_of(address, self._country)
                except WrongInput:
                    told = f"this is no {_IN_WORDS[column]}"
                    raise _Refused(column, address, told) from None
        raise _Refused(Column.CUSTOMER, "", "nobody is named")

    def _brand_of(self, line: Line) -> str:
        brand = self._value(line, Column.BRAND) or self._brand
        if brand not in self._known:
            told = "no campaign of such a brand was ever approved"
            raise _Refused(Column.BRAND, brand, told)
        return brand

    def _product(self, line: Line) -> str:
        value = self._value(line, Column.PRODUCT)
        name = product_name(value)
        if not name:
            raise _Refused(Column.PRODUCT, value, "write a name without spaces: espresso-machine")
        return name

    def _kind(self, line: Line) -> SignalKind:
        value = self._value(line, Column.KIND)
        try:
            return SignalKind(value.lower())
        except ValueError:
            told = f"write one of {', '.join(SignalKind)}"
            raise _Refused(Column.KIND, value, told) from None


_IN_WORDS = {Column.EMAIL: "e-mail address", Column.PHONE: "phone number"}


def _there(plan: Survey) -> str:
    return f"there are {nearest(plan.header)}"


def _instant(text: str) -> float:
    """Read ISO 8601; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        told = "write the instant like 2026-05-03T10:15:00+02:00"
        raise _Refused(Column.AT, text, told) from None


def find_people(conn: Connection, digests: Digests, rows: Sequence[Row]) -> list[int | Bad]:
    """Give whom each row means, or why that is nobody; one read a channel for all of them."""
    asked = {row.who for row in rows if not isinstance(row.who, int)}
    found: dict[tuple[Channel, str], int | Bad] = {}
    for channel in Channel:
        addresses = [address for on, address in asked if on == channel]
        found |= _holders(conn, digests, channel, addresses)
    return [row.who if isinstance(row.who, int) else found[row.who] for row in rows]


def _holders(
    conn: Connection, digests: Digests, channel: Channel, addresses: Sequence[str]
) -> dict[tuple[Channel, str], int | Bad]:
    looked_up = {address: digests.look_up(channel, address) for address in addresses}
    every = [digest for forms in looked_up.values() for digest in forms]
    exact: dict[bytes, int] = {}
    alike: dict[bytes, set[int]] = {}
    for person, digest, wide in customers.held_by(conn, channel, every) if every else ():
        exact[digest] = person
        alike.setdefault(digest, set()).add(person)
        alike.setdefault(wide, set()).add(person)
    return {
        (channel, address): _one(
            channel,
            address,
            exact.get(digests.digest(channel, address)),
            {person for form in forms for person in alike.get(form, ())},
        )
        for address, forms in looked_up.items()
    }


def _one(channel: Channel, address: str, holder: int | None, alike: set[int]) -> int | Bad:
    column = Column.EMAIL if channel is Channel.EMAIL else Column.PHONE
    if holder is not None:
        return holder
    if len(alike) == 1:
        return alike.pop()
    told = "fits several customers; name one by number" if alike else "no customer has it"
    return Bad(column, address, told)
