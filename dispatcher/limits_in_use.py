"""The limits that hold now: those of the settings, as paces by what they are for."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.domain.throttles import DAILY_BY_SCORE, PACIFIC, US, WARM_UP, Pace, Paces
from dispatcher.errors import ConfigError
from dispatcher.settings import BrandPaceSettings, DomainPaceSettings, PaceSettings, Settings

# Domains of the largest mailbox providers, each of which counts what comes to all of its own.
KNOWN_DOMAINS: Mapping[str, tuple[str, ...]] = {
    "gmail": ("gmail.com", "googlemail.com"),
    "outlook": (
        *("outlook.com", "hotmail.com", "live.com", "msn.com", "hotmail.co.uk", "live.co.uk"),
        *("hotmail.fr", "live.fr", "outlook.fr", "hotmail.de", "live.de", "outlook.de"),
        *("hotmail.it", "live.it", "outlook.it", "hotmail.es", "outlook.es", "live.nl"),
    ),
    "yahoo": (
        *("yahoo.com", "ymail.com", "rocketmail.com", "aol.com", "yahoo.co.uk", "yahoo.fr"),
        *("yahoo.de", "yahoo.it", "yahoo.es", "yahoo.ca", "yahoo.com.br", "yahoo.co.in"),
    ),
    "icloud": ("icloud.com", "me.com", "mac.com"),
    "gmx": ("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "web.de", "mail.com"),
    "orange": ("orange.fr", "wanadoo.fr"),
}


def pace_of(told: PaceSettings, name: str = "") -> Pace:
    """Give the limits of one table; `name` is that of the sender it is for, if any."""
    rates = [rate for rate in (told.per_second, told.per_minute / 60) if rate]
    zone = told.day_starts_in or (PACIFIC if name.startswith(US) else "UTC")
    plan = tuple(told.warm_up_plan) or WARM_UP
    return Pace(min(rates, default=0.0), told.per_day, told.warm_up, plan, zone)


def paces(settings: Settings) -> Paces:
    """Give all limits but those of gateways and campaigns."""
    limits = settings.limits
    domains = _set({name: pace_of(each) for name, each in limits.domains.items()})
    return Paces(
        senders=_set({name: pace_of(each, name) for name, each in limits.senders.items()}),
        brands=_set({name: pace_of(each) for name, each in limits.brands.items()}),
        domains=domains,
        members=_members({name: limits.domains[name] for name in domains}),
        vetted={
            name: Pace(per_day=_daily(each), zone=PACIFIC)
            for name, each in limits.brands.items()
            if each.vetting_score is not None
        },
    )


def _set(paces: Mapping[str, Pace]) -> dict[str, Pace]:
    return {name: pace for name, pace in paces.items() if pace}


def _daily(told: BrandPaceSettings) -> int:
    score = told.vetting_score or 0
    return next(parts for least, parts in DAILY_BY_SCORE if score >= least)


def _members(groups: Mapping[str, DomainPaceSettings]) -> dict[str, str]:
    """Tell the group of each domain; ConfigError when one is in two of them."""
    members: dict[str, str] = {}
    for name, told in groups.items():
        for domain in told.domains or KNOWN_DOMAINS.get(name, (name,)):
            other = members.setdefault(domain.lower(), name)
            if other != name:
                raise ConfigError(
                    f"limits.domains.{name}", f"{domain} stands in {other} already; name it once"
                )
    return members
