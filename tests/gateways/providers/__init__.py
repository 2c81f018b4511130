"""Rows of the contract suite for providers: what their public documentation says they do."""

from __future__ import annotations

from tests.gateways.providers.aws_sms import AwsSms
from tests.gateways.providers.bird import Bird
from tests.gateways.providers.brevo import Brevo
from tests.gateways.providers.clickatell import Clickatell
from tests.gateways.providers.infobip import Infobip
from tests.gateways.providers.kannel import Kannel
from tests.gateways.providers.mailgun import Mailgun
from tests.gateways.providers.mailjet import Mailjet
from tests.gateways.providers.mandrill import Mandrill
from tests.gateways.providers.plivo import Plivo
from tests.gateways.providers.postmark import Postmark
from tests.gateways.providers.provider import Provider
from tests.gateways.providers.resend import Resend
from tests.gateways.providers.sendgrid import Sendgrid
from tests.gateways.providers.ses import Ses
from tests.gateways.providers.sinch import Sinch
from tests.gateways.providers.sparkpost import SparkPost
from tests.gateways.providers.telnyx import Telnyx
from tests.gateways.providers.twilio import Twilio
from tests.gateways.providers.vonage import Vonage

PROVIDERS: tuple[type[Provider], ...] = (
    AwsSms,
    Bird,
    Brevo,
    Clickatell,
    Infobip,
    Kannel,
    Mailgun,
    Mailjet,
    Mandrill,
    Plivo,
    Postmark,
    Resend,
    Sendgrid,
    Ses,
    Sinch,
    SparkPost,
    Telnyx,
    Twilio,
    Vonage,
)
