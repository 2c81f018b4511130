"""Rows of the contract suite for providers: what their public documentation says they do."""

from __future__ import annotations

from tests.gateways.providers.brevo import Brevo
from tests.gateways.providers.mailjet import Mailjet
from tests.gateways.providers.mandrill import Mandrill
from tests.gateways.providers.postmark import Postmark
from tests.gateways.providers.provider import Provider
from tests.gateways.providers.resend import Resend
from tests.gateways.providers.sparkpost import SparkPost
from tests.gateways.providers.twilio import Twilio

PROVIDERS: tuple[type[Provider], ...] = (
    Brevo,
    Mailjet,
    Mandrill,
    Postmark,
    Resend,
    SparkPost,
    Twilio,
)
