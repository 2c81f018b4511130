"""Questions put to people by text: one at a time, and what is done with the answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from dispatcher.domain.consent_kinds import by_own_hand
from dispatcher.domain.consents import ConsentState
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.domain.promises import Shown
from dispatcher.domain.questions import Question, QuestionKind
from dispatcher.inbound.answers import Answer, answer_of
from dispatcher.inbound.replies import Intent
from dispatcher.services import joining
from dispatcher.services.question_texts import answer_told, question_text
from dispatcher.services.spoken import Said, Spoken, conversation
from dispatcher.services.subscribe import Act, Desk, join, leave
from dispatcher.storage import consents, conversations, customers
from dispatcher.storage.conversations import Asked, Closed
from dispatcher.words import Words, choose

# Between one new question and the next, once the join is over.
_APART = timedelta(days=30)
# Whoever was not understood so often is read by a person.
_TRIES = 2
ANSWER = "answer"


class Table(NamedTuple):
    """Where a question is put: to whom, in which words, by whose programme, when."""

    conn: Connection
    desk: Desk
    programme: Programme
    person: Person
    words: Words
    now: datetime


def table(
    conn: Connection, desk: Desk, programme: Programme, person: Person, now: datetime
) -> Table:
    """Sit down with somebody, in their language."""
    words = choose(person.language, programme.language)
    return Table(conn, desk, programme, person, words, now)


def put(
    at: Table, question: Question, to_come: int = 0, evidence: Mapping[str, str] | None = None
) -> str:
    """Open a question in the place of any other; give its text."""
    text = question_text(at.programme, question, at.words)
    shown = Shown(at.words.language, at.programme.most_a_month)
    consents.keep_wordings(at.conn, {text: shown})
    conversations.ask(
        at.conn,
        Asked(
            customer_id=at.person.id,
            question=question.id,
            channel=Channel.SMS,
            offered=tuple(choice.id for choice in question.choices),
            wording=consents.wording_digest(text),
            to_come=to_come,
            asked_at=at.now,
            expires_at=at.now + timedelta(hours=question.hours),
            evidence=evidence or {},
        ),
    )
    return text


def put_next(at: Table, to_come: int) -> str | None:
    """Put the next question that was never put: of a join at once, else a month after the last."""
    before = conversations.asked_before(at.conn, at.person.id)
    if to_come <= 0 and any(at.now - asked < _APART for asked in before.values()):
        return None
    for question in at.programme.questions:
        if question.id not in before and question.kind is not QuestionKind.TOPICS:
            return put(at, question, max(to_come - 1, 0))
    return None


def hear(at: Table, asked: Asked, spoken: Spoken) -> Said | None:
    """Take a text as the answer to the open question; None where the question is gone."""
    question = at.programme.question(asked.question)
    if question is None:
        conversations.close(at.conn, at.person.id, Closed.DROPPED, at.now)
        return None
    if spoken.intent is Intent.OPT_IN and question.kind is not QuestionKind.YES_NO:
        return None
    answer = answer_of(question, question.offering(asked.offered), spoken.text)
    if answer is None:
        return _not_understood(at, asked, question)
    told = _kept(at, asked, question, answer, spoken)
    following = put_next(at, asked.to_come) if asked.to_come else None
    return conversation(ANSWER, told, *([following] if following else []))


def chosen(at: Table) -> tuple[str, ...]:
    """Give the topics somebody gets offers on by text."""
    return tuple(
        row.topic
        for row in consents.standings_of(at.conn, at.person.id)
        if row.channel is Channel.SMS and row.state is ConsentState.ACTIVE
    )


def _kept(at: Table, asked: Asked, question: Question, answer: Answer, spoken: Spoken) -> str:
    """Do what the answer says and close the question; give the words that tell so."""
    name = at.programme.name
    offered = question.offering(asked.offered)
    if answer.skipped:
        conversations.close(at.conn, at.person.id, Closed.SKIPPED, at.now)
        return at.words("text.skipped", programme=name)
    kept = ",".join(answer.chosen) or answer.told
    conversations.close(at.conn, at.person.id, Closed.ANSWERED, at.now, kept)
    if question.kind is QuestionKind.TOPICS:
        return _choose_topics(at, asked, answer, spoken)
    customers.keep_facts(at.conn, at.person.id, {question.keeps: kept})
    told = answer_told(question, offered, answer, at.words)
    return at.words("text.noted", programme=name, answer=told)


def _choose_topics(at: Table, asked: Asked, answer: Answer, spoken: Spoken) -> str:
    """Let exactly what was chosen among the topics on offer be what is agreed to."""
    known = {topic.id for topic in at.programme.topics}
    before = set(chosen(at))
    wanted = [topic for topic in answer.chosen if topic in known and topic not in before]
    left = [topic for topic in asked.offered if topic in before and topic not in answer.chosen]
    evidence = {**asked.evidence, "question": asked.wording, **spoken.evidence()}
    wording = evidence.pop("wording", asked.wording)
    place = at.person.address(Channel.SMS)
    act = Act(
        at.person.id,
        Channel.SMS,
        at.now,
        kind=by_own_hand(place.jurisdictions if place else (), Channel.SMS),
        wording=wording,
        origin=f"topics by text, {spoken.origin}",
        evidence={**evidence, "asked_at": asked.asked_at.isoformat()},
    )
    if wanted:
        join(at.conn, at.desk, act, wanted, at.person)
    for topic in left:
        gone = Act(
            at.person.id,
            Channel.SMS,
            at.now,
            topic=topic,
            origin=act.origin,
            evidence=spoken.evidence(),
        )
        leave(at.conn, at.desk, [gone])
    now = [topic for topic in chosen(at) if topic in known]
    if not now:
        return at.words("text.noted_none", programme=at.programme.name)
    return joining.chosen_by_text(at.programme, at.words, now)


def _not_understood(at: Table, asked: Asked, question: Question) -> Said:
    """Ask once more; after that a person reads it."""
    name = at.programme.name
    if asked.tries + 1 >= _TRIES:
        conversations.close(at.conn, at.person.id, Closed.HANDED_OVER, at.now)
        said = conversation(ANSWER, at.words("text.handed_over", programme=name))
        return said._replace(handed_over=True)
    conversations.try_again(at.conn, at.person.id)
    sorry = at.words("text.not_understood", programme=name)
    return conversation(ANSWER, sorry, question_text(at.programme, question, at.words))
