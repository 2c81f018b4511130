"""Signals: what people do about one product of a brand, on our own pages and at our own tills."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

_PRODUCT = re.compile(r"\w[\w.+/-]{0,59}")


class SignalKind(StrEnum):
    """What somebody did. Words of at most 16 letters: they stand in each decision's facts."""

    VIEWED = "viewed"
    BOUGHT = "bought"
    DISLIKED = "disliked"
    PRICE_COMPLAINT = "price_complaint"
    RETURNED = "returned"


# Whatever is looked at after one of these: nobody is reminded of the product.
ENDS = tuple(kind for kind in SignalKind if kind is not SignalKind.VIEWED)


class Signal(NamedTuple):
    """What a person did about a product of a brand. `at`: programme's clock, Unix seconds."""

    customer_id: int
    brand: str
    product: str
    kind: SignalKind
    at: float


def product_name(text: str) -> str:
    """Give a product's name as it is kept, small and capital letters alike; "" if it is none."""
    name = text.strip().lower()
    return name if _PRODUCT.fullmatch(name) else ""
