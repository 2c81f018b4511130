"""Forms: the fields of a body that a browser or a mail client has posted."""

from __future__ import annotations

from urllib.parse import parse_qs

_MOST_FIELDS = 200


def fields(body: bytes) -> dict[str, list[str]]:
    """Give the fields of a urlencoded body; none, if it cannot be read."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
