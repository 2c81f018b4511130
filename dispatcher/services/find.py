"""Find: whom an operator means by a customer number, an e-mail address or a phone number."""

from __future__ import annotations

from sqlalchemy import Connection

from dispatcher.domain.addresses import Problem, normalise_email, normalise_phone
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.errors import Conflict, NotFound, WrongInput
from dispatcher.storage import customers, suppressions
from dispatcher.tokens import Digests

_LARGEST = 2**63 - 1


def find(conn: Connection, digests: Digests, who: str, country: str = "") -> Person:
    """Give the one customer meant; `country` is for phone numbers written the national way."""
    person = _by_number(conn, who)
    if person is not None:
        return person
    channel, address = address_of(who, country)
    exact = customers.holder(conn, channel, digests.digest(channel, address))
    found = (
        [exact] if exact else customers.holders(conn, channel, digests.look_up(channel, address))
    )
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise Conflict(f'"{who}" fits several customers; name one by number: {listed}')
    person = customers.person(conn, found[0]) if found else None
    if person is None:
        raise NotFound(_nobody(conn, digests, channel, address))
    return person


def address_of(text: str, country: str = "") -> tuple[Channel, str]:
    """Give channel and normal form of a typed address; WrongInput says what is wrong with it."""
    channel = Channel.EMAIL if "@" in text else Channel.SMS
    email = channel is Channel.EMAIL
    found = normalise_email(text) if email else normalise_phone(text, country)
    if isinstance(found, Problem):
        raise WrongInput(
            f'"{text[:80]}" is no customer number, e-mail address or phone number. {found.text}'
        )
    return channel, found


def _by_number(conn: Connection, who: str) -> Person | None:
    if who.isascii() and who.isdecimal() and len(who) < 20 and 0 < int(who) <= _LARGEST:
        return customers.person(conn, int(who))
    return None


def _nobody(conn: Connection, digests: Digests, channel: Channel, address: str) -> str:
    told = f'no customer has the address "{address}"'
    if suppressions.is_suppressed(conn, channel, digests.look_up(channel, address)):
        return f"{told}; it is suppressed, so nothing is ever sent to it"
    return f"{told}; 'dispatcher customer add' or 'customer import' adds one"
