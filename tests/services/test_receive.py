"""What people reply is recorded and obeyed once, committed before it is acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dispatcher.domain.consents import ConsentState
from dispatcher.domain.gsm7 import count
from dispatcher.domain.messages import Channel, DeliveryKey, Event, EventKind, MessageClass
from dispatcher.inbound.replies import Intent
from dispatcher.services.erase import erase
from dispatcher.services.receive import Received, receive, reply
from dispatcher.services.service_texts import TEXTS, service_text
from dispatcher.services.subscribe import Desk
from dispatcher.storage import consents, suppressions
from dispatcher.storage.replies import Voice
from dispatcher.words import LANGUAGES
from tests.support.people import (
    ANNAS_PHONE,
    DIGESTS,
    add_person,
    consent_to,
    desk_on,
    insert,
    later,
)

WAVE = 1_777_777_777_000 * 1024


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        with desk.database.begin() as conn:
            names = {"id": "bean", "name": "Bean & Cup", "sms_sender": "+447700900999"}
            insert(conn, "brand", **names, contact="care@bean.example")
        yield desk


def says(words: str, key: str = "k1", sender: str = ANNAS_PHONE, at: float = 0) -> Event:
    recipient = "+447700900999"
    return Event(
        key, "pigeon", EventKind.REPLIED, at, sender=sender, recipient=recipient, text=words
    )


def hear(desk: Desk, *told: Event, minute: float = 1) -> Received:
    return receive(desk, told, later(minute))


def rows(desk: Desk, query: str) -> list[Any]:
    with desk.database.begin() as conn:
        return list(conn.execute(text(query)).all())


def state(desk: Desk, channel: Channel = Channel.SMS) -> ConsentState:
    with desk.database.begin() as conn:
        return consents.consent_of(conn, channel, "coffee", [7])[7].state


def answers(desk: Desk) -> list[Any]:
    return rows(desk, "SELECT * FROM service_message ORDER BY created_at")


def test_stop_is_obeyed_and_confirmed_once(desk: Desk) -> None:
    """One opt-out, one confirmation of one part that names the brand, due within five minutes."""
    add_person(desk, language="fr-CA")
    consent_to(desk)
    assert hear(desk, says("Stop.")) == Received(1, 1, 1, 0, 1, (Intent.OPT_OUT,))
    assert state(desk) is ConsentState.OPTED_OUT
    (message,) = answers(desk)
    assert message.text.startswith("Bean & Cup : c'est noté")
    assert (message.key, message.gateway, message.address) == ("k1", "pigeon", ANNAS_PHONE)
    assert message.sender == "+447700900999"
    assert message._mapping["class"] == MessageClass.OPTOUT_CONFIRMATION
    assert message.expires_at == later(6)


def test_the_same_callback_twice_changes_nothing(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    hear(desk, says("STOP"))
    assert hear(desk, says("STOP"), says("STOP"), minute=2) == Received(2, 0)
    assert len(answers(desk)) == len(rows(desk, "SELECT FROM reply")) == 1


def test_the_same_callback_at_once_from_many_sides_counts_once(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    threads = [threading.Thread(target=hear, args=(desk, says("STOP"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers(desk)) == 1


def test_start_brings_back_and_says_so(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    hear(desk, says("STOP"))
    start = says("START", "k2", at=later(2).timestamp())
    assert hear(desk, start, minute=2).opted_in == 1
    assert state(desk) is ConsentState.ACTIVE
    assert "Welcome back" in answers(desk)[1].text


def test_start_of_somebody_who_is_in_or_never_was_does_nothing(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    assert hear(desk, says("START")) == Received(1, 1, 0, 0, 0, (Intent.OPT_IN,))
    assert hear(desk, says("YES", "k2", "+447700900124")).answers == 0


def test_a_start_said_before_the_stop_does_not_undo_it(desk: Desk) -> None:
    """Texts overtake each other; whatever the order, the STOP that we heard stands."""
    add_person(desk)
    consent_to(desk)
    hear(desk, says("STOP"), minute=5)
    late = says("START", "k2", at=later(3).timestamp())
    assert hear(desk, late, minute=6).opted_in == 0
    assert state(desk) is ConsentState.OPTED_OUT


def test_two_machines_do_not_answer_each_other_for_ever(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    for n in range(8):
        hear(
            desk,
            says("STOP" if n % 2 == 0 else "START", f"a{n}", at=later(n).timestamp()),
            minute=n,
        )
        hear(desk, says("HELP", f"h{n}"), minute=n)
    assert len(answers(desk)) == 5  # after the second STOP nothing more


def test_a_stranger_who_says_stop_is_left_alone_for_good(desk: Desk) -> None:
    """The number is suppressed by its digest, told so once, and no address is kept of it."""
    stranger = "447700900555"  # as gateways write it
    assert hear(desk, says("STOP", sender=stranger)).opted_out == 1
    assert hear(desk, says("STOP", "k2", sender=stranger)).answers == 0
    with desk.database.begin() as conn:
        digests = DIGESTS.look_up(Channel.SMS, "+447700900555")
        assert suppressions.is_suppressed(conn, Channel.SMS, digests)
    (kept,) = rows(desk, "SELECT customer_id, digest FROM reply WHERE dedup_key = 'k1'")
    assert (kept.customer_id, bytes(kept.digest)) == (None, digests[0])


def test_a_wrong_number_is_parted_from_the_person_and_excused_once(desk: Desk) -> None:
    """Consents end, the number is nobody's, the reason stays; mail still finds the person."""
    add_person(desk)
    consent_to(desk)
    assert hear(desk, says("Wrong number, sorry")).answers == 1
    assert hear(desk, says("wrong number!!", "k2"), minute=2).answers == 0
    assert state(desk) is ConsentState.OPTED_OUT
    assert "removed this number" in answers(desk)[0].text
    assert {row.reason for row in rows(desk, "SELECT reason FROM suppression")} == {"wrong_number"}
    assert [row.channel for row in rows(desk, "SELECT channel FROM address")] == ["email"]


