"""The story of the demo, act by act; what it must come to is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from sqlalchemy import text

from dispatcher.demo import counts
from dispatcher.demo.guest import Guest
from dispatcher.demo.people import BAD_ROWS, SIZE, SLEEPER, Customer, customers, write_file
from dispatcher.demo.phone import reply, texts_on
from dispatcher.demo.stage import DemoFailed, Stage
from dispatcher.demo.teller import Teller
from dispatcher.domain.explanations import Story
from dispatcher.gateways_in_use import channel_of, gateway_settings
from dispatcher.resources import templates_folder
from dispatcher.services import campaigns, clock
from dispatcher.services.explain import explain
from dispatcher.services.find import find
from dispatcher.services.import_customers import Order, import_customers
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.services.validate import Workbench, validate

# A Tuesday: eleven in Paris, six in the evening in Singapore, midnight in Honolulu.
BEGIN = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
COFFEE, SEATS, BIKES, EVENING = "coffee-week", "last-seats", "bike-service", "espresso-evening"
BRANDS_NUMBER = "+441174960123"
ACTOR = "demo"
TEMPLATES = Path(__file__).parent / "templates"

_ALWAYS = {"no consent": 20, "unproven": 25, "holdout": 7}
AFTER_COFFEE = _ALWAYS | {"sent": 128, "deferred": 46, "opted out": 15}
AFTER_EVENING = AFTER_COFFEE | {"deferred": 47}
AFTER_SEATS = AFTER_EVENING | {"sent": 148, "capped": 30}
AT_THE_END = AFTER_SEATS | {"sent": 194, "deferred": 0, "opted out": 16}


@dataclass(frozen=True, slots=True)
class Ending:
    """What the story came to; `why` is the verdict on the one who left, in a line."""

    rows: Mapping[tuple[str, str], int]
    why: str

    @property
    def counts(self) -> dict[str, int]:
        """Give the counts under the story's words."""
        return counts.in_words(self.rows)


