"""Leaving is immediate and lasting; coming back takes the person's own hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from dispatcher.domain.consents import ConsentSource, ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.services.erase import erase
from dispatcher.services.subscribe import Act, Desk, join, opt_in, opt_out, rejoinable
from dispatcher.storage import chains, consents, customers, suppressions
from tests.support.people import ANNA, DIGESTS, add_person, address, consent_to, desk_on, later


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield desk


def state(desk: Desk, topic: str, channel: Channel = Channel.SMS) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, channel, topic, [7])[7].state


def suppressed(desk: Desk, channel: Channel, text: str) -> bool:
    with desk.database.begin() as conn:
        return suppressions.is_suppressed(conn, channel, DIGESTS.look_up(channel, text))


def start(desk: Desk, minute: float) -> list[str]:
    """Come back, as START does."""
    with desk.database.begin() as conn:
        topics = rejoinable(consents.ledger_of(conn, [7]), Channel.SMS)
        join(conn, desk, Act(7, Channel.SMS, later(minute)), topics)
        return topics


def test_stop_ends_every_topic_of_the_channel_and_of_no_other(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk, "coffee")
    consent_to(desk, "theatre")
    consent_to(desk, "coffee", Channel.EMAIL)
    assert opt_out(desk, Act(7, Channel.SMS, later(1)))
    assert state(desk, "coffee") is ConsentState.OPTED_OUT
    assert state(desk, "bikes") is ConsentState.OPTED_OUT
    assert state(desk, "coffee", Channel.EMAIL) is ConsentState.ACTIVE
    assert not suppressed(desk, Channel.EMAIL, ANNA)


def test_leaving_one_topic_leaves_the_others(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk, "coffee")
    consent_to(desk, "theatre")
    assert opt_out(desk, Act(7, Channel.SMS, later(1), topic="coffee"))
    assert not opt_out(desk, Act(7, Channel.SMS, later(2), topic="coffee"))
    assert state(desk, "coffee") is ConsentState.OPTED_OUT
    assert state(desk, "theatre") is ConsentState.ACTIVE


@pytest.mark.parametrize("source", [ConsentSource.IMPORT, ConsentSource.OPERATOR])
def test_nobody_else_can_bring_a_person_back(desk: Desk, source: ConsentSource) -> None:
    add_person(desk)
    consent_to(desk, "coffee")
    opt_out(desk, Act(7, Channel.SMS, later(1)))
    assert not opt_in(desk, Act(7, Channel.SMS, later(2), topic="coffee", source=source))
    assert suppressed(desk, Channel.SMS, "+447700900123")


def test_the_own_hand_brings_back_what_it_asks_for(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk, "coffee")
    consent_to(desk, "theatre")
    opt_out(desk, Act(7, Channel.SMS, later(1)))
    assert opt_in(desk, Act(7, Channel.SMS, later(2), topic="coffee"))
    assert state(desk, "theatre") is ConsentState.OPTED_OUT
    assert not suppressed(desk, Channel.SMS, "+447700900123")


def test_start_gives_back_what_stop_took_and_nothing_else(desk: Desk) -> None:
    """A topic left on its own stays left, one never wanted is not given; STOP twice is one."""
    add_person(desk)
    consent_to(desk, "coffee")
    consent_to(desk, "theatre")
    opt_out(desk, Act(7, Channel.SMS, later(1), topic="theatre"))
    opt_out(desk, Act(7, Channel.SMS, later(2)))
    opt_out(desk, Act(7, Channel.SMS, later(3)))
    assert start(desk, 4) == ["coffee"]
    assert state(desk, "coffee") is ConsentState.ACTIVE
    assert state(desk, "theatre") is ConsentState.OPTED_OUT
    assert state(desk, "bikes") is ConsentState.OPTED_OUT
    assert start(desk, 5) == []


def test_who_never_joined_cannot_rejoin(desk: Desk) -> None:
    add_person(desk)
    opt_out(desk, Act(7, Channel.SMS, later(1)))
    assert start(desk, 2) == []
    assert state(desk, "coffee") is ConsentState.OPTED_OUT


def test_a_forgotten_person_stays_silent_and_the_chain_whole(desk: Desk) -> None:
    """Name, address and evidence are gone; the digest still knows the address, +tag or not."""
    add_person(desk, language="en")
    consent_to(desk, "coffee")
    erase(desk, 7, later(1))
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
        assert person is not None
        assert person.erased
        assert (person.addresses, person.language) == ((), "")
        assert chains.verify_chain(conn, [7]) == []
        assert conn.execute(text("SELECT person_id FROM withdrawal")).scalars().all() != []
    assert suppressed(desk, Channel.EMAIL, ANNA)
    assert suppressed(desk, Channel.EMAIL, "anna+shop@example.com")
    assert not suppressed(desk, Channel.EMAIL, "bert@example.com")


def test_the_same_address_belongs_to_one_customer(desk: Desk) -> None:
    add_person(desk)
    with desk.database.begin() as conn:
        digest = address(Channel.EMAIL, ANNA).digest
        assert customers.holder(conn, Channel.EMAIL, digest) == 7
        assert customers.holders(conn, Channel.EMAIL, [digest]) == [7]
