"""Other hours than the law's take the person's own hand, and one word ends them."""

from __future__ import annotations

from typing import Any

import pytest

from dispatcher.domain.consents import ANY_TOPIC, ConsentAction, ConsentEvent, ConsentSource
from dispatcher.domain.customers import Agreed
from dispatcher.domain.hours_agreements import read_agreement
from dispatcher.domain.messages import Channel
from dispatcher.domain.names import is_topic
from dispatcher.errors import Conflict, WrongInput
from dispatcher.services.agree_hours import OwnAct, agree, agreement, take_back
from dispatcher.services.erase import erase
from dispatcher.services.jurisdictions import shipped
from dispatcher.services.serve import By
from dispatcher.services.subscribe import Act, Desk, join, opt_in, opt_out, rejoinable
from dispatcher.storage import chains, consents, customers, evidence, hours_agreements
from tests.support.people import add_person, consent_to, later

BOTH = (Channel.EMAIL, Channel.SMS)
NIGHT = ("KR", 21 * 60, 8 * 60)


def sign(
    desk: Desk,
    minute: float = 0,
    place: str = "KR",
    hours: tuple[int, int] | None = None,
    channels: tuple[Channel, ...] = (Channel.SMS,),
    **act: Any,
) -> dict[Channel, bool]:
    """Record an agreement of customer 7."""
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
    assert person is not None
    own = OwnAct(**{"wording": "Yes", "evidence": {"signed_form": "17"}, "origin": "form"} | act)
    agreed = agreement(shipped(), place, hours)
    return agree(desk, shipped(), person, channels, agreed, own, By("ben", later(minute)))


def revoke(desk: Desk, minute: float, place: str = "KR") -> list[Channel]:
    """Take an agreement of customer 7 back."""
    with desk.database.begin() as conn:
        person = customers.person(conn, 7)
    assert person is not None
    return take_back(desk, shipped(), person, BOTH, place, By("ben", later(minute)))


def standing(desk: Desk, channel: Channel = Channel.SMS) -> list[tuple[str, int, int]]:
    """Give the hours that count for customer 7."""
    with desk.database.begin() as conn:
        return [each[:3] for each in hours_agreements.standing(conn, channel, [7]).get(7, ())]


def withdrawals(desk: Desk) -> int:
    """Count what running workers were told of customer 7."""
    with desk.database.begin() as conn:
        return int(
            conn.exec_driver_sql("SELECT count(*) FROM withdrawal WHERE person_id = 7").scalar_one()
        )


def test_koreas_night_is_the_laws_and_kept_with_its_proof(desk: Desk) -> None:
    """An event of the chained ledger with the very words and sealed evidence; for texts only."""
    add_person(desk)
    assert sign(desk, channels=BOTH) == {Channel.SMS: True}
    with desk.database.begin() as conn:
        (event,) = consents.ledger_of(conn, [7])
        kept = evidence.reveal(conn, [7])
        assert chains.verify_chain(conn, [7]) == []
        assert hours_agreements.standing(conn, Channel.SMS, [7, 8]) == {
            7: (Agreed(*NIGHT, event.id),)
        }
    assert (event.topic, event.kind) == ("hours:KR", "kr_night_consent 21:00-08:00")
    assert (event.source, event.wording) == (ConsentSource.OWN_HAND, consents.wording_digest("Yes"))
    assert kept[event.id]["signed_form"][1] == "17"
    assert standing(desk, Channel.EMAIL) == []


def test_south_africa_and_colombia_keep_the_hours_agreed(desk: Desk) -> None:
    """Those said, on both channels; of two agreements the newer counts, even if it is narrower."""
    add_person(desk)
    assert sign(desk, 1, "ZA", (1140, 1320), BOTH) == dict.fromkeys(BOTH, True)
    assert sign(desk, 2, "CO", (1200, 60)) == {Channel.SMS: True}
    before = withdrawals(desk)
    assert sign(desk, 3, "ZA", (1140, 1200)) == {Channel.SMS: True}
    assert withdrawals(desk) == before + 1
    assert standing(desk) == [("CO", 1200, 60), ("ZA", 1140, 1200)]
    assert standing(desk, Channel.EMAIL) == [("ZA", 1140, 1320)]


@pytest.mark.parametrize(
    ("place", "hours", "said"),
    [
        (
            "FR",
            (60, 120),
            "the rules of France let nobody agree to other hours; only CO, KR, ZA do",
        ),
        ("US-TX", None, "Texas let nobody"),
        ("XX", None, '"XX" let nobody'),
        ("KR", (1260, 1380), "the night is the law's: 21:00-08:00"),
        ("ZA", None, "say which, as in 19:00-22:00"),
    ],
)
def test_what_no_law_knows_is_refused(place: str, hours: tuple[int, int] | None, said: str) -> None:
    """In a sentence that says what may be agreed to, and where."""
    with pytest.raises(WrongInput, match=said.replace("(", r"\(")):
        agreement(shipped(), place, hours)


def test_without_evidence_or_a_bound_channel_nothing_is_recorded(desk: Desk) -> None:
    """Nobody could prove it, or nothing would come of it."""
    add_person(desk)
    with pytest.raises(WrongInput, match="without evidence"):
        sign(desk, evidence={})
    with pytest.raises(WrongInput, match="bind texts only"):
        sign(desk, channels=(Channel.EMAIL,))
    with desk.database.begin() as conn:
        assert consents.ledger_of(conn, [7]) == []


