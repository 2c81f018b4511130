"""The made-up customers of the demo, written as the CSV file a shop would export."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import NamedTuple

WORDINGS = {
    "en": "Yes, tell me about offers on what I ticked. I can leave at any time.",
    "fr": "Oui, écrivez-moi au sujet de ce que j’ai coché. Je peux partir à tout moment.",
    "de": "Ja, schreiben Sie mir zu dem, was ich angekreuzt habe. Ich kann jederzeit gehen.",
    "pt": "Sim, escrevam-me sobre o que assinalei. Posso sair a qualquer momento.",
}
_NAMES = {
    "en": ("Anna", "Ben", "Chloe", "Dylan", "Esme", "Finn", "Grace", "Harry", "Isla", "Jack"),
    "fr": ("Adèle", "Bastien", "Chloé", "Damien", "Élodie", "Fabien", "Gaëlle", "Hugo"),
    "de": ("Anke", "Bernd", "Clara", "Dörte", "Emil", "Friederike", "Günther", "Hanna"),
    "pt": ("Ana", "Bruno", "Conceição", "Duarte", "Inês", "João"),
}
HEADER = (
    *("email", "phone", "first_name", "language", "country", "region", "zone", "city"),
    *("topics", "consent_at", "consent_kind", "consent_source", "consent_wording"),
)


class Reach(StrEnum):
    """Which addresses the people of a crowd have given."""

    EITHER = "either"  # a number, an e-mail address or both, in turn
    EMAIL = "email"
    PHONE = "phone"


class Place(NamedTuple):
    """Where people live, and what they speak there."""

    city: str
    country: str
    zone: str
    language: str
    region: str = ""


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many people who are alike. `proven`: their file rows say how they consented.

    `first` is the name of the first of them, `leaves`: they opt out before any campaign begins.
    """

    size: int
    place: Place
    topics: str = "coffee"
    reach: Reach = Reach.EITHER
    proven: bool = True
    leaves: bool = False
    first: str = ""


class Customer(NamedTuple):
    """One row of the file."""

    email: str
    phone: str
    first_name: str
    crowd: Crowd

    @property
    def address(self) -> str:
        """Give an address under which the person is found."""
        return self.email or self.phone


BRISTOL = Place("Bristol", "GB", "Europe/London", "en")
LEEDS = Place("Leeds", "GB", "Europe/London", "en")
LYON = Place("Lyon", "FR", "Europe/Paris", "fr")
LILLE = Place("Lille", "FR", "Europe/Paris", "fr")
HAMBURG = Place("Hamburg", "DE", "Europe/Berlin", "de")
PORTO = Place("Porto", "PT", "Europe/Lisbon", "pt")  # no template speaks Portuguese
SINGAPORE = Place("Singapore", "SG", "Asia/Singapore", "en")
BOSTON = Place("Boston", "US", "America/New_York", "en", "MA")
HONOLULU = Place("Honolulu", "US", "Pacific/Honolulu", "en", "HI")
AUCKLAND = Place("Auckland", "NZ", "Pacific/Auckland", "en")

SLEEPER = "Leilani"  # it is night where she lives when the story begins

CROWDS = (
    Crowd(44, BRISTOL),
    Crowd(36, LYON),
    Crowd(30, HAMBURG, topics="coffee|theatre", reach=Reach.EMAIL),
    Crowd(10, PORTO),
    Crowd(10, SINGAPORE),
    Crowd(20, HAMBURG, topics="theatre", reach=Reach.EMAIL),
    Crowd(20, BOSTON),
    Crowd(15, HONOLULU, reach=Reach.PHONE, first=SLEEPER),
    Crowd(15, AUCKLAND),
    Crowd(25, LEEDS, proven=False),
    Crowd(15, LILLE, leaves=True),
)
SIZE = sum(crowd.size for crowd in CROWDS)

# What every real export holds as well: rows nobody could write to.
_BAD_ROWS = (
    ("anna@@example.com", "", "Anna", "en", "GB", "", "Europe/London", "Bath"),
    ("", "+44 20 7946 0018", "Desk", "en", "GB", "", "Europe/London", "London"),
    ("nils@example.com", "", "Nils", "sv", "SE", "", "Europe/Atlantis", "Malmö"),
)
BAD_ROWS = len(_BAD_ROWS)


def customers() -> Iterator[Customer]:
    """Give everybody, always the same."""
    numbers = count()
    for crowd in CROWDS:
        names = _NAMES[crowd.place.language]
        for place in range(crowd.size):
            no = next(numbers)
            name = crowd.first if crowd.first and not place else names[place % len(names)]
            yield _customer(no, name, crowd)


def _customer(no: int, first_name: str, crowd: Crowd) -> Customer:
    # Numbers reserved for drama ring nowhere, whatever becomes of safe mode; zones are given apart.
    phone, email = f"+447700900{no:03}", f"customer{no:03}@example.com"
    if crowd.reach is Reach.EMAIL or (crowd.reach is Reach.EITHER and no % 3 == 0):
        phone = ""
    if crowd.reach is Reach.PHONE or (crowd.reach is Reach.EITHER and no % 3 == 1):
        email = ""
    return Customer(email, phone, first_name, crowd)


def write_file(path: Path) -> None:
    """Write the export; people without proof of their consent leave its columns empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_row(customer) for customer in customers())
        writer.writerows((*row, "coffee", *_NO_PROOF) for row in _BAD_ROWS)


def _row(customer: Customer) -> tuple[str, ...]:
    crowd = customer.crowd
    place = crowd.place
    kind = "tcpa_pewc" if place.country == "US" else "gdpr_consent"
    proof = ("2026-05-04T09:30:00Z", kind, "web form", WORDINGS[place.language])
    who = (customer.email, customer.phone, customer.first_name)
    where = (place.language, place.country, place.region, place.zone, place.city)
    return (*who, *where, crowd.topics, *(proof if crowd.proven else _NO_PROOF))


_NO_PROOF = ("", "", "", "")
