"""A suppressed address is silent under every dress, for as long as it must be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from dispatcher.domain.messages import Channel
from dispatcher.services.subscribe import Desk, suppress
from dispatcher.storage import suppressions
from dispatcher.storage.suppressions import SUPPRESSION_JOIN, SuppressionReason
from tests.support.people import ANNA, DIGESTS, NOON, add_person, desk_on

_JOINED = text(
    f"SELECT suppressed.reason FROM address a {SUPPRESSION_JOIN.format(address='a')}"
    " WHERE a.channel = 'email'"
)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield desk


def joined(desk: Desk, brand: str = "bean") -> str | None:
    with desk.database.begin() as conn:
        reason: str | None = conn.execute(_JOINED, {"brand": brand}).scalar_one()
        return reason


@pytest.mark.parametrize("dress", [ANNA, "anna+shop@example.com"])
def test_a_campaign_sees_the_suppression_of_any_dress(desk: Desk, dress: str) -> None:
    add_person(desk, email=dress)
    assert joined(desk) is None
    assert suppress(desk, Channel.EMAIL, ANNA, now=NOON)
    assert not suppress(desk, Channel.EMAIL, ANNA, now=NOON)
    assert joined(desk) == SuppressionReason.OPERATOR


def test_a_suppression_stops_what_is_under_way(desk: Desk) -> None:
    add_person(desk)
    suppress(desk, Channel.EMAIL, ANNA, now=NOON)
    with desk.database.begin() as conn:
        assert conn.execute(text("SELECT person_id FROM withdrawal")).scalars().all() == [7]


def test_a_suppression_for_one_brand_leaves_the_others(desk: Desk) -> None:
    add_person(desk)
    with desk.database.begin() as conn:
        suppressions.suppress(
            conn,
            Channel.EMAIL,
            DIGESTS.store(Channel.EMAIL, ANNA),
            reason=SuppressionReason.OPERATOR,
            source="operator",
            at=NOON,
            brand="bean",
        )
    assert joined(desk) == "operator"
    assert joined(desk, "opera") is None


@pytest.mark.parametrize("reason", SuppressionReason)
def test_the_own_hand_lifts_only_what_it_may(desk: Desk, reason: SuppressionReason) -> None:
    """Erasure and the operator's word stand; an opt-out or a gateway's block can be undone."""
    add_person(desk)
    suppress(desk, Channel.EMAIL, ANNA, now=NOON, reason=reason)
    with desk.database.begin() as conn:
        suppressions.lift(conn, Channel.EMAIL, DIGESTS.look_up(Channel.EMAIL, ANNA))
    assert (joined(desk) is None) == (reason in suppressions.LIFTABLE)
