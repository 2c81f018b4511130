"""Permission states: the one name of what holds between a person, a channel and a topic now."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import NamedTuple

from dispatcher.domain.consent_terms import ending, terms_at
from dispatcher.domain.consents import Consent, ConsentEvent, ConsentState, fold
from dispatcher.domain.messages import Channel

WRONG_NUMBER = "wrong_number"  # so the origin of its opt-out begins, too


class PermissionState(StrEnum):
    """Where somebody stands; offers go out in `active` and `implied` only."""

    NONE = "none"
    PENDING = "pending"  # asked for, and not confirmed yet
    ACTIVE = "active"
    IMPLIED = "implied"  # it follows from a deal
    PAUSED = "paused"  # the person wants quiet for some time
    DORMANT = "dormant"  # long silence: any sign within 60 days wakes it
    LAPSED = "lapsed"
    OPTED_OUT = "opted_out"
    UNDELIVERABLE = "undeliverable"
    REASSIGNED = "reassigned"  # the number is somebody else's now
    ERASED = "erased"


SENDABLE = frozenset({PermissionState.ACTIVE, PermissionState.IMPLIED})


class Around(NamedTuple):
    """What is true of a person on a channel beside the ledger.

    `suppressed` is the reason of a suppression or "". `confirm_by`: until when a request to join
    may be confirmed. `quiet_until`: the person's wish. `heard_at`: the last sign of life;
    `ended_before`: consents from up to then have been ended by a silence. `used`: a message went
    out on a consent that is good for one.
    """

    channel: Channel
    places: tuple[str, ...] = ()
    erased: bool = False
    suppressed: str = ""
    deliverable: bool = True
    confirm_by: datetime | None = None
    quiet_until: datetime | None = None
    heard_at: datetime | None = None
    ended_before: datetime | None = None
    used: bool = False


def state_of(events: Iterable[ConsentEvent], around: Around, now: datetime) -> PermissionState:
    """Name the state that the events of one person, channel and topic amount to at `now`."""
    return named(fold(events), around, now)


def named(consent: Consent, around: Around, now: datetime) -> PermissionState:
    """Name the state of a consent as it was folded; what weighs most comes first."""
    if around.erased:
        return PermissionState.ERASED
    if around.suppressed == WRONG_NUMBER:
        return PermissionState.REASSIGNED
    if around.suppressed or consent.state is ConsentState.OPTED_OUT:
        return PermissionState.OPTED_OUT
    if not around.deliverable:
        return PermissionState.UNDELIVERABLE
    if consent.state is ConsentState.ACTIVE:
        return _in_force(consent, around, now)
    return _asked(around, now)


def _in_force(consent: Consent, around: Around, now: datetime) -> PermissionState:
    terms = terms_at(consent.kind, around.channel, around.places)
    if terms.wrong:
        return _asked(around, now)
    given = consent.since.timestamp() if consent.since else -inf
    end = ending(terms, given, _heard(consent, around), around.used, now.timestamp())
    if end is not None:
        return PermissionState.LAPSED if end.for_good else PermissionState.DORMANT
    if around.quiet_until is not None and now < around.quiet_until:
        return PermissionState.PAUSED
    return PermissionState.IMPLIED if terms.implied else PermissionState.ACTIVE


def _heard(consent: Consent, around: Around) -> float:
    """Give the last sign that counts for the consent: one before it, or too late, does not."""
    if consent.since is None:
        return -inf
    signs = [consent.since]
    if around.heard_at and not (around.ended_before and consent.since <= around.ended_before):
        signs.append(around.heard_at)
    return max(signs).timestamp()


def _asked(around: Around, now: datetime) -> PermissionState:
    waits = around.confirm_by is not None and now < around.confirm_by
    return PermissionState.PENDING if waits else PermissionState.NONE
