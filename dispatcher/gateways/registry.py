"""All kinds of gateways by name, and the one place that builds a gateway from settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from time import time
from typing import Any, ClassVar, Protocol, cast

from pydantic import SecretStr

from dispatcher.domain.gsm7_tables import National
from dispatcher.domain.messages import Channel
from dispatcher.domain.ports import Gateway
from dispatcher.errors import ConfigError
from dispatcher.gateways.email.brevo import BrevoGateway
from dispatcher.gateways.email.mailgun import MailgunGateway
from dispatcher.gateways.email.mailjet import MailjetGateway
from dispatcher.gateways.email.mandrill import MandrillGateway
from dispatcher.gateways.email.postmark import PostmarkGateway
from dispatcher.gateways.email.resend import ResendGateway
from dispatcher.gateways.email.sendgrid import SendgridGateway
from dispatcher.gateways.email.ses import SesGateway
from dispatcher.gateways.email.smtp import SmtpGateway
from dispatcher.gateways.email.sparkpost import SparkPostGateway
from dispatcher.gateways.options import converted, nearest
from dispatcher.gateways.sandbox import Put, SandboxGateway
from dispatcher.gateways.sms.aws_sms import AwsSmsGateway
from dispatcher.gateways.sms.bird import BirdGateway
from dispatcher.gateways.sms.clickatell import ClickatellGateway
from dispatcher.gateways.sms.http_sms import HttpSmsGateway
from dispatcher.gateways.sms.infobip import InfobipGateway
from dispatcher.gateways.sms.kannel import KannelGateway
from dispatcher.gateways.sms.plivo import PlivoGateway
from dispatcher.gateways.sms.sinch import SinchGateway
from dispatcher.gateways.sms.smpp import SmppGateway
from dispatcher.gateways.sms.smpp_ear import Hear
from dispatcher.gateways.sms.telnyx import TelnyxGateway
from dispatcher.gateways.sms.twilio import TwilioGateway
from dispatcher.gateways.sms.vonage import VonageGateway
from dispatcher.gateways.sns import Fetch, fetch

ENTRY_POINTS = "dispatcher.gateways"


class GatewayKind(Protocol):
    """What a class must have to be built from settings; `needs` may name fields of Supplies."""

    kind: ClassVar[str]
    settings_type: ClassVar[type]

    def __call__(self, name: str, **options: Any) -> Gateway:
        """Build a gateway."""


@dataclass(frozen=True, slots=True)
class Supplies:
    """What the house gives to gateways that name it in `needs`.

    `hooks`: where the world reaches our callbacks, without the gateway's name; empty: nowhere.
    `wall`: the time, in Unix seconds, as signatures need it. `fetch`: asks the provider itself what
    it signs callbacks with.
    """

    put: Put | None = None
    key: SecretStr | None = None
    hooks: str = ""
    wall: Callable[[], float] = time
    hear: Hear | None = None
    fetch: Fetch = fetch


KINDS: dict[str, type] = {
    "brevo": BrevoGateway,
    "mailgun": MailgunGateway,
    "mailjet": MailjetGateway,
    "mandrill": MandrillGateway,
    "postmark": PostmarkGateway,
    "resend": ResendGateway,
    "sendgrid": SendgridGateway,
    "ses": SesGateway,
    "smtp": SmtpGateway,
    "sparkpost": SparkPostGateway,
    "aws_sms": AwsSmsGateway,
    "bird": BirdGateway,
    "clickatell": ClickatellGateway,
    "http_sms": HttpSmsGateway,
    "infobip": InfobipGateway,
    "kannel": KannelGateway,
    "plivo": PlivoGateway,
    "sinch": SinchGateway,
    "smpp": SmppGateway,
    "telnyx": TelnyxGateway,
    "twilio": TwilioGateway,
    "vonage": VonageGateway,
    "sandbox": SandboxGateway,
}


def kinds() -> dict[str, type]:
    """Give all kinds: ours, and those of installed packages; ours cannot be replaced."""
    found = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    return {name: point.load() for name, point in found.items() if name not in KINDS} | KINDS


def channel_of_kind(kind: str) -> Channel | None:
    """Say which channel all gateways of a kind serve; None: that is a setting of each."""
    return getattr(_made(kind), "channel", None)


def national_tables(kind: str) -> frozenset[National]:
    """Give the national tables that all gateways of a kind can send; its class names them."""
    made = KINDS[kind] if kind in KINDS else kinds().get(kind)
    return getattr(made, "national_tables", frozenset())


def _made(kind: str) -> type:
    """Give the class of a kind; raise ConfigError when there is none."""
    if kind in KINDS:  # packages need not be looked through for it
        return KINDS[kind]
    known = kinds()
    if kind not in known:
        problem = f'there is no gateway of the kind "{kind}"{nearest(kind, known)}'
        raise ConfigError("kind", problem)
    return known[kind]


def build(
    name: str, kind: str, options: Mapping[str, Any], supplies: Supplies | None = None
) -> Gateway:
    """Build a gateway; raise ConfigError that names the setting `gateways.<name>.<option>`."""
    try:
        made = cast(GatewayKind, _made(kind))
        values = converted(made.settings_type, options)
        return made(name, **values, **_supplied(made, supplies or Supplies()))
    except ConfigError as error:
        problem = str(error).removeprefix(f"{error.setting}: ")
        raise ConfigError(f"gateways.{name}.{error.setting}", problem) from None


def _supplied(made: GatewayKind, supplies: Supplies) -> dict[str, Any]:
    given = {need: getattr(supplies, need) for need in getattr(made, "needs", ())}
    missing = [need for need, value in given.items() if value is None]
    if missing:
        raise ConfigError("kind", f"this kind needs {', '.join(missing)}, which is not set up here")
    return given