@dataclass(slots=True)
class Play:
    """The acts; each raises DemoFailed where something else happens than the story says."""

    stage: Stage
    teller: Teller
    names: dict[str, str] = field(default_factory=dict)  # of campaigns, by their file

    def tell(self) -> Ending:
        """Play all acts."""
        self.stage.open_doors()
        self._jump(BEGIN)
        self._say_hour("It is day in Europe, evening in Singapore, night in Honolulu:")
        self._import()
        self._approve()
        guest = Guest(self.stage, self.teller)
        guest.joins()
        self._enqueue(COFFEE, "goes to phones, else by e-mail")
        self._settle("everybody has a verdict", AFTER_COFFEE)
        guest.reads()
        self._enqueue(EVENING, "is only for those who told that they drink espresso")
        self._settle("the espresso drinker has a verdict", AFTER_EVENING)
        self._enqueue(SEATS, "must not be the second offer of anybody's day")
        self._settle("everybody in Hamburg has a verdict", AFTER_SEATS)
        guest.asks_and_leaves()
        sleeper = next(each for each in customers() if each.first_name == SLEEPER)
        self._stop(sleeper.phone)
        self._wake()
        return self._end(sleeper.phone)

    def _import(self) -> None:
        here, file = self.stage.dispatcher, self.stage.folder / "customers.csv"
        write_file(file)
        done = import_customers(here.desk, Order(file, file.with_name("rejects.csv")), here.now())
        expect(
            {"customers": done.people, "bad rows": done.rejects},
            {"customers": SIZE, "bad rows": BAD_ROWS},
        )
        self.teller.say(
            f"{done.people} customers imported, {done.unproven} consents of theirs without proof; "
            f"{done.rejects} bad rows are named in a rejects file."
        )
        leaving = [each for each in customers() if each.crowd.leaves]
        for each in leaving:
            self._leave(each)
        self.teller.say(f"{len(leaving)} of them have changed their minds about coffee since.")

    def _leave(self, customer: Customer) -> None:
        here = self.stage.dispatcher
        with here.database.begin() as conn:
            person = find(conn, here.digests, customer.email or customer.phone)
        for at in person.addresses:
            act = Act(person.id, at.channel, here.now(), topic="coffee", origin="preference page")
            opt_out(here.desk, act)

    def _approve(self) -> None:
        here = self.stage.dispatcher
        gateways = gateway_settings(here.settings)
        channels = {name: channel_of(name, each) for name, each in gateways.items()}
        bench = Workbench([templates_folder(), TEMPLATES], channels)
        for name in (COFFEE, SEATS, BIKES, EVENING):
            with as_file(files("dispatcher.demo") / "campaigns" / f"{name}.toml") as path:
                done = campaigns.approve(here.database, validate(path, bench), ACTOR)
            self.names[name] = done.campaign.name
        self.teller.say(f"The campaign files of {len(self.names)} brands are checked and approved.")

    def _enqueue(self, file: str, told: str) -> None:
        name = self.names[file]
        why = "one phone is all of this audience"
        campaigns.enqueue(self.stage.dispatcher.database, name, ACTOR, small_audience=why)
        self.teller.act(f'"{name}" is enqueued; it {told}.')

    def _stop(self, number: str) -> None:
        """Write back as over any gateway: a sealed callback to the running web pages."""
        self.teller.act(f'{SLEEPER} in Honolulu, who is to be told in the morning, texts "Stop".')
        self.stage.wait_for_web()
        reply(self.stage, number, BRANDS_NUMBER, "Stop")
        self.stage.wait("STOP is confirmed", lambda: bool(texts_on(self.stage, number)))
        self.teller.say(f"Acknowledged, and her phone shows: {texts_on(self.stage, number)[0]}")

    def _wake(self) -> None:
        """Jump from one opening to the next until nobody waits any more."""
        while (opening := self._next_opening()) is not None:
            self._jump(opening + timedelta(minutes=1))
            self._say_hour("The clock jumps to the next opening:")
            self._rest("the woken have a verdict")
        self.stage.wait("all campaigns are finished", lambda: self._ask(_FINISHED))

    def _end(self, number: str) -> Ending:
        here = self.stage.dispatcher
        with here.database.begin() as conn:
            rows = counts.rows(conn)
            arrived, people = conn.execute(_ARRIVED).one()
            told = explain(conn, find(conn, here.digests, number), here.book)
        ending = Ending(rows, why(told.stories[-1]))
        expect(ending.counts, AT_THE_END)
        sent, texts = AT_THE_END["sent"], len(texts_on(self.stage, number))
        expect(
            {"messages": arrived, "people written to": people, f"texts to {SLEEPER}": texts},
            {"messages": sent, "people written to": sent, f"texts to {SLEEPER}": 1},
        )
        return ending

    def _settle(self, what: str, expected: Mapping[str, int]) -> None:
        self._rest(what)
        with self.stage.dispatcher.database.begin() as conn:
            found = counts.in_words(counts.rows(conn))
        expect(found, expected)
        self.teller.say(", ".join(f"{people} {word}" for word, people in found.items() if people))

    def _rest(self, what: str) -> None:
        """Wait until the workers have nothing left to do at this hour."""

        def at_rest() -> bool:
            with self.stage.dispatcher.database.begin() as conn:
                self.teller.show(counts.by_campaign(conn))
                return bool(conn.execute(_AT_REST).scalar_one())

        self.stage.wait(what, at_rest)

    def _next_opening(self) -> datetime | None:
        found: datetime | None = self._ask(_NEXT_OPENING)
        return found

    def _jump(self, to: datetime) -> None:
        here = self.stage.dispatcher
        clock.jump(here.database, to, safe_mode=here.settings.safe_mode, actor=ACTOR)

    def _say_hour(self, words: str) -> None:
        self.teller.act(f"{words} {self.stage.dispatcher.now():%Y-%m-%d %H:%M} UTC.")

    def _ask(self, question: Any) -> Any:
        with self.stage.dispatcher.database.begin() as conn:
            return conn.execute(question).scalar_one()


def why(told: Story) -> str:
    """Say in a line why somebody got an offer or not."""
    last = told.decisions[-1] if told.decisions else None
    detail = f" ({told.detail})" if told.detail else ""
    rule = f", by the rule {told.rule}" if told.rule else ""
    again = "; decided again on the recorded facts, it is the same" if last and last.agrees else ""
    return f"{told.campaign}: {told.state}, {told.reason}{detail}{rule}{again}"


def expect(found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    """Raise DemoFailed where a count is not the story's."""
    differences = list(counts.differences(found, expected))
    if differences:
        raise DemoFailed("the story came out otherwise: " + "; ".join(differences))


# Nothing is left to plan, to decide or to wake at this hour.
_AT_REST = text("""
    SELECT NOT EXISTS (SELECT FROM wave WHERE state = 'planning')
       AND NOT EXISTS (SELECT FROM batch WHERE state <> 'done')
       AND NOT EXISTS (SELECT FROM due, clock WHERE due_at <= clock_timestamp() + clock.ahead)
""")
_NEXT_OPENING = text("SELECT min(due_at) FROM due")
_FINISHED = text("SELECT NOT EXISTS (SELECT FROM wave WHERE state <> 'finished')")
# Each person counts once a campaign: nobody is told twice.
_ARRIVED = text("""
    SELECT count(*), count(DISTINCT (wave_id, customer_id)) FROM sandbox_message WHERE wave_id > 0
""")
