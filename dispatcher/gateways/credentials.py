"""How we prove ourselves to providers: the usual headers."""

from __future__ import annotations

import base64

from pydantic import SecretStr


def basic(username: str, password: SecretStr) -> dict[str, str]:
    """Give the header of basic authentication (RFC 7617)."""
    pair = f"{username}:{password.get_secret_value()}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def bearer(token: SecretStr) -> dict[str, str]:
    """Give the header of a bearer token (RFC 6750)."""
    return {"Authorization": f"Bearer {token.get_secret_value()}"}
