"""The only place that builds things: settings in, a working Dispatcher out."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial

from celery import Celery
from pydantic import SecretStr

from dispatcher.bell import CeleryBell, SilentBell
from dispatcher.domain.breakers import Bars
from dispatcher.domain.known_facts import KnownFacts
from dispatcher.domain.masks import mask_logs
from dispatcher.domain.messages import Channel, Event, Message
from dispatcher.domain.ports import Bell, Gateway
from dispatcher.domain.programme import Programme
from dispatcher.domain.pulses import Bounds
from dispatcher.domain.routes import Way
from dispatcher.domain.throttles import Pace, Paces
from dispatcher.errors import CampaignError, CampaignErrors, ConfigError, FileError
from dispatcher.gateways import registry
from dispatcher.gateways.email.names import DnsNames, Names
from dispatcher.gateways_in_use import channel_of, gateway_settings, ways
from dispatcher.keys import load_keys
from dispatcher.limits_in_use import pace_of, paces
from dispatcher.rendering.links import Links
from dispatcher.rules.book import RuleBook, rule_book
from dispatcher.rules.jurisdictions import Law
from dispatcher.services import jurisdictions, known_facts, programme
from dispatcher.services.clocks import Clocks
from dispatcher.services.hear import hear
from dispatcher.services.joining import Post
from dispatcher.services.outbound import Outbound
from dispatcher.services.pacing import Pacing
from dispatcher.services.renderer import Renderer
from dispatcher.services.reserve import Patience, Tariff
from dispatcher.services.subscribe import Desk
from dispatcher.services.tidy import adopt
from dispatcher.services.versions import Versions
from dispatcher.settings import GatewaySettings, Settings
from dispatcher.storage import clock, installation, rule_books, sandbox, workers
from dispatcher.storage.database import Database
from dispatcher.storage.journal import Journal, boot_id
from dispatcher.storage.watch import Watch
from dispatcher.tokens import MIN_KEY, Digests, Purpose, Token, Tokens

log = logging.getLogger(__name__)
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # elsewhere the latter counts sleep


@dataclass(frozen=True)
class Dispatcher:
    """The whole product, wired: what the command line, the web and the workers stand on."""

    settings: Settings
    database: Database
    bell: Bell
    versions: Versions
    tokens: Tokens
    digests: Digests
    seal: SecretStr

    @property
    def host(self) -> str:
        """Name this machine, as journals and heartbeats know it."""
        return socket.gethostname()

    @property
    def desk(self) -> Desk:
        """Give what every act of a customer needs."""
        return Desk(self.database, self.digests, secrets.token_bytes, self.programme)

    @cached_property
    def book(self) -> RuleBook:
        """Read the rules for deciding; ConfigError when they cannot be read.

        Only asked for by who decides: a slip in a file must not stand in the way of an opt-out.
        """
        return rule_book(load_law(self.settings))

    @cached_property
    def programme(self) -> Programme | None:
        """Read what people may ask for, if it is written down.

        A slip in the file closes the door, and no more: it must not stand in the way of an opt-out.
        """
        try:
            return programme.declared(self.settings.programme)
        except (CampaignError, CampaignErrors) as wrong:
            log.error("nobody can join: %s", wrong)
            return None

    @cached_property
    def known_facts(self) -> KnownFacts:
        """Read what this programme declares to know of people, for whoever asks about themselves.

        A slip in the file hides the programme's own words, and no more.
        """
        named = self.settings.facts
        try:
            return known_facts.declared(named or known_facts.FILE, needed=named is not None)
        except (CampaignError, CampaignErrors) as wrong:
            log.error("facts are told without their source: %s", wrong)
            return known_facts.shipped()

    @cached_property
    def tariffs(self) -> dict[str, Tariff]:
        """Say what each gateway costs and how fast it may be used."""
        return {
            name: Tariff(gateway.price, pace_of(gateway))
            for name, gateway in gateway_settings(self.settings).items()
        }

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Say by which gateways which messages may go."""
        return ways(self.settings)

    @cached_property
    def bounds(self) -> dict[str, Bounds]:
        """Say what each gateway may do before it counts as ill."""
        return {
            name: Bounds(gateway.error_share, gateway.slow_seconds)
            for name, gateway in gateway_settings(self.settings).items()
        }

    @property
    def gateway_paces(self) -> dict[str, Pace]:
        """Say how fast each gateway may be used."""
        return {name: tariff.pace for name, tariff in self.tariffs.items()}

    @cached_property
    def paces(self) -> Paces:
        """Say how fast senders, brands and groups of recipients may be used."""
        return paces(self.settings)

    @property
    def bars(self) -> Bars:
        """Say at which shares a campaign is paused by itself."""
        known = self.settings
        return Bars(
            opt_outs_sms=known.breaker_opt_outs_sms,
            opt_outs_email=known.breaker_opt_outs_email,
            complaints=known.breaker_complaints,
            errors_sms=known.breaker_errors_sms,
            errors_email=known.breaker_errors_email,
        )

    def now(self) -> datetime:
        """Give the programme's present instant."""
        with self.database.begin() as conn:
            return datetime.fromtimestamp(clock.now(conn), UTC)

    def close(self) -> None:
        """Let go of the database."""
        self.database.dispose()


