"""The addresses a message carries back to us: links, return path and message id, all signed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.tokens import Purpose, Token, Tokens, as_link, as_mailbox

UNSUBSCRIBE_PATH = "/u/"
PREFERENCES_PATH = "/p/"
CONFIRM_PATH = "/c/"
STAY_PATH = "/s/"
SHARE_PATH = "/share/"
PROOF_PATH = "/x/"
UNSUBSCRIBE_BOX = "u+"
BOUNCE_BOX = "b+"


@dataclass(frozen=True, slots=True)
class Links:
    """Where links and returned mail lead.

    `base_url` is the public address of the web app without a slash at the end; `mail_domain` the
    domain whose mail comes to us: bounces at `b+...`, unsubscriptions at `u+...`.
    """

    tokens: Tokens
    base_url: str
    mail_domain: str

    def unsubscribe(self, key: DeliveryKey, channel: Channel) -> tuple[str, str]:
        """Give the unsubscribe link and the mailbox that does the same."""
        token = Token(key.customer_id, key.wave_id, 0, channel)
        raw = self.tokens.seal(Purpose.UNSUBSCRIBE, token)
        link = f"{self.base_url}{UNSUBSCRIBE_PATH}{as_link(raw)}"
        return link, f"{UNSUBSCRIBE_BOX}{as_mailbox(raw)}@{self.mail_domain}"

    def preferences(self, key: DeliveryKey, channel: Channel) -> str:
        """Give the link to the person's own page."""
        token = Token(key.customer_id, key.wave_id, 0, channel)
        return f"{self.base_url}{PREFERENCES_PATH}{self.tokens.link(Purpose.PREFERENCES, token)}"

    def stay(self, key: DeliveryKey, channel: Channel) -> str:
        """Give the link to a page with a button to stay, and one to leave."""
        token = Token(key.customer_id, key.wave_id, 0, channel)
        return f"{self.base_url}{STAY_PATH}{self.tokens.link(Purpose.STAY, token)}"

    def confirmation(self, number: int, channel: Channel) -> str:
        """Give the link that shows what was asked for, with a button to confirm it."""
        token = self.tokens.link(Purpose.CONFIRM, Token(number, 0, 0, channel))
        return f"{self.base_url}{CONFIRM_PATH}{token}"

    def proof(self, purpose: Purpose, customer_id: int, until: int, channel: Channel) -> str:
        """Give the link that proves whose address it came to, until an instant in Unix seconds."""
        token = self.tokens.link(purpose, Token(customer_id, until, 0, channel))
        return f"{self.base_url}{PROOF_PATH}{token}"

    def share(self, wave_id: int) -> str:
        """Give the link to a page for friends: it names the wave and nobody, whoever got it."""
        return f"{self.base_url}{SHARE_PATH}{_share_token(self.tokens, wave_id)}"

    def return_path(self, key: DeliveryKey) -> str:
        """Give the envelope sender: what bounces comes home with this attempt's name (VERP)."""
        token = Token(key.customer_id, key.wave_id, key.attempt, Channel.EMAIL)
        return f"{BOUNCE_BOX}{self.tokens.mailbox(Purpose.BOUNCE, token)}@{self.mail_domain}"

    def delivery_id(self, key: DeliveryKey) -> str:
        """Give the id of a delivery: the same for every attempt, known to nobody beforehand."""
        return self.tokens.link(Purpose.DELIVERY, Token(key.customer_id, key.wave_id))


@lru_cache(maxsize=64)
def _share_token(tokens: Tokens, wave_id: int) -> str:
    return tokens.link(Purpose.SHARE, Token(0, wave_id))
