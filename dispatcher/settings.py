"""All settings in one typed object: environment over `dispatcher.toml` over defaults."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from dispatcher.embedded.runfile import find_running
from dispatcher.errors import ConfigError
from dispatcher.rules.jurisdictions import Profile

CONFIG_FILE = "dispatcher.toml"


class PaceSettings(BaseModel):
    """How fast something may go, and how much of it in a day. A text counts each of its parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_second: float = Field(
        default=0.0, ge=0, description="Most parts a second over all workers; 0: no limit."
    )
    per_minute: float = Field(
        default=0.0, ge=0, description="Most parts a minute; with both, the slower one holds."
    )
    per_day: int = Field(default=0, ge=0, description="Most parts a day; the rest waits.")
    day_starts_in: str = Field(
        default="",
        description="Zone in which its days begin; empty: America/Los_Angeles for senders with a "
        "number that begins with +1, else UTC.",
    )
    warm_up: date | None = Field(
        default=None,
        description="First day of a new gateway or sender: nothing goes before it, and each day "
        "after it no more than the plan says.",
    )
    warm_up_plan: list[NonNegativeInt] = Field(
        default_factory=list,
        description="Most parts of each day from the first one on; empty: 50, and twice as many "
        "each day, for two weeks.",
    )

    @field_validator("day_starts_in")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value and value not in available_timezones():
            raise ValueError(f'"{value}" is no zone; write it as in America/Los_Angeles')
        return value


class BrandPaceSettings(PaceSettings):
    """One `[limits.brands.<id>]` table."""

    vetting_score: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Score of its 10DLC vetting, 0 for none: all its texts to numbers with +1 "
        "share T-Mobile's budget of a day for that score.",
    )


class DomainPaceSettings(PaceSettings):
    """One `[limits.domains.<name>]` table."""

    domains: list[str] = Field(
        default_factory=list,
        description="The domains of this group; empty: those known of gmail, outlook, yahoo, "
        "icloud, gmx and orange, else the name itself.",
    )