def build(settings: Settings, celery: Celery | None = None) -> Dispatcher:
    """Wire everything; raises ConfigError when a setting or the keys do not fit."""
    mask_logs()
    keys = load_keys(settings)
    database = Database(settings.database)
    with database.begin() as conn:
        installation.check_keys(conn, keys[-1])
    return Dispatcher(
        settings=settings,
        database=database,
        bell=CeleryBell(celery) if celery else SilentBell(),
        versions=Versions(),
        tokens=Tokens(keys),
        digests=Digests(keys[-1:]),  # the pepper is the oldest key and never changes
        seal=SecretStr(keys[0].hex()),
    )


def load_law(settings: Settings) -> Law:
    """Read the rule data; a sending process that has none does not start."""
    try:
        return Law(jurisdictions.in_force(settings.rule_overrides), settings.hours_profile)
    except (FileError, OSError) as error:
        raise ConfigError(
            "rule data",
            f"{error}; without it no hours are known and nothing is sent: mend the file, or "
            "install this version again",
        ) from None


def build_with_bell(settings: Settings) -> Dispatcher:
    """Wire everything for a process outside Celery; the bell rings where a broker is named.

    Without one the bell is a SilentBell: the sweeper finds the work as soon as workers run.
    """
    try:
        named = bool(settings.broker)
    except ConfigError:
        named = False
    if not named:
        return build(settings)
    return build(settings, ringing_app())


def ringing_app() -> Celery:
    """Give the Celery app of a process that only rings; its settings are celeryconfig's, too."""
    celery = Celery("dispatcher")
    celery.config_from_object("celeryconfig")
    celery.conf.broker_transport_options = celery.conf.impatient_transport_options
    return celery


def desk_for_erasing(database: Database) -> Desk:
    """Give what an erasure needs and no more: it digests no address, so it needs none of our keys.

    A backup is being restored, and whose keys are the right ones is not settled yet.
    """
    return Desk(database, Digests([secrets.token_bytes(MIN_KEY)]), secrets.token_bytes)


def build_gateways(dispatcher: Dispatcher) -> dict[str, Gateway]:
    """Build every gateway; on the event loop that will use them."""
    return {
        name: _build_gateway(dispatcher, name, settings)
        for name, settings in gateway_settings(dispatcher.settings).items()
    }


def _build_gateway(dispatcher: Dispatcher, name: str, settings: GatewaySettings) -> Gateway:
    options = dict(settings.options)
    if settings.kind == "sandbox":
        options["channel"] = settings.channel

    async def put(messages: Sequence[Message]) -> None:
        await asyncio.to_thread(_put, dispatcher.database, name, messages)

    async def heard(told: Sequence[Event]) -> None:
        await asyncio.to_thread(_hear, dispatcher, told)

    world = dispatcher.settings.public_url.rstrip("/")
    hooks = f"{world}/hooks" if world.startswith("https://") else ""
    supplies = registry.Supplies(put=put, key=dispatcher.seal, hear=heard, hooks=hooks)
    return registry.build(name, settings.kind, options, supplies)


