"""Promises of the SMTP gateway towards servers that refuse, break off, fall silent or lie."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatcher.domain.messages import Outcome
from dispatcher.domain.ports import Passage
from tests.gateways.email.sending import PATIENCE, gateway, mail, mails, send, sent
from tests.gateways.gate import FakeGate
from tests.servers.smtp import CUT, FEATURES, MUTE, STORE_AND_CUT, Act, SmtpServer, say, say_and_cut

ACCEPTED, REFUSED, DEFERRED, UNSURE = (
    Outcome.ACCEPTED,
    Outcome.REFUSED,
    Outcome.DEFERRED,
    Outcome.UNSURE,
)
HUGE = (b"x" * 998 + b"\r\n") * 16_000
LOCK_STEP = tuple(name for name in FEATURES if name != "PIPELINING")
BOTH = pytest.mark.parametrize("features", [FEATURES, LOCK_STEP], ids=["pipelined", "lock-step"])
Features = tuple[str, ...]


@BOTH
@pytest.mark.parametrize("eager", [False, True], ids=["no 354", "354 all the same"])
def test_a_refused_recipient_harms_nobody_else(features: Features, eager: bool) -> None:
    """RCPT refused: its receipt says why, and the connection goes on for the others."""
    server = SmtpServer(features=features, eager=eager)
    server.people = {
        "person2@example.com": b"550 5.1.1 no such user",
        "person3@example.com": b"450 4.2.2 mailbox full",
    }
    result = sent(server, mails(5))
    assert result.outcomes == [ACCEPTED, REFUSED, DEFERRED, ACCEPTED, ACCEPTED]
    assert server.recipients == [f"person{number}@example.com" for number in (1, 4, 5)]
    assert server.reached["CONNECT"] == 1
    assert [key.customer_id for key in result.gate.begun] == [1, 4, 5]
    refused = sorted(result.receipts)[1]
    assert (refused.code, refused.dead_address) == ("550 5.1.1", True)
    assert refused.detail == "RCPT: 5.1.1 no such user"
    assert sorted(result.receipts)[2].retry_after == 3600.0


@BOTH
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "DOT"])
@pytest.mark.parametrize(("code", "outcome"), [(b"451", DEFERRED), (b"554", REFUSED)])
def test_a_refusal_at_any_stage_is_a_receipt(
    features: Features, stage: str, code: bytes, outcome: Outcome
) -> None:
    """4xx is DEFERRED, 5xx REFUSED, at MAIL, RCPT, DATA and after the dot; the rest goes on."""
    server = SmtpServer(features=features, faults={(stage, 2): say(code + b" not this one")})
    result = sent(server, mails(3))
    assert result.outcomes == [ACCEPTED, outcome, ACCEPTED]
    assert server.reached["CONNECT"] == 1
    assert len(server.stored) == 2


@BOTH
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("act", [CUT, say_and_cut(b"421 4.3.2 closing"), say(b"gibberish")])
def test_a_line_lost_before_the_dot_is_tried_again(
    features: Features, stage: str, act: Act
) -> None:
    """Cut, 421 or nonsense before the dot: the message is unsent for sure, and goes once more."""
    server = SmtpServer(features=features, faults={(stage, 2): act})
    result = sent(server, mails(3))
    assert result.outcomes == [ACCEPTED] * 3
    assert sorted(server.recipients) == [f"person{number}@example.com" for number in (1, 2, 3)]
    assert result.gate.begun_twice == []


@BOTH
def test_a_line_lost_in_the_middle_of_content_is_tried_again(features: Features) -> None:
    """A content too large for the socket's buffers leaves before the gate is asked for its dot."""
    plain = tuple(name for name in features if not name.startswith("SIZE"))
    server = SmtpServer(features=plain, faults={("CONTENT", 1): CUT})
    result = sent(server, [mail(content=HUGE)])
    assert result.outcomes == [ACCEPTED]
    assert len(server.stored) == len(result.gate.asked) == 1


@BOTH
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_line_lost_under_the_same_message_again_and_again_defers_it(
    features: Features, stage: str
) -> None:
    """Three lines lost: the message waits, unsent, and the gate never heard of it."""
    faults = {(stage, number): CUT for number in (1, 2, 3)}
    server = SmtpServer(features=features, faults=faults)
    result = sent(server, mails(1))
    assert result.only.outcome is DEFERRED
    assert result.only.retry_after > 0
    assert result.gate.begun == []
    assert server.stored == []


