"""A whole Dispatcher over a real database, in this process: people, a campaign, a sending desk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from dispatcher import settings, wiring
from dispatcher.domain.campaigns import Audience, Brand, CampaignSpec, Offer
from dispatcher.domain.consents import ConsentAction, ConsentEvent, ConsentSource
from dispatcher.domain.messages import Channel
from dispatcher.domain.people import Address, Person
from dispatcher.domain.policies import Policy
from dispatcher.domain.promises import Shown
from dispatcher.rendering import load
from dispatcher.resources import templates_folder
from dispatcher.services.dispatch import dispatch
from dispatcher.services.outbound import Outbound
from dispatcher.services.plan import plan
from dispatcher.services.tidy import Tidied, tidy
from dispatcher.storage import brands, campaigns, clock, consents, customers, wave_starts
from dispatcher.wiring import Dispatcher

# A Tuesday: ten in the morning in London, six in the evening in Singapore, midnight in Honolulu.
TUESDAY = datetime(2026, 12, 1, 10, 0, tzinfo=UTC)
BRAND = Brand(
    "northwind",
    "Northwind Coffee",
    "hello@northwind.example",
    "Northwind",
    "1 Quay Street, Bristol",
)
OFFER = Offer(
    "Coffee week",
    code="WEEK26",
    url="https://northwind.example/week",
    fields={"discount": "15 %", "coffee": "Finca La Palma", "ends_on": "Sunday"},
)
KEY = "5e" * 32


@dataclass(slots=True)
class House:
    """What a test needs of the product; `run` and `tidy` do what workers and beat would."""

    dispatcher: Dispatcher

    def people(
        self,
        count: int,
        *,
        first: int = 1,
        channel: Channel = Channel.SMS,
        consent: bool = True,
        spread: bool = False,
        **facts: Any,
    ) -> list[int]:
        """Add customers with one address each; ids from `first` on, or `spread` over all shards."""
        numbers = range(first, first + count)
        ids = [number | number << 45 for number in numbers] if spread else list(numbers)
        with self.dispatcher.database.begin() as conn:
            for customer_id in ids:
                customers.add(conn, self._person(customer_id, channel, **facts))
            if consent:
                events = [_opt_in(customer_id, channel) for customer_id in ids]
                consents.append(conn, events, self.dispatcher.desk.entropy)
        return ids

    def add(self, customer_id: int, channel: Channel = Channel.SMS, **facts: Any) -> None:
        """Add one customer, in London unless said otherwise."""
        with self.dispatcher.database.begin() as conn:
            customers.add(conn, self._person(customer_id, channel, **facts))

    def _person(self, customer_id: int, channel: Channel, **facts: Any) -> Person:
        address = f"p{customer_id}@example.com"
        if channel is Channel.SMS:
            address = f"+4477009{customer_id % 2**45:05d}"
        digests = self.dispatcher.digests.store(channel, address)
        bucket = facts.pop("bucket", 9_999)
        row = Address(channel, address, digests[0], digests[-1], bucket, ())
        person = {"language": "en", "zone": "Europe/London"} | facts
        return Person(customer_id, addresses=(row,), **person)

    def consent(self, customer_id: int, channel: Channel = Channel.SMS) -> None:
        """Record an own-hand consent to hear about coffee, a month old."""
        with self.dispatcher.database.begin() as conn:
            events = [_opt_in(customer_id, channel)]
            consents.append(conn, events, self.dispatcher.desk.entropy)

    def also_by(self, channel: Channel, people: Sequence[int], *, consent: bool = True) -> None:
        """Give customers who are there already an address on another channel."""
        with self.dispatcher.database.begin() as conn:
            for customer_id in people:
                (at,) = self._person(customer_id, channel).addresses
                customers.add_address(conn, customer_id, at)
        for customer_id in people if consent else ():
            self.consent(customer_id, channel)

    def promise(self, people: Sequence[int], wording: str, topic: str = "coffee") -> None:
        """Record a consent by text message of these people, who were shown this wording."""
        digest = consents.wording_digest(wording)
        events = [
            replace(_opt_in(customer_id, Channel.SMS), wording=digest, topic=topic)
            for customer_id in people
        ]
        with self.dispatcher.database.begin() as conn:
            consents.keep_wordings(conn, {wording: Shown("en")})
            consents.append(conn, events, self.dispatcher.desk.entropy)

    def campaign(
        self,
        name: str = "Coffee week",
        *,
        channels: Sequence[Channel] = (Channel.SMS,),
        policy: dict[str, Any] | None = None,
        **spec: Any,
    ) -> int:
        """Pin a campaign of the shipped coffee template and start a wave of it; give its id."""
        given: dict[str, Any] = {
            "topic": "coffee",
            "subject": BRAND.id,
            "close_margin_minutes": 0,
            "starts_at": TUESDAY.timestamp(),
        }
        rules = Policy(campaign_id=0, brand=BRAND.id, **given | (policy or {}))
        gateways = spec.pop("gateways", {channel: channel.value for channel in channels})
        made = CampaignSpec(
            name,
            BRAND,
            spec.pop("offer", OFFER),
            spec.pop("audience", Audience("coffee")),
            tuple(channels),
            "coffee-week",
            rules,
            gateways=gateways,
            **spec,
        )
        template = load(templates_folder() / "coffee-week")
        with self.dispatcher.database.begin() as conn:
            brands.save(conn, BRAND)
            saved = campaigns.save_version(conn, made, template, "", "tests")
            wave_starts.start(conn, saved.version, name)
            conn.execute(
                text("UPDATE campaign SET state = 'running' WHERE id = :id"),
                {"id": saved.version.campaign_id},
            )
        return saved.version.campaign_id

    def jump(self, to: datetime) -> None:
        """Set the programme's clock."""
        with self.dispatcher.database.begin() as conn:
            clock.set_ahead(conn, to - datetime.now(UTC))

    def run(self, *channels: Channel) -> None:
        """Plan and dispatch everything that can be done now, tidying in between as beat would."""
        self.plan()
        self.send(*(channels or (Channel.SMS, Channel.EMAIL)))
        self.tidy()

    def plan(self) -> int:
        """Plan what waits to be planned."""
        here = self.dispatcher
        return plan(here.database, here.versions, here.bell, here.ways)

    def send(self, *channels: Channel) -> None:
        """Dispatch until nothing is left to claim."""
        asyncio.run(self._send(channels or (Channel.SMS, Channel.EMAIL)))

    def finish(self) -> None:
        """Tidy and send until every wave is finished."""
        for _ in range(20):
            self.tidy()
            self.send()
            if set(self.query("SELECT state FROM wave")) == {"finished"}:
                return
        raise AssertionError("the waves do not finish")

    async def _send(self, channels: Sequence[Channel]) -> None:
        out = self.outbound()
        for channel in channels:
            while await dispatch(out, channel, 30):
                pass
        await out.aclose()

    def outbound(self) -> Outbound:
        """Build what a worker process sends with; on a running loop."""
        return wiring.build_outbound(self.dispatcher, stopping=lambda: False)

    def tidy(self) -> Tidied:
        """Do one round of what beat rings for."""
        here = self.dispatcher
        journals, host = here.settings.journals, here.host
        return tidy(here.desk, here.versions, here.bell, journals, host, here.ways, here.bars)

    def query(self, sql: str, **values: Any) -> list[Any]:
        """Ask the database; rows as tuples, single columns as values."""
        with self.dispatcher.database.begin() as conn:
            rows = conn.execute(text(sql), values).all()
        return [row[0] if len(row) == 1 else tuple(row) for row in rows]

    def verdicts(self) -> dict[tuple[str, str], int]:
        """Count deliveries by state and reason."""
        rows = self.query("SELECT state, reason, count(*) FROM delivery GROUP BY 1, 2")
        return {(state, reason): count for state, reason, count in rows}

    def inbox(self) -> list[int]:
        """Name who got an offer, once for each that arrived, in order of their ids."""
        return self.query(
            "SELECT customer_id FROM sandbox_message WHERE wave_id > 0 ORDER BY customer_id"
        )


def _opt_in(customer_id: int, channel: Channel) -> ConsentEvent:
    a_month_ago = TUESDAY - timedelta(days=30)
    return ConsentEvent(
        customer_id=customer_id,
        channel=channel,
        topic="coffee",
        action=ConsentAction.OPT_IN,
        source=ConsentSource.OWN_HAND,
        occurred_at=a_month_ago,
        received_at=a_month_ago,
        kind="keyword",
    )


@contextmanager
def house_on(url: str, home: Path, **overrides: Any) -> Iterator[House]:
    """Open a house on a migrated database, in safe mode, on a Tuesday morning."""
    given = {"opening_spread_minutes": 0} | overrides  # all at once: tests jump to the opening
    chosen = settings.load(database_url=url, broker_url="memory://", home=home, keys=[KEY], **given)
    house = House(wiring.build(chosen))
    house.jump(TUESDAY)
    yield house
    house.dispatcher.close()
