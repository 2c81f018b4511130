"""Dialogue: a text that joins, confirms, chooses topics, tells a code, or answers a question.

Whoever opts out, asks for help, for an offer or for quiet is not listened to here: that goes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from sqlalchemy import Connection

from dispatcher.domain.messages import Channel, MessageClass
from dispatcher.domain.people import Person
from dispatcher.domain.programme import Programme
from dispatcher.domain.signals import Signal, SignalKind
from dispatcher.inbound.commands import (
    Command,
    Named,
    Verb,
    command_of,
    says_no,
    says_yes,
    topic_named,
)
from dispatcher.inbound.replies import Intent
from dispatcher.services import joining, questions, signals
from dispatcher.services.joining import Wish
from dispatcher.services.letter import Letter
from dispatcher.services.question_texts import question_text
from dispatcher.services.questions import Table, table
from dispatcher.services.spoken import Said, Spoken, conversation
from dispatcher.services.subscribe import Desk
from dispatcher.storage import (
    conversations,
    customers,
    pending,
    redemptions,
    requests,
    suppressions,
)
from dispatcher.storage.conversations import Asked
from dispatcher.storage.pending import Pending
from dispatcher.storage.redemptions import Redeemed
from dispatcher.storage.suppressions import SuppressionReason
from dispatcher.words import choose

CONFIRMED = "confirmed"
DECLINED = "declined"
WHY = "why"
# How often a day each kind of text is answered; two machines would go on for ever.
MOST_A_DAY = {
    Verb.JOIN: 4,
    Verb.TOPICS: 4,
    Verb.REDEEM: 6,
    CONFIRMED: 4,
    WHY: 4,
    questions.ANSWER: 12,
}
_REDEEMED = {
    Redeemed.NOTED: "text.redeemed",
    Redeemed.BEFORE: "text.redeemed_before",
    Redeemed.UNKNOWN: "text.redeemed_unknown",
}


class Waiting:
    """What waits for an answer by text from whoever wrote these letters, looked up at once.

    It stands as long as nobody is heard twice.
    """

    def __init__(self, conn: Connection, letters: Sequence[Letter]) -> None:
        self._conn = conn
        self._texts = [letter for letter in letters if letter.channel is Channel.SMS]

    def wish(self, spoken: Spoken) -> Pending | None:
        """Give what somebody asked for and has not confirmed yet."""
        found = (self._wishes[each] for each in spoken.digests if each in self._wishes)
        return next(found, None)

    def question(self, person: Person) -> Asked | None:
        """Give the question that is open with somebody."""
        return self._questions.get(person.id)

    @cached_property
    def _wishes(self) -> dict[bytes, Pending]:
        digests = [digest for letter in self._texts for digest in letter.digests]
        now = self._texts[0].heard.heard_at
        return pending.of_addresses(self._conn, Channel.SMS, digests, now)

    @cached_property
    def _questions(self) -> dict[int, Asked]:
        people = [letter.writer.id for letter in self._texts if letter.writer]
        now = self._texts[0].heard.heard_at
        return conversations.open_with_each(self._conn, people, now)


# Gives back what a STOP took, if it took anything, and says how that is answered.
Start = Callable[[], MessageClass | None]


def converse(
    conn: Connection,
    desk: Desk,
    programme: Programme,
    spoken: Spoken,
    start: Start,
    waiting: Waiting,
) -> Said | None:
    """Take a text as part of a dialogue; None for every other."""
    command = command_of(spoken.text, programme.keywords) if programme.sms_sender else None
    if command is not None:
        return _obey(conn, desk, programme, spoken, command, start, waiting)
    asked = waiting.wish(spoken)
    if asked is not None:
        if spoken.intent is Intent.OPT_IN or says_yes(spoken.text):
            return _confirm(conn, desk, programme, spoken, asked)
        if says_no(spoken.text):
            pending.drop(conn, Channel.SMS, spoken.digests)
            return Said(DECLINED)
    if spoken.person is None:
        wants = spoken.intent is Intent.OPT_IN and not says_yes(spoken.text)
        back = wants and _was_parted(conn, spoken)
        return _ask(conn, desk, programme, spoken, Named("", spoken.language)) if back else None
    opened = waiting.question(spoken.person)
    at = table(conn, desk, programme, spoken.person, spoken.at)
    return questions.hear(at, opened, spoken) if opened else None


def _obey(
    conn: Connection,
    desk: Desk,
    programme: Programme,
    spoken: Spoken,
    command: Command,
    start: Start,
    waiting: Waiting,
) -> Said | None:
    if command.verb is Verb.REDEEM:
        return _redeem(conn, desk, programme, spoken, command)
    named = topic_named(command.rest, programme) if command.verb is Verb.JOIN else None
    back = start() if command.verb is Verb.JOIN and not named else None
    if back:
        return Said(command.verb, back)
    person = spoken.person
    opened = waiting.question(person) if person and not named else None
    question = programme.topics_question()
    if person and opened and opened.question == question.id:  # as after joining: said once more
        at = table(conn, desk, programme, person, spoken.at)
        return conversation(command.verb, question_text(programme, question, at.words))
    if person and requests.hears(conn, person.id, Channel.SMS):
        at = table(conn, desk, programme, person, spoken.at)
        if not named:
            return conversation(command.verb, questions.put(at, question))
        if named.topic in questions.chosen(at):
            told = joining.chosen_by_text(programme, at.words, questions.chosen(at))
            return conversation(command.verb, told)
    return _ask(conn, desk, programme, spoken, named or Named("", command.language))


def _was_parted(conn: Connection, spoken: Spoken) -> bool:
    """Tell whether a number was called wrong: who writes START from it wants in, whoever it is."""
    reasons = suppressions.reasons(conn, Channel.SMS, spoken.digests)
    return SuppressionReason.WRONG_NUMBER in reasons


def _ask(
    conn: Connection, desk: Desk, programme: Programme, spoken: Spoken, named: Named
) -> Said | None:
    """Keep the wish for a day and ask for a YES; the topics are chosen then, if none is named."""
    only = (programme.topics[0].id,) if len(programme.topics) == 1 else ()
    topics = (named.topic,) if named.topic else only
    known = spoken.person.language if spoken.person else ""
    words = choose(known, named.language, spoken.language, programme.language)
    text = joining.question_by_text(programme, words, topics)
    wish = Wish(
        Channel.SMS,
        spoken.address,
        topics,
        words.language,
        f"text, {spoken.origin}",
        spoken.evidence(),
        text,
    )
    asked = joining.ask(conn, desk, programme, wish, spoken.at)
    return Said(Verb.JOIN, MessageClass.DOI_REQUEST, (text,)) if asked else Said(Verb.JOIN)


def _confirm(
    conn: Connection, desk: Desk, programme: Programme, spoken: Spoken, asked: Pending
) -> Said | None:
    """Let somebody in; who named no topic is asked at once, and gets nothing before choosing."""
    if asked.language == choose(programme.language).language and spoken.language:
        asked = asked._replace(language=choose(spoken.language, asked.language).language)
    person = joining.confirm(conn, desk, asked, spoken.at, spoken.evidence())
    if person is None:
        return None
    place = person.address(Channel.SMS)
    if place and not place.deliverable:
        customers.mark_deliverable(conn, person.id, Channel.SMS)  # somebody wrote from there
    at = table(conn, desk, programme, person, spoken.at)
    texts = _welcome(at, asked, spoken)
    return Said(CONFIRMED, MessageClass.WELCOME, texts, joined=True)


def _welcome(at: Table, asked: Pending, spoken: Spoken) -> tuple[str, ...]:
    """Welcome with the first question; who was asked before is asked at most once a month."""
    most = at.programme.asked_on_joining
    to_come = 0 if conversations.asked_before(at.conn, at.person.id) else most
    if asked.topics:
        hello = joining.welcome_by_text(at.programme, at.words, asked.topics)
        following = questions.put_next(at, to_come) if most else None
        return (hello, following) if following else (hello,)
    confirmed = {f"confirmed_{name}": value for name, value in spoken.evidence().items()}
    joined = {f"joined_{name}": value for name, value in asked.evidence.items()}
    evidence = {**joined, **confirmed, "wording": asked.wording}
    text = questions.put(at, at.programme.topics_question(), max(to_come - 1, 0), evidence)
    return (at.words("text.welcome", programme=at.programme.name), text)


def _redeem(
    conn: Connection, desk: Desk, programme: Programme, spoken: Spoken, command: Command
) -> Said | None:
    """Note a code that was used, and with it what was bought; ask the next question in its time."""
    person: Person | None = spoken.person
    if person is None or not command.code:
        return None
    at = table(conn, desk, programme, person, spoken.at)
    found = redemptions.redeem(conn, person.id, command.code, spoken.at)
    told = at.words(_REDEEMED[found.outcome], programme=programme.name, code=command.code)
    new = found.outcome is Redeemed.NOTED
    if new and found.product:
        bought = (found.brand, found.product, SignalKind.BOUGHT, spoken.at.timestamp())
        signals.heed(conn, [Signal(person.id, *bought)])
    ready = new and requests.hears(conn, person.id, Channel.SMS)
    following = questions.put_next(at, 0) if ready else None
    return conversation(Verb.REDEEM, told, *([following] if following else []))