@BOTH
@pytest.mark.parametrize("act", [CUT, STORE_AND_CUT, MUTE, say(b"rubbish"), say(b"354 again?")])
def test_a_line_lost_after_the_dot_is_unsure_and_never_sent_again(
    features: Features, act: Act
) -> None:
    """Whether the server kept the mail nobody can know: UNSURE, once, and no second copy."""
    server = SmtpServer(features=features, faults={("DOT", 2): act})
    result = sent(server, mails(4), final_timeout=1.0)
    assert result.outcomes == [ACCEPTED, UNSURE, ACCEPTED, ACCEPTED]
    assert result.gate.begun_twice == []
    assert server.recipients.count("person2@example.com") == (1 if act.store else 0)


@BOTH
def test_421_to_the_dot_is_an_answer(features: Features) -> None:
    """A 421 that answers the dot says that the mail was not taken: DEFERRED, not UNSURE."""
    fault = say_and_cut(b"421 4.3.0 try later")
    server = SmtpServer(features=features, faults={("DOT", 2): fault})
    result = sent(server, mails(4))
    assert result.outcomes == [ACCEPTED, DEFERRED, ACCEPTED, ACCEPTED]
    assert len(server.stored) == 3


def test_a_server_that_wants_few_mails_a_connection_gets_them_so() -> None:
    """421 to each third MAIL: reconnect, nothing lost, nothing deferred."""
    faults = {("MAIL", number): say_and_cut(b"421 4.7.0 enough") for number in range(3, 60, 3)}
    server = SmtpServer(faults=faults)
    assert sent(server, mails(20)).outcomes == [ACCEPTED] * 20


def test_a_resting_connection_that_the_server_closed_is_not_used() -> None:
    """The server closes between two batches; the second one does not notice."""
    server = SmtpServer(faults={("RSET", 0): CUT})

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server)
            server.people = {"person1@example.com": b"550 5.1.1 who"}
            assert (await send(sender, mails(1))).outcomes == [REFUSED]
            assert (await send(sender, [mail(2)])).outcomes == [ACCEPTED]

    asyncio.run(scenario())
    assert server.reached["CONNECT"] == 2


def test_a_connection_that_rested_too_long_is_not_trusted() -> None:
    """Firewalls forget idle connections: after `idle` seconds a new one is opened."""
    server = SmtpServer()

    async def scenario() -> None:
        async with server.running():
            sender = gateway(server, idle=1e-9)
            await send(sender, mails(1))
            await send(sender, [mail(2)])

    asyncio.run(scenario())
    assert server.reached["CONNECT"] == 2


@pytest.mark.parametrize("stage", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_a_mute_server_never_hangs_us(stage: str) -> None:
    """Every wait has an end, and what was not begun is known to be unsent."""
    server = SmtpServer(faults={(stage, 0): MUTE})
    result = sent(server, mails(1), timeout=PATIENCE, final_timeout=PATIENCE)
    assert result.down is not None or stage not in ("CONNECT", "EHLO")
    assert result.outcomes == [DEFERRED]
    assert result.gate.begun == []


def test_a_server_that_reads_nothing_never_hangs_us() -> None:
    """A content that the server does not read ends in a timeout, unsent."""
    server = SmtpServer(features=("PIPELINING",), faults={("CONTENT", 0): MUTE})
    result = sent(server, [mail(content=HUGE)], final_timeout=PATIENCE)
    assert result.outcomes == [DEFERRED]
    assert result.gate.begun == []


@BOTH
@pytest.mark.parametrize(
    "reply",
    [
        b"250 ok\r\n250 one more",
        b"250-" + b"x" * 500_000,
        b"250-x\r\n" * 50_000 + b"250 x",
        b"250 x\r\n" * 500,
        b"503 5.5.1 bad sequence of commands",
    ],
)
def test_a_server_out_of_step_is_left(features: Features, reply: bytes) -> None:
    """Answers nobody asked for would be taken for those to the next message: a new line is."""
    server = SmtpServer(features=features, faults={("MAIL", 1): say(reply)})
    result = sent(server, mails(2))
    assert result.outcomes == [ACCEPTED] * 2
    assert sorted(server.recipients) == ["person1@example.com", "person2@example.com"]
    assert server.reached["CONNECT"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "a@example.com>\r\nRCPT TO:<b@example.com"},
        {"address": "a b@example.com"},
        {"address": "nobody"},
        {"address": "a@example.com\n"},
        {"address": "a\u2028@example.com"},
        {"address": "x" * 65 + "@example.com"},
        {"envelope_from": "a@example.com> SIZE=1\r\nRSET"},
        {"envelope_from": "é@example.com"},
        {"content": b"a\n.\nMAIL FROM:<evil@example.com>\r\n"},
        {"content": b"a\r.\r\n"},
    ],
)
def test_what_could_smuggle_a_command_is_refused_here(changes: dict[str, object]) -> None:
    """No byte of such a message leaves, its receipt says why, and the next message goes."""
    server = SmtpServer()
    result = sent(server, [mail(1, **changes), mail(2)])
    assert result.outcomes == [REFUSED, ACCEPTED]
    assert min(result.receipts).detail
    assert server.recipients == ["person2@example.com"]
    assert len([line for line in server.commands if line.startswith(b"MAIL")]) == 1
    assert [key.customer_id for key in result.gate.begun] == [2]


