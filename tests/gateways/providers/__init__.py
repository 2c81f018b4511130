"""Rows of the contract suite for providers: what their public documentation says they do."""

from __future__ import annotations

from tests.gateways.providers.aws_sms import AwsSms
from tests.gateways.providers.mailgun import Mailgun
from tests.gateways.providers.provider import Provider
from tests.gateways.providers.sendgrid import Sendgrid
from tests.gateways.providers.ses import Ses
from tests.gateways.providers.twilio import Twilio

PROVIDERS: tuple[type[Provider], ...] = (
    AwsSms,
    Mailgun,
    Sendgrid,
    Ses,
    Twilio,
)