def test_whoever_has_a_wrong_number_now_gets_no_consent_of_the_old_holder(desk: Desk) -> None:
    """START from there lets us answer a stranger again; it brings nobody's topics back."""
    add_person(desk)
    consent_to(desk)
    hear(desk, says("Wrong number, sorry"))
    start = says("START", "k3", at=later(3).timestamp())
    assert hear(desk, start, minute=3) == Received(1, 1, 0, 0, 0, (Intent.OPT_IN,))
    assert state(desk) is ConsentState.OPTED_OUT
    assert rows(desk, "SELECT FROM suppression") == []
    assert rows(desk, "SELECT FROM address WHERE channel = 'sms'") == []


def test_a_strangers_wrong_number_is_silenced_too(desk: Desk) -> None:
    stranger = "+447700900555"
    assert hear(desk, says("falsche Nummer", sender=stranger)).answers == 1
    assert {row.reason for row in rows(desk, "SELECT reason FROM suppression")} == {"wrong_number"}


def test_who_opts_out_twice_in_a_day_gets_no_answer_of_any_kind(desk: Desk) -> None:
    hear(desk, says("STOP"))
    hear(desk, says("stop it", "k2"), minute=2)
    assert hear(desk, says("HELP", "k3"), minute=3).answers == 0
    assert hear(desk, says("HELP", "k4"), minute=60 * 25).answers == 1


@pytest.mark.parametrize("words", ["STOP", "HELP", "wrong number"])
def test_nobody_is_answered_twice(desk: Desk, words: str) -> None:
    """Where the carrier confirms a STOP itself, it is obeyed and not confirmed once more."""
    add_person(desk)
    consent_to(desk)
    assert hear(desk, says(words)._replace(answered=True)).answers == 0
    assert (state(desk) is ConsentState.OPTED_OUT) == (words != "HELP")


def test_our_own_number_is_never_answered(desk: Desk) -> None:
    """Whatever comes from there, we would be talking to ourselves."""
    told = [
        says(words, words, sender="+447700900999") for words in ("HELP", "STOP", "wrong number")
    ]
    assert hear(desk, *told).answers == 0


@pytest.mark.parametrize("sender", ["36111", "BEAN", "", "\0", "+4477009001230000000"])
def test_no_answer_goes_to_what_is_no_persons_number(desk: Desk, sender: str) -> None:
    assert hear(desk, says("STOP", sender=sender)).answers == 0
    assert hear(desk, says("HELP", "k2", sender=sender)).answers == 0


