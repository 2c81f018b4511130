"""The gateways that messages go by now: those of the settings, or sandboxes in their place."""

from __future__ import annotations

from dispatcher.domain.messages import Channel
from dispatcher.domain.routes import Way
from dispatcher.errors import ConfigError
from dispatcher.gateways import registry
from dispatcher.settings import GatewaySettings, Settings


def gateway_settings(settings: Settings) -> dict[str, GatewaySettings]:
    """Give every gateway that is there now: in safe mode each one is the sandbox.

    A channel nobody configured has a sandbox under the channel's own name.
    """
    configured = dict(settings.gateways)
    if settings.safe_mode:
        configured = {name: _in_sandbox(name, each) for name, each in configured.items()}
    served = {channel_of(name, each) for name, each in configured.items()}
    for channel in Channel:
        if channel not in served:
            configured.setdefault(channel, GatewaySettings(kind="sandbox", channel=channel))
    return configured


def listeners(settings: Settings) -> list[str]:
    """Name the gateways that are heard on a line of their own."""
    kinds = registry.kinds()
    known = gateway_settings(settings)
    return [n for n, each in known.items() if hasattr(kinds.get(each.kind), "listen")]


def channel_of(name: str, gateway: GatewaySettings) -> Channel:
    """Say which channel a gateway serves."""
    if gateway.kind == "sandbox" or gateway.channel:
        try:
            return Channel(gateway.channel)
        except ValueError:
            raise ConfigError(
                f"gateways.{name}.channel", f'is "{gateway.channel}"; it must be email or sms'
            ) from None
    try:
        channel = registry.channel_of_kind(gateway.kind)
    except ConfigError as error:
        problem = str(error).removeprefix(f"{error.setting}: ")
        raise ConfigError(f"gateways.{name}.kind", problem) from None
    if channel is None:
        raise ConfigError(f"gateways.{name}.channel", "is missing; it must be email or sms")
    return channel


def real_mail_gateways(settings: Settings) -> frozenset[str]:
    """Name the gateways by which mail leaves for real people now."""
    return frozenset(
        name
        for name, each in gateway_settings(settings).items()
        if each.kind != "sandbox" and channel_of(name, each) is Channel.EMAIL
    )


def _in_sandbox(name: str, gateway: GatewaySettings) -> GatewaySettings:
    kept = {field: getattr(gateway, field) for field in GatewaySettings.model_fields}
    return GatewaySettings(**kept | {"kind": "sandbox", "channel": channel_of(name, gateway)})


def ways(settings: Settings) -> tuple[Way, ...]:
    """Give every gateway there is now, as routing sees it."""
    return tuple(
        Way(
            name,
            channel_of(name, each),
            each.price,
            each.priority,
            each.weight,
            each.countries,
            each.prefixes,
            each.brands,
        )
        for name, each in gateway_settings(settings).items()
    )