def test_a_message_larger_than_the_server_takes_is_refused_here() -> None:
    """SIZE saves the journey of a mail that would be refused after it."""
    server = SmtpServer(features=("PIPELINING", "SIZE 1000"))
    result = sent(server, [mail(1, content=b"x" * 2000 + b"\r\n"), mail(2)])
    assert result.outcomes == [REFUSED, ACCEPTED]
    assert "1000" in min(result.receipts).detail


def test_addresses_beyond_ascii_need_a_server_that_takes_them() -> None:
    """SMTPUTF8 where it is offered and needed; a domain alone travels in its ASCII form."""
    letters = [mail(1, address="zoë@example.com"), mail(2, address="zoe@müller.example")]
    modern = SmtpServer()
    assert sent(modern, letters).outcomes == [ACCEPTED, ACCEPTED]
    assert modern.recipients == ["zoë@example.com", "zoe@xn--mller-kva.example"]
    assert ["SMTPUTF8" in stored.options for stored in modern.stored] == [True, False]
    old = SmtpServer(features=("PIPELINING",))
    result = sent(old, letters)
    assert result.outcomes == [REFUSED, ACCEPTED]
    assert "SMTPUTF8" in min(result.receipts).detail


STAGES = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT", "DOT", "RSET")
ACTS = (
    CUT,
    STORE_AND_CUT,
    say(b"250 fine"),
    say(b"354 go"),
    say(b"450 4.7.1 later"),
    say(b"550 5.1.1 never"),
    say(b"what?"),
    say_and_cut(b"421 bye"),
    say_and_cut(b"250"),
)
FAULTS = st.dictionaries(
    st.tuples(st.sampled_from(STAGES), st.integers(1, 9)), st.sampled_from(ACTS), max_size=6
)
PASSAGES = st.dictionaries(
    st.integers(1, 8),
    st.sampled_from(([Passage.WAIT], [Passage.WITHHELD], [Passage.WAIT, Passage.WITHHELD])),
    max_size=3,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    faults=FAULTS,
    passages=PASSAGES,
    count=st.integers(1, 8),
    connections=st.integers(1, 3),
    pipelining=st.booleans(),
    eager=st.booleans(),
    large=st.booleans(),
)
def test_any_fault_anywhere_ends_in_one_receipt_and_no_second_copy(
    faults: dict[tuple[str, int], Act],
    passages: dict[int, list[Passage]],
    count: int,
    connections: int,
    pipelining: bool,
    eager: bool,
    large: bool,
) -> None:
    """Whatever the server does: one receipt for each message pulled, and it tells the truth."""
    honest = {at: act for at, act in faults.items() if not _a_lie(at[0], act)}
    server = SmtpServer(
        features=FEATURES if pipelining else LOCK_STEP, faults=honest, eager=eager, burst=eager
    )
    content = b"x" * 70 + b"\r\n" * (30_000 if large else 1)
    letters = [mail(number, content=content) for number in range(1, count + 1)]
    result = sent(
        server,
        letters,
        FakeGate({number: list(answers) for number, answers in passages.items()}),
        connections=connections,
        timeout=2.0,
        final_timeout=2.0,
    )
    _check(server, result.receipts, result.gate, count, down=result.down is not None)


def _a_lie(stage: str, act: Act) -> bool:
    """Say whether this server would claim a state it is not in; no client can survive that."""
    spoken = act.say[:3]
    lies = {("DOT", b"250"), ("DATA", b"354")}
    return (stage, spoken) in lies or (stage == "CONTENT" and bool(spoken))


def _check(server: SmtpServer, receipts: list, gate: FakeGate, count: int, *, down: bool) -> None:
    people = [receipt.key.customer_id for receipt in receipts]
    assert len(set(people)) == len(people)
    assert down or len(people) == count
    copies = Counter(server.recipients)
    assert max(copies.values(), default=0) <= 1
    assert gate.begun_twice == []
    begun = {key.customer_id for key in gate.begun}
    for receipt in receipts:
        number = receipt.key.customer_id
        stored = copies[f"person{number}@example.com"]
        if receipt.outcome is ACCEPTED:
            assert stored == 1
        elif receipt.outcome is not UNSURE:
            assert stored == 0
        if stored or receipt.outcome in (ACCEPTED, UNSURE):
            assert number in begun
