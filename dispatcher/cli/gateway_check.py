"""`dispatcher gateway check` and `dkim-key`: is a way out in order, and what is missing for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import time
from typing import Annotated

import idna
import typer
from rich.console import RenderableType

from dispatcher.cli.desk import at_work
from dispatcher.cli.show import Json, Whole, answer, heading, mark
from dispatcher.domain.findings import Finding, Level
from dispatcher.domain.messages import Channel
from dispatcher.domain.ports import Gateway
from dispatcher.errors import ConfigError, NotFound, WrongInput
from dispatcher.gateways.email.dkim_keys import (
    Kind,
    check_name,
    in_zone_file,
    load_key,
    make_key,
)
from dispatcher.gateways_in_use import channel_of
from dispatcher.services import gateway_check
from dispatcher.services.gateway_check import Look
from dispatcher.storage import brands
from dispatcher.wiring import Dispatcher, build_configured, build_names


def check(
    name: Annotated[str, typer.Argument(help="The gateway; all, if none is named.")] = "",
    domain: Annotated[
        list[str] | None,
        typer.Option(help="Domain that sends, besides those of the brands. Repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Call gateways and look at sending domains as receivers do; sends no message, ever."""
    with at_work() as here:
        looks = list(_looks(here, _named(here, name), [_ascii(each) for each in domain or ()]))
        gateway_check.record(here.database, looks)
    bad = [each for look in looks for each in look.findings if each.level is Level.FAIL]
    verdict = f"{len(bad)} to mend first." if bad else "Ready."
    data = {"healthy": not bad, "looks": looks}
    answer(data, [*_shown(looks), "", verdict], as_json=as_json)
    if bad:
        raise typer.Exit(1)


def dkim_key(
    domain: Annotated[str, typer.Argument(help="The domain that sends, as in shop@DOMAIN.")],
    selector: Annotated[str, typer.Option(help="Name of the key in the DNS.")] = "s1",
    kind: Annotated[
        Kind, typer.Option(help="rsa (2048 bits, understood by all) or ed25519 (small, fast).")
    ] = Kind.RSA,
    out: Annotated[Path | None, typer.Option(help="The file; else named after it.")] = None,
    as_json: Json = False,
) -> None:
    """Make a key to sign mail with, and say what to put into the DNS and the settings."""
    domain = _ascii(domain)
    try:
        check_name(domain, selector)
    except ConfigError as wrong:
        raise WrongInput(str(wrong)) from None
    file = out or Path(f"{selector}.{domain}.pem")
    make_key(file, kind)
    key = load_key(file, domain, selector)
    name = f"{selector}._domainkey.{domain}."
    lines: list[RenderableType] = [
        f"Wrote {file}, which only you may read. Whoever has it can sign as {domain}.",
        "",
        "Put into the DNS:",
        Whole(f"{name} TXT {in_zone_file(key.record)}"),
        "",
        "Then into dispatcher.toml, with your gateway's name for 'mail':",
        f'[gateways.mail.dkim."{domain}"]',
        f'selector = "{selector}"',
        f'key_file = "{file.absolute()}"',
        "",
        "Next: 'dispatcher gateway check' tells when the DNS has it.",
    ]
    answer({"file": str(file), "name": name, "record": key.record}, lines, as_json=as_json)


def _ascii(domain: str) -> str:
    try:
        return idna.encode(domain.strip().rstrip("."), uts46=True).decode("ascii")
    except idna.IDNAError:
        raise WrongInput(f'"{domain}" is no domain') from None


def _named(here: Dispatcher, name: str) -> Sequence[str]:
    known = here.settings.gateways
    if name and name not in known:
        told = f"there are: {', '.join(known)}" if known else "none is configured"
        raise NotFound(f'there is no gateway "{name}"; {told}')
    return [name] if name else list(known)


def _looks(here: Dispatcher, wanted: Sequence[str], domains: Sequence[str]) -> Iterator[Look]:
    if not wanted:
        told = "none is configured, so all goes into the sandbox"
        yield Look("", "", (Finding(Level.OK, "gateways", told),))
        return
    with here.database.begin() as conn:
        of_brands = [brand.email.rpartition("@")[2] for brand in brands.every(conn)]
    names = build_names(here.settings)
    for name in wanted:
        settings = here.settings.gateways[name]
        if settings.kind == "sandbox":
            found = Finding(Level.OK, f"gateway {name}", "is the sandbox: nothing leaves by it")
            yield Look(name, "", (found,))
            continue
        gateway, look = asyncio.run(_called(here, name))
        yield look
        if channel_of(name, settings) is Channel.EMAIL:
            returns = here.settings.mail_domain
            for domain in dict.fromkeys([*of_brands, *domains]):
                yield gateway_check.look_at(name, gateway, domain, returns, names)


async def _called(here: Dispatcher, name: str) -> tuple[Gateway, Look]:
    gateway = build_configured(here, name)
    try:
        return gateway, await gateway_check.call(name, gateway, time())
    finally:
        await gateway.aclose()


def _shown(looks: Sequence[Look]) -> Iterator[RenderableType]:
    for look in looks:
        if look.gateway:
            yield heading(f"{look.domain} by {look.gateway}" if look.domain else look.gateway)
        for each in look.findings:
            remedy = f"\n     -> {each.remedy}" if each.remedy else ""
            line = mark(each.level, f"{each.subject}: {each.told}{remedy}")
            yield Whole().append_text(line)
