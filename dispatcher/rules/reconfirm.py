"""Reconfirm: who is asked to stay is asked once, shortly before the consent ends, and not after."""

from __future__ import annotations

from math import ceil, inf
from typing import NamedTuple

from dispatcher.domain.consent_terms import ASK_BEFORE, DAY, Terms, ends_at, terms_at
from dispatcher.domain.customers import Asks, Recipient
from dispatcher.domain.decisions import Reason, Ruling, Verdict
from dispatcher.domain.messages import MessageClass
from dispatcher.domain.policies import Policy

VERSION = 1

_ASKED = Ruling(Verdict.SKIP, Reason.RECONFIRM_ASKED, detail="once is enough")


class Due(NamedTuple):
    """When somebody is to be asked to stay, in Unix seconds; infinite is never.

    `ends`: when the consent does, should the person say nothing. `asked`: they were asked already.
    """

    opens: float
    ends: float
    asked: bool


def reconfirm(person: Recipient, policy: Policy, now: float) -> Ruling | None:
    """Refuse to ask whoever's consent does not end within a month, or who was asked before.

    That it has not ended yet is seen to by the rule on consent.
    """
    if not policy.reconfirms or policy.message_class != MessageClass.PROMOTIONAL:
        return None
    due = due_for(person)
    if now >= due.opens:
        return None
    return _ASKED if due.asked else _not_due(due, now)


def due_for(person: Recipient) -> Due:
    """Say when somebody is to be asked, or told of their consent where they have to be."""
    terms = terms_at(person.consent_kind, person.channel, person.jurisdictions)
    ends = ends_at(terms, person.consent_since, person.heard_at)
    asks = person.asks or Asks()
    asked = _asked(person, terms, asks)
    told_at = max(person.consent_since, ceil(asks.for_this))
    opens = min(inf if asked else ends - ASK_BEFORE, told_at + terms.notice - ASK_BEFORE)
    return Due(opens, ends, asked or (terms.notice < inf and asks.for_this > 0))


def _asked(person: Recipient, terms: Terms, asks: Asks) -> bool:
    """Tell whether they were asked in this very term: since it was given, or in this silence."""
    if terms.lasts < inf and asks.for_this:
        return True
    return terms.silence < inf and ceil(asks.for_any) > person.heard_at


def _not_due(due: Due, now: float) -> Ruling:
    detail = "it does not end" if due.ends == inf else f"{(due.ends - now) / DAY:.0f} days to go"
    return Ruling(Verdict.SKIP, Reason.RECONFIRM_NOT_DUE, detail=detail)
