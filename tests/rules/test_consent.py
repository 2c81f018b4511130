"""Promises of the rule consent."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.decisions import Reason
from dispatcher.domain.messages import MessageClass
from dispatcher.rules.consent import consent
from dispatcher.rules.decide import decide
from dispatcher.rules.replay import replay
from tests.rules.people import NOON, person, policy
from tests.support.rules import BOOK

REFUSALS: list[tuple[Any, Reason]] = [
    (ConsentState.NONE, Reason.NO_CONSENT),
    (ConsentState.UNPROVEN, Reason.IMPORTED_UNPROVEN),
    (ConsentState.OPTED_OUT, Reason.TOPIC_OPTED_OUT),
    ("a state of tomorrow", Reason.NO_CONSENT),
]


@pytest.mark.parametrize(("state", "reason"), REFUSALS)
def test_only_active_consent_allows_an_offer(state: Any, reason: Reason) -> None:
    """Every other state refuses with its own reason; one we do not know refuses too."""
    ruling = consent(person(consent=state), policy(), NOON)
    assert ruling is not None
    assert ruling.reason is reason


def test_active_consent_passes() -> None:
    """Who asked for it gets it."""
    assert consent(person(), policy(), NOON) is None


def test_a_consent_to_everything_is_none_to_a_sensitive_topic() -> None:
    """Who agreed to everything was not asked about that; for other topics it does."""
    everything, sensitive = person(consent_in_all=True), policy(own_consent=True)
    ruling = consent(everything, sensitive, NOON)
    assert ruling is not None
    assert ruling.reason is Reason.NO_CONSENT
    assert consent(everything, policy(), NOON) is None
    assert consent(person(), sensitive, NOON) is None


@pytest.mark.parametrize("state", ConsentState)
def test_answers_to_the_persons_own_act_need_no_consent(state: ConsentState) -> None:
    """A STOP is confirmed and a HELP answered, whoever asks."""
    terms = policy(message_class=MessageClass.OPTOUT_CONFIRMATION)
    assert consent(person(consent=state), terms, NOON) is None


def days(number: float) -> float:
    """Give noon so many days ago."""
    return NOON - number * 86400


BOUGHT = {"consent_kind": "casl_implied_purchase", "jurisdictions": ("CA-ON",)}
ENDED: list[tuple[dict[str, Any], Reason | None]] = [
    ({**BOUGHT, "consent_since": days(729)}, None),
    ({**BOUGHT, "consent_since": days(730)}, Reason.CONSENT_EXPIRED),
    ({**BOUGHT, "consent_since": days(1), "jurisdictions": ("GB",)}, Reason.NO_CONSENT),
    ({"heard_at": days(729)}, None),
    ({"heard_at": days(730)}, Reason.CONSENT_DORMANT),
    ({"heard_at": days(789)}, Reason.CONSENT_DORMANT),
    ({"heard_at": days(790)}, Reason.CONSENT_EXPIRED),
    ({"heard_at": days(9000), "consent_kind": "kr_ad_consent"}, None),
    ({"consent_kind": "ask_once", "jurisdictions": ("ZA",)}, None),
    (
        {"consent_kind": "ask_once", "jurisdictions": ("ZA",), "consent_used": True},
        Reason.CONSENT_EXPIRED,
    ),
    ({"consent_kind": "gdpr_consent", "consent_used": True}, None),
    ({"consent_kind": "gdpr_consent", "jurisdictions": ("US-FL",)}, Reason.NO_CONSENT),
    ({"consent_kind": "tcpa_pewc", "jurisdictions": ("US-FL",)}, None),
]


@pytest.mark.parametrize(("facts", "reason"), ENDED)
def test_a_consent_ends_by_its_kind_its_use_and_by_silence(
    facts: dict[str, Any], reason: Reason | None
) -> None:
    """To the second; what has ended allows nothing, and says so."""
    ruling = consent(person(**facts), policy(), NOON)
    assert (ruling and ruling.reason) is reason
    answer = policy(message_class=MessageClass.HELP_REPLY)
    assert consent(person(**facts), answer, NOON) is None


@pytest.mark.parametrize("kind", [*ConsentKind, "keyword", ""])
@pytest.mark.parametrize("silent", [1, 365, 366, 730, 790])
def test_a_record_tells_enough_to_judge_a_consent_again(kind: str, silent: int) -> None:
    """For each kind, at every age and silence, in every place."""
    for places in ((), ("CA",), ("US-FL",), ("IE",), ("IT",), ("ZA",)):
        for used in (False, True):
            seen = person(
                consent_kind=kind,
                consent_used=used,
                consent_since=days(silent - 9),
                heard_at=days(silent),
                jurisdictions=places,
            )
            (first,) = decide([seen], policy(), NOON, BOOK)
            again = replay(first.facts, policy(), BOOK)
            assert again[1:6] == first[1:6]
