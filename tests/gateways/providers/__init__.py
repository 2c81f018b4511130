"""Rows of the contract suite for providers: what their public documentation says they do."""

from __future__ import annotations

from tests.gateways.providers.aws_sms import AwsSms
from tests.gateways.providers.provider import Provider
from tests.gateways.providers.ses import Ses
from tests.gateways.providers.twilio import Twilio

PROVIDERS: tuple[type[Provider], ...] = (
    AwsSms,
    Ses,
    Twilio,
)
