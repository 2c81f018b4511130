"""Promises of the rule on asking people to stay: in the last month, once a term, never after it."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.consent_kinds import ConsentKind
from dispatcher.domain.customers import Asks, Contact
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.policies import ALL_DAY
from dispatcher.proof.cases import Case
from dispatcher.proof.renewals import unwanted
from dispatcher.rules.decide import decide
from dispatcher.rules.replay import replay
from tests.rules.people import NOON, person, policy
from tests.support.rules import BOOK

DAY = 86400.0
STAY = policy(reconfirms=True, caps=(), window=ALL_DAY, min_gap_hours=0.0)
PURCHASE = ConsentKind.CASL_IMPLIED_PURCHASE


def asked(now: float = NOON, **facts: Any) -> Decision:
    """Decide whether somebody is asked."""
    return decide([person(**facts)], STAY, now, BOOK)[0]


def aged(days: float, **facts: Any) -> dict[str, Any]:
    """Give a consent of so many days, and nobody heard of since."""
    return {"consent_since": NOON - days * DAY, "heard_at": NOON - days * DAY} | facts


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (aged(699.9), Reason.RECONFIRM_NOT_DUE),
        (aged(700), Reason.OK),
        (aged(729.9), Reason.OK),
        (aged(730), Reason.CONSENT_DORMANT),
        (aged(790), Reason.CONSENT_EXPIRED),
        (aged(720, heard_at=NOON - DAY), Reason.RECONFIRM_NOT_DUE),
        (aged(720, asks=Asks(NOON - DAY, NOON - DAY)), Reason.RECONFIRM_ASKED),
        (aged(720, asks=Asks(0.0, NOON - DAY)), Reason.RECONFIRM_ASKED),
        (aged(720, asks=Asks(0.0, NOON - 800 * DAY)), Reason.OK),
        (aged(720, consent_kind=PURCHASE, jurisdictions=("CA",), heard_at=NOON), Reason.OK),
        (
            aged(720, consent_kind=PURCHASE, jurisdictions=("CA",), heard_at=NOON)
            | {"asks": Asks(NOON - 9 * DAY, NOON - 9 * DAY)},
            Reason.RECONFIRM_ASKED,
        ),
        (aged(340, consent_kind="soft_opt_in", jurisdictions=("IE",)), Reason.OK),
        (aged(340, consent_kind="soft_opt_in", jurisdictions=("FR",)), Reason.RECONFIRM_NOT_DUE),
        (aged(705, consent_kind="kr_ad_consent", jurisdictions=("KR",)), Reason.OK),
        (aged(2000, consent_kind="kr_ad_consent", jurisdictions=("KR",)), Reason.OK),
        (aged(699, consent_kind="kr_ad_consent", jurisdictions=("KR",)), Reason.RECONFIRM_NOT_DUE),
        (aged(720, heard_at=NOON, jurisdictions=("KR",)), Reason.OK),
    ],
)
def test_when_somebody_is_asked(facts: dict[str, Any], reason: Reason) -> None:
    """By time, by silence, in Ireland, in Canada, and in Korea, where one is only told."""
    assert asked(**facts).reason is reason


def test_other_campaigns_ask_nobody() -> None:
    """An offer is none of this rule's business, nor an answer."""
    assert decide([person()], policy(), NOON, BOOK)[0].reason is Reason.OK
    answer = policy(reconfirms=True, message_class=MessageClass.HELP_REPLY)
    told = decide([person(**aged(800, consent_kind=PURCHASE))], answer, NOON, BOOK)[0]
    assert (told.verdict, told.send_before) == (Verdict.SEND, answer.ends_at)


acts = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(["ask", "ask", "ask", "sign", "stay"])),
    max_size=60,
)
kinds = st.sampled_from(
    [("", ("DE",)), (PURCHASE, ("CA",)), ("soft_opt_in", ("IE",)), ("kr_ad_consent", ("KR",))]
)


@given(acts, kinds)
def test_once_a_term_and_never_after_it(
    life: list[tuple[int, str]], ground: tuple[str, tuple[str, ...]]
) -> None:
    """Whatever people do, and however often waves come: the checker, and the record, agree."""
    kind, places = ground
    now, given_at, heard_at, event = NOON, NOON, NOON, 1
    log: list[Contact] = []
    last = -inf  # the last ask of this term
    for days, act in life:
        now += days * DAY
        if act == "sign":
            heard_at = now
        elif act == "stay":
            given_at = heard_at = now
            event += 1
        else:
            of_this = max((each.at for each in log if each.reconfirms == event), default=0.0)
            of_any = max((each.at for each in log), default=0.0)
            someone = person(
                consent_kind=kind,
                jurisdictions=places,
                consent_since=given_at,
                heard_at=heard_at,
                consent_event=event,
                asks=Asks(of_this, of_any),
            )
            decision = decide([someone], STAY, now, BOOK)[0]
            assert replay(decision.facts, STAY, BOOK)[1:6] == decision[1:6]
            if decision.verdict is not Verdict.SEND:
                continue
            assert list(unwanted(Case(someone, STAY, now, "", decision, log))) == []
            assert kind == "kr_ad_consent" or now < decision.send_before <= heard_at + 730 * DAY
            begun = heard_at if kind != PURCHASE else given_at
            assert last < begun or (kind == "kr_ad_consent" and now - last >= 700 * DAY)
            last = now
            log.append(Contact(now, Channel.SMS, "roaster", "*", reconfirms=event))
