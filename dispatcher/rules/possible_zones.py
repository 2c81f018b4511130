"""Which zones a person may live in, when only a number and perhaps a home are known.

The numbers' facts are stored with addresses; what the rule data says of a country's clocks is added
here, when it is decided, so that newer data counts at once and for everybody.
"""

from __future__ import annotations

from functools import lru_cache

from dispatcher.rules.hours import readable
from dispatcher.rules.jurisdictions import Jurisdictions, is_code

VERSION = 1

_WITH_AREA_CODES = ("US-", "CA-")


@lru_cache(maxsize=1 << 12)
def possible_zones(
    book: Jurisdictions, jurisdictions: tuple[str, ...], zones: tuple[str, ...]
) -> tuple[str, ...]:
    """Give every zone that must be open: those of each jurisdiction, in the order of the alphabet.

    Of a state with area codes the number's zones hold, for they are all that its code reaches into.
    Of any other place all zones in the rule data hold: a number that names only one or some of a
    country's clocks is not trusted so far. Without rule data the number's are all there is. What
    cannot be read is given back as it is, for it closes everything.
    """
    if not all(map(readable, zones)) or not all(map(is_code, jurisdictions)) or not zones:
        return zones
    found: set[str] = set()
    for code in jurisdictions:
        lawful = () if code.startswith(_WITH_AREA_CODES) else book.chain(code).zones
        found.update(lawful or zones)
    return tuple(sorted(found)) or zones
