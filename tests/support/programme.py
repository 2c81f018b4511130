"""The made-up programme of the tests: who writes, about what, and how often at most."""

from __future__ import annotations

from dispatcher.domain.programme import Programme, Topic

PROGRAMME = Programme(
    name="Northwind Offers",
    email="offers@northwind.example",
    sms_sender="+447700900999",
    postal_address="1 Quay St, Bristol",
    contact="help@northwind.example",
    topics=(
        Topic("coffee", {"en": "Coffee", "de": "Kaffee"}, {"en": "New roasts."}, ("Northwind",)),
        Topic("theatre", {"en": "Theatre"}),
    ),
    most_a_month=8,
)
