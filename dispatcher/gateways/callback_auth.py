"""Callbacks proven by a user name and password, for providers that sign nothing."""

# Settings are declared by calls to option(), which give immutable fields.
# ruff: noqa: RUF009

from __future__ import annotations

from dataclasses import dataclass

from pydantic import SecretStr

from dispatcher.gateways.api import ApiSettings
from dispatcher.gateways.options import option
from dispatcher.gateways.proofs import BasicAuth


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicCallbackSettings(ApiSettings):
    """What stands before the host in the URL that the provider is given for callbacks."""

    callback_user: str = option(
        "User name in the callback URL: https://user:password@.../hooks/<name>", "dispatcher"
    )
    callback_password: SecretStr = option(
        "Password in the callback URL; empty: callbacks are refused", SecretStr("")
    )

    def basic_proof(self) -> BasicAuth | None:
        """Give the proof; none without a password."""
        if not self.callback_password.get_secret_value():
            return None
        return BasicAuth(self.callback_user, self.callback_password)