def test_a_forgotten_persons_words_are_forgotten_too(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    hear(desk, says("STOP"))
    erase(desk, 7, later(2))
    assert answers(desk) == []
    assert rows(desk, "SELECT text FROM reply") == []


def test_help_names_the_brand_and_where_to_turn(desk: Desk) -> None:
    assert hear(desk, says("help")).answers == 1
    words = answers(desk)[0].text
    assert "Bean & Cup" in words
    assert "care@bean.example" in words


def test_stop_by_mail_ends_mail_and_is_not_answered(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    consent_to(desk, channel=Channel.EMAIL)
    assert hear(desk, says("stop", sender="Anna@Example.com")).answers == 0
    assert state(desk, Channel.EMAIL) is ConsentState.OPTED_OUT
    assert state(desk, Channel.SMS) is ConsentState.ACTIVE


def test_a_typed_reply_takes_the_same_path(desk: Desk) -> None:
    add_person(desk)
    consent_to(desk)
    assert reply(desk, ANNAS_PHONE, "Stop", later(1), gateway="sms").answers == 1
    assert reply(desk, ANNAS_PHONE, "Stop", later(2), gateway="sms").answers == 0


def deliver(desk: Desk, channel: Channel) -> None:
    """Let Anna have got something in a wave."""
    sent = {"wave_id": WAVE, "customer_id": 7, "channel": channel, "gateway": "pigeon"}
    with desk.database.begin() as conn:
        conn.execute(text("SELECT ensure_partitions(:w)"), {"w": WAVE})
        insert(conn, "delivery", **sent, state="accepted", reason="ok")
        insert(conn, "attempt", **sent, no=1, outcome="accepted", reference="ref-1")


OURS = {"key": DeliveryKey(WAVE, 7, 1)}
THEIRS = {"reference": "ref-1"}


@pytest.mark.parametrize("known_by", [OURS, THEIRS])
def test_a_dead_address_is_noted_and_nobody_is_opted_out(
    desk: Desk, known_by: dict[str, Any]
) -> None:
    add_person(desk)
    consent_to(desk, channel=Channel.EMAIL)
    deliver(desk, Channel.EMAIL)
    hear(desk, Event("k", "pigeon", EventKind.BOUNCED, 0, dead_address=True, **known_by))
    dead = rows(desk, "SELECT channel FROM address WHERE NOT deliverable")
    assert [row.channel for row in dead] == ["email"]
    assert state(desk, Channel.EMAIL) is ConsentState.ACTIVE


@pytest.mark.parametrize("known_by", [OURS, THEIRS])
@pytest.mark.parametrize(
    ("kind", "stopped"),
    [(EventKind.COMPLAINED, False), (EventKind.BOUNCED, True), (EventKind.UNSUBSCRIBED, False)],
)
def test_a_complaint_or_a_block_ends_the_channel(
    desk: Desk, known_by: dict[str, Any], kind: EventKind, stopped: bool
) -> None:
    add_person(desk)
    consent_to(desk, channel=Channel.EMAIL)
    deliver(desk, Channel.EMAIL)
    hear(desk, Event("k", "pigeon", kind, 0, contact_stopped=stopped, **known_by))
    assert state(desk, Channel.EMAIL) is ConsentState.OPTED_OUT
    assert answers(desk) == []


def test_a_receipt_is_kept_with_what_it_is_about(desk: Desk) -> None:
    key = DeliveryKey(WAVE, 7, 1)
    hear(desk, Event("k", "pigeon", EventKind.DELIVERED, later(-1).timestamp(), "ref-1", key))
    (kept,) = rows(desk, "SELECT * FROM event")
    assert (kept.wave_id, kept.customer_id, kept.reference, kept.at) == (
        WAVE,
        7,
        "ref-1",
        later(-1),
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.builds(
        Event,
        st.text(max_size=5),
        st.text(max_size=5),
        st.sampled_from(EventKind),
        st.floats(),
        reference=st.text(max_size=5),
        sender=st.text() | st.sampled_from(["+447700900123", "a@b.example", "0" * 30]),
        recipient=st.text(max_size=5),
        text=st.text() | st.just("STOP\0"),
        contact_stopped=st.booleans(),
        dead_address=st.booleans(),
    )
)
def test_no_event_whatever_makes_it_stumble(desk: Desk, event: Event) -> None:
    hear(desk, event)


@pytest.mark.parametrize("language", [*TEXTS, "xx", ""])
@pytest.mark.parametrize("kind", TEXTS["en"])
@pytest.mark.parametrize("brand", ["Bean & Cup", "B" * 300, "Кофейня №1", "☕" * 99])
def test_every_answer_fits_one_part_and_names_the_brand(
    language: str, kind: MessageClass, brand: str
) -> None:
    words = service_text(kind, language, Voice(brand, "care@" + "very-" * 50 + "long.example"))
    assert count(words).parts == 1
    assert words.startswith(brand[:5])


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_stops_reads_in_their_language_how_to_come_back(desk: Desk, language: str) -> None:
    """One text of one part, from the brand, with the word that leads back; told once only."""
    add_person(desk, language=language)
    consent_to(desk)
    hear(desk, says("STOP"), says("STOP", "k2"))
    hear(desk, says("stop!!", "k3"), minute=2)
    (message,) = answers(desk)
    assert message.text == service_text(
        MessageClass.OPTOUT_CONFIRMATION, language, Voice("Bean & Cup", "care@bean.example")
    )
    assert count(message.text).parts == 1
    assert message.text.startswith("Bean & Cup")
    assert "START" in message.text
    assert language == "en" or "unsubscribed" not in message.text
    hear(desk, says("START", "k4"), minute=3)
    assert state(desk) is ConsentState.ACTIVE
