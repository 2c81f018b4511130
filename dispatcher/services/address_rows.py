"""Address rows: an address in normal form with all that is stored beside it."""

from __future__ import annotations

from dispatcher.domain.addresses import places_of_phone
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Address
from dispatcher.domain.places import Places
from dispatcher.tokens import Digests


def address_row(digests: Digests, channel: Channel, address: str) -> Address:
    """Give the row of an address that nobody has yet."""
    stored = digests.store(channel, address)
    places = places_of_phone(address) if channel is Channel.SMS else Places()
    return Address(
        channel,
        address,
        stored[0],
        stored[-1],
        digests.holdout_bucket(address),
        places.zones,
        jurisdictions=places.jurisdictions,
    )
