"""Rows of the contract suite for providers: what their public documentation says they do."""

from __future__ import annotations

from tests.gateways.providers.bird import Bird
from tests.gateways.providers.clickatell import Clickatell
from tests.gateways.providers.infobip import Infobip
from tests.gateways.providers.kannel import Kannel
from tests.gateways.providers.plivo import Plivo
from tests.gateways.providers.provider import Provider
from tests.gateways.providers.sinch import Sinch
from tests.gateways.providers.telnyx import Telnyx
from tests.gateways.providers.twilio import Twilio
from tests.gateways.providers.vonage import Vonage

PROVIDERS: tuple[type[Provider], ...] = (
    Bird,
    Clickatell,
    Infobip,
    Kannel,
    Plivo,
    Sinch,
    Telnyx,
    Twilio,
    Vonage,
)