class LimitSettings(BaseModel):
    """Limits besides those of gateways."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    senders: dict[str, PaceSettings] = Field(
        default_factory=dict, description="By the sender that people see."
    )
    brands: dict[str, BrandPaceSettings] = Field(
        default_factory=dict, description="By the brand's id."
    )
    domains: dict[str, DomainPaceSettings] = Field(
        default_factory=dict, description="By a group of the domains that mails go to."
    )


class GatewaySettings(PaceSettings):
    """One `[gateways.<name>]` table; what is not named here goes to the adapter."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str = Field(
        description="Which adapter: smtp, http_sms, smpp, sandbox, or an installed one."
    )
    channel: str = Field(default="", description="email or sms, for adapters that serve both.")
    price: float = Field(default=0.0, description="Cost of one part, in the programme's currency.")

    priority: int = Field(
        default=0, description="Lower ones go first; the next takes over while it is not well."
    )
    weight: float = Field(
        default=0.0, ge=0, description="Its share among gateways of one priority; 0: the cheapest."
    )
    countries: tuple[str, ...] = Field(
        default=(), description="Countries it is meant for, as ISO 3166 (GB); none: everywhere."
    )
    prefixes: tuple[str, ...] = Field(
        default=(), description="Beginnings of numbers it is meant for (+4477); none: all."
    )
    brands: tuple[str, ...] = Field(
        default=(), description="Ids of the brands that may use it; none: all."
    )
    error_share: float = Field(
        default=0.5, gt=0, description="Share of errors in its last 40 answers at which it rests."
    )
    slow_seconds: float = Field(
        default=3.0,
        gt=0,
        description="Answers that take longer are slow: it rests, where another can take over.",
    )

    @field_validator("countries", mode="after")
    @classmethod
    def _upper(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        upper = tuple(code.upper() for code in codes)
        if wrong := [
            code for code in upper if not (code.isascii() and code.isalpha()) or len(code) != 2
        ]:
            raise ValueError(f"{wrong[0]} is no country; write GB")
        return upper

    @field_validator("prefixes", mode="after")
    @classmethod
    def _international(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [each for each in prefixes if not re.fullmatch(r"\+\d{1,14}", each, re.ASCII)]:
            raise ValueError(f"{wrong[0]} is no beginning of a number; write +4477")
        return prefixes

    @property
    def options(self) -> Mapping[str, Any]:
        """What the adapter itself is to be told."""
        return self.model_extra or {}


class Settings(BaseSettings):
    """Everything that can be set. In the environment each name has the prefix DISPATCHER_."""

    model_config = SettingsConfigDict(env_prefix="DISPATCHER_", frozen=True, extra="forbid")

    home: Path = Field(
        Path(".dispatcher"), description="Folder for the embedded stack, journals, keys and logs."
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        validation_alias="DATABASE_URL",
        description="PostgreSQL; empty: the embedded one.",
    )
    broker_url: SecretStr = Field(
        SecretStr(""),
        validation_alias="BROKER_URL",
        description="Valkey, Redis or RabbitMQ; empty: the embedded one.",
    )
    safe_mode: bool = Field(
        True, description="While true nothing leaves the machine: every gateway is the sandbox."
    )
    public_url: str = Field(
        "http://127.0.0.1:8025", description="Where customers reach `dispatcher web`."
    )
    mail_domain: str = Field(
        "dispatcher.localhost",
        description="Domain of return paths, unsubscribe mail and message ids.",
    )
    mail_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port of this machine at which `up` takes the mail that comes back; 0: it "
        "takes none.",
    )
    dns_server: str = Field(
        "",
        description="DNS server to ask in 'gateway check', as 192.0.2.53 or 192.0.2.53:5353; "
        "empty: those of this machine.",
    )
    mail_user: str = Field("", description="User name of the IMAP mailbox that bounces come to.")
    mail_password: SecretStr = Field(
        SecretStr(""), description="Password of the IMAP mailbox that bounces come to."
    )
    brand: str = Field(
        "",
        description="Id of the brand whose staff work here: they see its campaigns as counts in "
        "whole tens, and no person; set in the file it holds whatever the environment says; empty: "
        "the operator.",
    )
    default_country: str = Field(
        "", description="Country of phone numbers written without +, as ISO 3166 (GB)."
    )
    hours_profile: Profile = Field(
        Profile.BALANCED,
        description="How doubtful rules on permitted hours are read: balanced leaves them out, "
        "strict obeys them too.",
    )
    rule_overrides: Path | None = Field(
        None, description="File of other hours and caps for countries, read once at the start."
    )
    keys: list[SecretStr] = Field(
        default_factory=list,
        description="Secrets that sign links and digest addresses, hex, newest first; "
        "empty: the file `keys` in the home folder.",
    )
    facts: Path | None = Field(
        None,
        description="File that declares what is known of people; empty: facts.toml in this folder, "
        "if it is there.",
    )
    programme: Path | None = Field(
        None,
        description="File that says what people may ask for and how they join; empty: "
        "programme.toml in this folder, if it is there.",
    )
    smallest_audience: int = Field(
        20, ge=0, description="A campaign to fewer people needs a reason to be enqueued."
    )
    four_eyes_over: int = Field(
        10_000, ge=0, description="A campaign to more people needs a second person's approval."
    )
    worker_processes: int = Field(2, ge=1, description="Sending processes that `up` starts.")
    work_seconds: float = Field(
        5.0, gt=0, le=60, description="How long one task works before the queue gets its turn."
    )
    hold_hours: float = Field(
        0.25,
        ge=0,
        le=24,
        description="A better offer that may go within so many hours counts as ready now: a lesser "
        "one leaves it the person's last free slot.",
    )
    opening_spread_minutes: float = Field(
        30,
        ge=0,
        le=60,
        description="Over how many minutes people come back who wait for an opening; 0: at once.",
    )
    breaker_opt_outs_sms: float = Field(
        0.02,
        gt=0,
        le=1,
        description="Share of people leaving at which a campaign of texts is paused by itself.",
    )
    breaker_opt_outs_email: float = Field(
        0.005,
        gt=0,
        le=1,
        description="Share of people leaving at which a campaign by e-mail is paused by itself.",
    )
    breaker_complaints: float = Field(
        0.003,
        gt=0,
        le=1,
        description="Share of complaints at which a campaign is paused by itself.",
    )
    breaker_errors_sms: float = Field(
        0.05, gt=0, le=1, description="Share of texts that fail for good, likewise."
    )
    breaker_errors_email: float = Field(
        0.02, gt=0, le=1, description="Share of mails that fail for good, likewise."
    )
    gateways: dict[str, GatewaySettings] = Field(
        default_factory=dict, description="The ways out, by name."
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings,
        description="Limits of senders, brands and recipients' domains, besides those of gateways.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the file."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    @cached_property
    def database(self) -> str:
        """Where the database is: as set, else the running embedded stack's."""
        return self.database_url.get_secret_value() or self._running("DATABASE_URL").database_url

    @cached_property
    def broker(self) -> str:
        """Where the broker is: as set, else the running embedded stack's."""
        return self.broker_url.get_secret_value() or self._running("BROKER_URL").broker_url

    @property
    def journals(self) -> Path:
        """The folder of the workers' journals; it must survive a restart."""
        return self.home / "journals"

    def _running(self, setting: str) -> Any:
        running = find_running(self.home)
        if running is None:
            raise ConfigError(
                setting,
                f"is not set, and no embedded stack runs in {self.home.absolute()}; "
                "start one with 'dispatcher up', or set it",
            )
        return running


class _Given(Settings):
    """Settings that neither the environment nor a file has a say in."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given, and nothing else."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def only(**given: Any) -> Settings:
    """Make settings of what is given and the defaults, whatever this machine has set."""
    return _Given(**given)


def config_file() -> Path:
    """Name the settings file: DISPATCHER_CONFIG, or dispatcher.toml in this folder."""
    return Path(os.environ.get("DISPATCHER_CONFIG", CONFIG_FILE))


def brand() -> str:
    """Name the brand that whoever is here works for; "" is the operator.

    Read before any other setting, and from the file first: what narrows is never widened again.
    """
    try:
        told = tomllib.loads(config_file().read_text("utf-8")).get("brand", "")
    except (OSError, ValueError):  # whoever needs the other settings is told
        told = ""
    named = {name.upper(): value for name, value in os.environ.items()}
    return str(told or named.get("DISPATCHER_BRAND", "")).strip()


def load(**overrides: Any) -> Settings:
    """Read the settings. Raises ConfigError, which names the setting and what is wrong."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigError(name, f"{first['msg']} (environment or {config_file()})") from None
    except ValueError as error:  # broken TOML
        raise ConfigError(str(config_file()), f"cannot be read: {error}") from None