def build_configured(dispatcher: Dispatcher, name: str) -> Gateway:
    """Build a gateway as it is configured, in safe mode, too: to be looked at, not to send."""
    return _build_gateway(dispatcher, name, dispatcher.settings.gateways[name])


def build_names(settings: Settings) -> Names:
    """Give the DNS to ask."""
    return DnsNames(settings.dns_server)


def _put(database: Database, gateway: str, messages: Sequence[Message]) -> None:
    with database.begin() as conn:
        sandbox.put(conn, gateway, messages)


def _hear(dispatcher: Dispatcher, told: Sequence[Event]) -> None:
    if hear(dispatcher.desk, told, dispatcher.now).answers:
        dispatcher.bell.ring("inbound")


def build_outbound(dispatcher: Dispatcher, stopping: Callable[[], bool]) -> Outbound:
    """Build what one worker process sends with; adopts what dead processes left, first."""
    adopt(dispatcher.desk, dispatcher.settings.journals)
    with dispatcher.database.begin() as conn:
        rule_books.note(conn, dispatcher.book)
        clocks = Clocks(clock.server(conn), time.time, _since_boot)
    watch = Watch(dispatcher.settings.database)
    watch.start()
    spread = dispatcher.settings.opening_spread_minutes * 60
    pacing = Pacing(dispatcher.paces)
    return Outbound(
        enlist=partial(enlist, dispatcher),
        desk=dispatcher.desk,
        versions=dispatcher.versions,
        book=dispatcher.book,
        renderer=build_renderer(dispatcher),
        gateways=build_gateways(dispatcher),
        tariffs=dispatcher.tariffs,
        bounds=dispatcher.bounds,
        watch=watch,
        clocks=clocks,
        stopping=stopping,
        # Who is spread over an opening is ready at it: a lesser offer must not slip in between.
        patience=Patience(max(dispatcher.settings.hold_hours * 3600, spread), spread, pacing),
    )


def _since_boot() -> float:
    """Give seconds that nobody sets and that pass while the machine sleeps, too."""
    return time.clock_gettime(_STEADY)


def enlist(dispatcher: Dispatcher) -> tuple[str, Journal]:
    """Give a sending desk a name that nobody had before, and the journal of that name."""
    worker = f"{dispatcher.host}-{os.getpid()}-{secrets.token_hex(4)}"
    with dispatcher.database.begin() as conn:
        workers.enlist(conn, worker, dispatcher.host, boot_id(), os.getpid())
    return worker, Journal(dispatcher.settings.journals, worker)


def build_post(dispatcher: Dispatcher) -> Post:
    """Say how confirmations are asked for: through the first gateway of each channel."""
    known = gateway_settings(dispatcher.settings)
    first = {channel_of(name, each): name for name, each in reversed(known.items())}
    return Post(build_links(dispatcher), first[Channel.EMAIL], first[Channel.SMS])


def build_links(dispatcher: Dispatcher) -> Links:
    """Give the addresses by which messages lead back to us."""
    settings = dispatcher.settings
    return Links(dispatcher.tokens, settings.public_url, settings.mail_domain)


def build_renderer(dispatcher: Dispatcher) -> Renderer:
    """Build what writes the messages, with links that lead back to us."""
    return Renderer(build_links(dispatcher), dispatcher.programme)


def sandbox_url(dispatcher: Dispatcher, base: str = "") -> str:
    """Give where the sandbox's pages are; who knows it may read everything in them.

    `base` is where the web pages are, if not where the settings say.
    """
    key = dispatcher.tokens.link(Purpose.SANDBOX, Token(0))
    return f"{(base or dispatcher.settings.public_url).rstrip('/')}/sandbox/{key}/"
