"""All kinds of gateways by name, and the one place that builds a gateway from settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from time import time
from typing import Any, ClassVar, Protocol, cast

from pydantic import SecretStr

from dispatcher.domain.messages import Channel
from dispatcher.domain.ports import Gateway
from dispatcher.errors import ConfigError
from dispatcher.gateways.email.mailgun import MailgunGateway
from dispatcher.gateways.email.sendgrid import SendgridGateway
from dispatcher.gateways.email.ses import SesGateway
from dispatcher.gateways.email.smtp import SmtpGateway
from dispatcher.gateways.options import converted, nearest
from dispatcher.gateways.sandbox import Put, SandboxGateway
from dispatcher.gateways.sms.aws_sms import AwsSmsGateway
from dispatcher.gateways.sms.http_sms import HttpSmsGateway
from dispatcher.gateways.sms.twilio import TwilioGateway
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
    fetch: Fetch = fetch


KINDS: dict[str, type] = {
    "mailgun": MailgunGateway,
    "sendgrid": SendgridGateway,
    "ses": SesGateway,
    "smtp": SmtpGateway,
    "aws_sms": AwsSmsGateway,
    "http_sms": HttpSmsGateway,
    "sandbox": SandboxGateway,
    "twilio": TwilioGateway,
}


def kinds() -> dict[str, type]:
    """Give all kinds: ours, and those of installed packages; ours cannot be replaced."""
    found = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    return {name: point.load() for name, point in found.items() if name not in KINDS} | KINDS


def channel_of_kind(kind: str) -> Channel | None:
    """Say which channel all gateways of a kind serve; None: that is a setting of each."""
    made = KINDS[kind] if kind in KINDS else kinds().get(kind)
    return getattr(made, "channel", None)


def build(
    name: str, kind: str, options: Mapping[str, Any], supplies: Supplies | None = None
) -> Gateway:
    """Build a gateway; raise ConfigError that names the setting `gateways.<name>.<option>`."""
    known = kinds()
    if kind not in known:
        problem = f'there is no gateway of the kind "{kind}"{nearest(kind, known)}'
        raise ConfigError(f"gateways.{name}.kind", problem)
    made = cast(GatewayKind, known[kind])
    try:
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
