"""What the wiring promises: nothing leaves the machine while safe mode is on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dispatcher import settings, wiring
from dispatcher.domain.messages import Channel
from dispatcher.errors import ConfigError
from dispatcher.gateways.sandbox import SandboxGateway
from dispatcher.gateways_in_use import gateway_settings
from dispatcher.settings import GatewaySettings
from tests.rules.override_texts import entry, week
from tests.servers.smtp import SmtpServer
from tests.support.house import KEY, House, house_on
from tests.support.rules import BOOK


def real(port: int) -> dict[str, GatewaySettings]:
    """Real gateways, as an operator would configure them."""
    return {
        "post": _gateway(kind="smtp", host="127.0.0.1", port=port, security="none"),
        "texts": _gateway(kind="http_sms", url="http://127.0.0.1:9/messages", price=0.05),
    }


def _gateway(**table: object) -> GatewaySettings:
    return GatewaySettings.model_validate(table)


def given(**overrides: object) -> settings.Settings:
    """Settings without a file."""
    return settings.load(database_url="postgresql://unused", keys=[KEY], **overrides)


def test_in_safe_mode_every_gateway_is_the_sandbox() -> None:
    """Whatever is configured; prices stay, so that a rehearsal costs what the real thing would."""
    made = gateway_settings(given(gateways=real(25)))
    assert {name: each.kind for name, each in made.items()} == {
        "post": "sandbox",
        "texts": "sandbox",
    }
    assert {name: each.channel for name, each in made.items()} == {"post": "email", "texts": "sms"}
    assert made["texts"].price == 0.05


def test_safe_mode_is_on_until_it_is_switched_off_by_name() -> None:
    """A configured gateway alone changes nothing."""
    assert given().safe_mode
    made = gateway_settings(given(gateways=real(25), safe_mode=False))
    assert {name: each.kind for name, each in made.items()} == {"post": "smtp", "texts": "http_sms"}


def test_a_channel_without_a_gateway_has_the_sandbox() -> None:
    """Also when safe mode is off: nothing can leave where no way out is configured."""
    made = gateway_settings(given(safe_mode=False))
    assert {each.kind for each in made.values()} == {"sandbox"}


@pytest.mark.parametrize("safe", [True, False])
def test_a_campaign_reaches_a_real_server_only_out_of_safe_mode(
    database_url: str, tmp_path: Path, safe: bool
) -> None:
    """In safe mode the mail server is not even connected to."""

    async def story() -> SmtpServer:
        async with SmtpServer().running() as server:
            gateways = real(server.port) | {"email": real(server.port)["post"]}
            home = tmp_path / "home"
            with house_on(database_url, home, gateways=gateways, safe_mode=safe) as house:
                await asyncio.to_thread(_send_one, house)
                assert len(house.inbox()) == int(safe)
            return server

    server = asyncio.run(story())
    assert server.reached["CONNECT"] == int(not safe)
    assert len(server.stored) == int(not safe)


def _send_one(house: House) -> None:
    house.people(1, channel=Channel.EMAIL)
    house.campaign(channels=(Channel.EMAIL,))
    house.run(Channel.EMAIL)


def test_other_keys_than_the_databases_are_refused(database_url: str, tmp_path: Path) -> None:
    """With other keys no suppression would match."""
    with house_on(database_url, tmp_path / "home"):
        pass
    other = settings.load(database_url=database_url, home=tmp_path, keys=["77" * 32])
    with pytest.raises(ConfigError, match="do not belong to this database"):
        wiring.build(other)


def test_a_newer_key_may_be_put_before_the_old_one(database_url: str, tmp_path: Path) -> None:
    """Links are signed with the new one; digests stay as they are."""
    with house_on(database_url, tmp_path / "home") as house:
        before = house.dispatcher.digests.holdout_bucket("anna@example.com")
    both = settings.load(database_url=database_url, home=tmp_path, keys=["77" * 32, KEY])
    built = wiring.build(both)
    assert built.digests.holdout_bucket("anna@example.com") == before
    built.close()


def test_sandboxes_are_built_for_both_channels(database_url: str, tmp_path: Path) -> None:
    """A new installation can send at once, to nobody."""
    with house_on(database_url, tmp_path / "home") as house:
        gateways = wiring.build_gateways(house.dispatcher)
    assert {name: type(each) for name, each in gateways.items()} == {
        "email": SandboxGateway,
        "sms": SandboxGateway,
    }


def test_overrides_are_part_of_the_rule_book(tmp_path: Path, database_url: str) -> None:
    """Decisions obey them, under a hash of their own; with a wrong file nothing is decided.

    All else goes on: people can still leave.
    """
    file = tmp_path / "hours.toml"
    known = settings.only(database_url=database_url, keys=[KEY], rule_overrides=file)
    with pytest.raises(ConfigError, match=r"rule_overrides: .*hours\.toml cannot be read"):
        _ = wiring.build(known).book
    file.write_text(entry("FR", windows=week("", holiday="[]")), "utf-8")
    dispatcher = wiring.build(known)
    dispatcher.close()
    assert dispatcher.book.hash != BOOK.hash
    assert dispatcher.book.law.on("any", 0.0).entries["FR"].week.days == ((),) * 7
    file.write_text(entry("FR", windows=week("00:00-24:00", holiday="[]")), "utf-8")
    with pytest.raises(ConfigError, match=r"rule_overrides: .*hours\.toml:3: override 1 \(FR\)"):
        _ = wiring.build(known).book