@pytest.mark.parametrize(
    "source", [ConsentSource.IMPORT, ConsentSource.OPERATOR, ConsentSource.GATEWAY]
)
def test_nobody_else_agrees_for_a_person(desk: Desk, source: ConsentSource) -> None:
    """Such an event may stand in the ledger and opens nothing, nor does an own one unproven."""
    add_person(desk)
    known: dict[str, Any] = {"topic": "hours:KR", "kind": "kr_night_consent 21:00-08:00"}
    opt_in(desk, Act(7, Channel.SMS, later(1), source=source, evidence={"form": "1"}, **known))
    assert standing(desk) == []
    opt_in(desk, Act(7, Channel.SMS, later(2), **known))
    assert standing(desk) == []


def test_a_general_opt_in_is_no_agreement(desk: Desk) -> None:
    """Neither to a topic nor to everything, by own hand and with evidence."""
    add_person(desk)
    for topic in ("coffee", ANY_TOPIC):
        opt_in(desk, Act(7, Channel.SMS, later(1), topic=topic, evidence={"form": "1"}))
    assert standing(desk) == []


def test_an_agreement_is_no_consent_to_offers(desk: Desk) -> None:
    """Who only agreed to the night has not asked for anything; no topic can be named like it."""
    add_person(desk)
    sign(desk)
    with desk.database.begin() as conn:
        allowed = consents.consent_of(conn, Channel.SMS, "coffee", [7])
    assert allowed[7].state == "none"
    assert not is_topic("hours:KR")


def test_taking_it_back_leaves_offers_by_day(desk: Desk) -> None:
    """Only the agreement ends, and running campaigns are told as of an opt-out."""
    add_person(desk)
    consent_to(desk)
    sign(desk)
    before = withdrawals(desk)
    assert revoke(desk, 1) == [Channel.SMS]
    assert withdrawals(desk) == before + 1
    assert standing(desk) == []
    with desk.database.begin() as conn:
        assert consents.consent_of(conn, Channel.SMS, "coffee", [7])[7].state == "active"
    assert sign(desk, 3) == {Channel.SMS: True}


def test_a_form_that_is_filed_after_a_refusal_does_not_count(desk: Desk) -> None:
    """She said no when nothing was on record yet; what she signed before that is too late."""
    add_person(desk)
    assert revoke(desk, 5) == []
    assert sign(desk, 6, done_at=later(1)) == {Channel.SMS: False}
    with pytest.raises(WrongInput, match="let nobody"):
        revoke(desk, 7, "FR")


def test_stop_ends_it_and_start_does_not_bring_it_back(desk: Desk) -> None:
    """Who comes back hears by day, until they agree to the night anew."""
    add_person(desk)
    consent_to(desk)
    sign(desk)
    opt_out(desk, Act(7, Channel.SMS, later(1)))
    assert standing(desk) == []
    with desk.database.begin() as conn:
        topics = rejoinable(consents.ledger_of(conn, [7]), Channel.SMS)
        join(conn, desk, Act(7, Channel.SMS, later(2), evidence={"text": "START"}), topics)
    assert topics == ["coffee"]
    assert standing(desk) == []
    assert sign(desk, 3) == {Channel.SMS: True}


def test_an_older_agreement_that_is_filed_late_does_not_outlive_a_stop(desk: Desk) -> None:
    """It is recorded, and said to open nothing; nor does one after an opt-out that was imported."""
    add_person(desk)
    opt_out(desk, Act(7, Channel.SMS, later(5)))
    assert sign(desk, 6, done_at=later(1)) == {Channel.SMS: False}
    assert sign(desk, 7) == {Channel.SMS: True}
    told = ConsentEvent(
        7, Channel.SMS, ANY_TOPIC, ConsentAction.OPT_OUT, ConsentSource.IMPORT, later(8), later(8)
    )
    with desk.database.begin() as conn:
        consents.append(conn, [told], desk.entropy)
    assert standing(desk) == []


def test_leaving_one_topic_leaves_the_hours(desk: Desk) -> None:
    """They are of the clock and not of coffee."""
    add_person(desk)
    consent_to(desk)
    sign(desk)
    opt_out(desk, Act(7, Channel.SMS, later(1), topic="coffee"))
    assert standing(desk) == [NIGHT]


def test_who_is_forgotten_has_agreed_to_nothing(desk: Desk) -> None:
    """The agreement ends, its proof is erased, and the chain stays whole."""
    add_person(desk)
    sign(desk)
    erase(desk, 7, later(1))
    assert standing(desk) == []
    with desk.database.begin() as conn:
        assert evidence.reveal(conn, [7]) == {}
        assert chains.verify_chain(conn, [7]) == []
    with pytest.raises(Conflict, match="erased"):
        sign(desk, 2)


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("coffee", "written_hours 20:00-22:00"),
        ("hours:ZA", "gdpr_consent"),
        ("hours:ZA", "written_hours 20:00-20:00"),
        ("hours:ZA", "written_hours 20:60-22:00"),
        ("hours:ZA", "written_hours 24:00-22:00"),
        ("hours:ZA", "written_hours 20:00-24:01"),
        ("hours:ZA", "written_hours 20:00-22:00 "),
        ("hours:ZA", "keyword"),
    ],
)
def test_what_is_not_written_like_an_agreement_is_none(topic: str, kind: str) -> None:
    """Fail closed: hours nobody can read open nothing."""
    assert read_agreement(topic, kind) is None


def test_an_agreement_reads_back(desk: Desk) -> None:
    """Topic and kind of the event say all of it."""
    agreed = agreement(shipped(), "ZA", (1140, 1440))
    assert read_agreement(agreed.topic, agreed.kind) == agreed
