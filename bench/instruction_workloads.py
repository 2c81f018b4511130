"""What is counted: each step of the pure core, once per item, with no socket and no database.

Each workload makes `count` items beforehand and gives what is to be counted: a call that works
through all of them. The far sides (mail server, SMS provider, database) answer from memory.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import httpx

from bench.callgrind import Callgrind
from bench.decide import BOOK, NOW, POLICY, people
from bench.world import BRAND, TEMPLATES
from dispatcher.domain.batches import Batch, BatchKey
from dispatcher.domain.campaigns import Audience, CampaignSpec, CampaignVersion, Offer
from dispatcher.domain.messages import Channel, DeliveryKey, Message, Outcome, Receipt
from dispatcher.domain.ports import Passage
from dispatcher.domain.why import Ground, Why
from dispatcher.gateways.email.smtp_line import Features, Line
from dispatcher.gateways.email.smtp_run import Breaker, Run
from dispatcher.gateways.email.smtp_settings import Security, SmtpSettings
from dispatcher.gateways.email.smtp_talk import Talk
from dispatcher.gateways.http_answer import AnswerReader
from dispatcher.gateways.http_wire import encode
from dispatcher.gateways.registry import build
from dispatcher.gateways.sms.http_sms import HttpSmsGateway
from dispatcher.rendering import Addressee, Letterhead, Links, compile_template, load, render_batch
from dispatcher.rules.decide import decide
from dispatcher.services.customer_columns import find_columns
from dispatcher.services.customer_file import Line as Row
from dispatcher.services.customer_rows import RowReader
from dispatcher.services.gate import BatchGate, OpenGate, Terms
from dispatcher.services.reserve import Round
from dispatcher.services.settle import Settler
from dispatcher.storage import settlements
from dispatcher.storage.deliveries import Reserved
from dispatcher.storage.imports_rows import StagedRow
from dispatcher.storage.journal import Journal
from dispatcher.storage.watch import Watch
from dispatcher.tokens import Digests, Tokens

WAVE = 1838404000000000
SUMMER = datetime(2026, 6, 8, 9, tzinfo=UTC)
Work = Callable[[], object]


def yardstick(count: int) -> Work:
    """Do what any Python program does; its count tells one build of Python from another."""

    def work() -> int:
        seen: dict[str, int] = {}
        for number in range(count):
            name = f"person {number % 97}"
            seen[name] = seen.get(name, 0) + len(name.split(" "))
        return sum(seen.values())

    return work


def deciding(count: int) -> Work:
    """Decide on people of several zones, all rules and the record of the facts included."""
    crowd = people(count)
    return lambda: decide(crowd, POLICY, NOW, BOOK)


def rendering(count: int) -> Work:
    """Render the yardstick's mail of about ten kilobytes, with ten slots and signed links."""
    links = Links(Tokens([b"k" * 32]), "https://news.linden.example", "in.linden.example")
    offer = Offer("Week", code="WEEK26", url="https://shop.example/week")
    head = Letterhead(BRAND, offer, links, "coffee", "spring")
    template = compile_template(load(TEMPLATES / "ten-slots"), head)
    ground = Ground(Why.TOPIC, date(2026, 5, 3))
    crowd = [
        Addressee(_key(number), f"person{number}@example.com", "en", FIELDS, ground)
        for number in range(count)
    ]

    def work() -> None:
        for mail in render_batch(template, Channel.EMAIL, crowd, SUMMER):
            _sure(mail, Message)

    return work


FIELDS = {
    "first_name": "Zoë", "last_name": "Family & Sons", "city": "Bristol", "favourite": "filter",
    "points": "120", "tier": "silver", "shop": "Quay Street", "member_since": "2019",
}  # fmt: skip


def passing_the_gate(count: int) -> Work:
    """Ask the gate for each message, note its begin and its receipt in the journal."""
    mails = _mails(count)
    receipts = [_accepted(number) for number in range(count)]
    folder = tempfile.TemporaryDirectory()
    journal = Journal(Path(folder.name), "bench")
    watch = Watch("", fresh=float("inf"))
    watch._began = monotonic()
    terms = Terms(count, count, monotonic() + 1e-9, 0.0, monotonic() + 1e6, ("all", "campaign:1"))

    async def permit(_upto: int) -> bool:
        return True

    gate = BatchGate(terms, watch, journal, permit)

    def work() -> None:
        for mail, receipt in zip(mails, receipts, strict=True):
            if gate.begin(mail) is not Passage.GO:
                raise AssertionError("the gate is shut")
            journal.receipt(receipt)
        journal.forget()
        folder.cleanup()

    return work


class MailServer(asyncio.Transport):
    """Takes every mail, with the answers of a server that allows pipelining."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self._said = b""
        line.features = Features(pipelining=True, eight_bit=True, size=10_240_000)
        line.connection_made(self)

    def write(self, data: Any) -> None:
        """Answer what was written, in the next turn of the loop."""
        answers = b"" if data.startswith(b"MAIL") else b"250 2.0.0 Ok: queued as 4Fxy3k1bQz\r\n"
        if data.endswith(b"DATA\r\n"):
            answers += b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with .\r\n"
        asyncio.get_running_loop().call_soon(self._line.data_received, answers)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Have no buffer."""

    def abort(self) -> None:
        """Have nothing to drop."""


def mailing(count: int) -> Work:
    """Hand prebuilt mails over on one line: pack, write, read and judge the answers."""
    mails = _mails(count)

    async def send() -> None:
        line = Line(asyncio.get_running_loop())
        MailServer(line)
        run = Run(iter(mails), OpenGate(), Breaker(10), "bench")
        await Talk(line, run, SmtpSettings(host="localhost", security=Security.NONE)).carry()
        receipts = await run.collected()
        if sum(receipt.outcome is Outcome.ACCEPTED for receipt in receipts) != count:
            raise AssertionError("not every mail was accepted")

    return lambda: asyncio.run(send())


def texting(count: int) -> Work:
    """Compose the request for a text, write it out, read the provider's answer and judge it."""
    gateway = build("bench", "http_sms", {"url": "http://localhost:1/send"})
    assert isinstance(gateway, HttpSmsGateway)
    texts = [
        Message(_key(number), Channel.SMS, f"+4477009{number:05}", "Brand", b"20% off. STOP ends.")
        for number in range(count)
    ]

    def work() -> None:
        for text in texts:
            encode(gateway.compose([text]))
            reader = AnswerReader()
            reader.feed(ANSWER)
            answer = httpx.Response(reader.status, headers=reader.headers, content=reader.body)
            if gateway.judge([text], answer)[0].outcome is not Outcome.ACCEPTED:
                raise AssertionError("a text was not accepted")

    return work


ANSWER = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 64\r\n\r\n"
    b'{"id":"7f3c2a90-55aa-4c1e-9d0b-0d7c1f3e8a11","status":"queued" }'
)


def settling(count: int) -> Work:
    """Turn receipts into the columns of the one statement that settles them."""
    receipts = [_accepted(number) for number in range(count)]
    batch = Batch(BatchKey(WAVE, 0, 1_000_000), 1, 1, 1, Channel.EMAIL, "smtp", count)
    spec = CampaignSpec(
        "bench", BRAND, Offer("Week"), Audience("coffee"), (Channel.EMAIL,), "ten-slots", POLICY
    )
    version = CampaignVersion(1, 1, 1, spec, load(TEMPLATES / "ten-slots"), "")
    reserved = [Reserved(number, number, 1) for number in range(count)]
    written: list[dict[str, Any]] = []

    def work() -> None:
        for at in range(0, count, 100):
            settler = Settler(
                Elsewhere(written),
                Round(batch, version, {}, {}, reserved[at : at + 100], 0.0, NOW),
            )
            settler._flushed_at = float("inf")  # a group is written when it is full, not in time
            for receipt in receipts[at : at + 100]:
                settler.add(receipt)
            written.append(settlements._settlement_columns(settler._group))

    return work


class Elsewhere:
    """The store of a process that never gets to settling."""

    def __init__(self, written: list[dict[str, Any]]) -> None:
        self.desk: Any = written

    def in_store(self, work: Callable[[], Any]) -> Any:
        """Never be asked: the groups here are smaller than those that are written."""
        raise AssertionError(work)


def importing(count: int) -> Work:
    """Check rows of an e-mail list with all that a consent needs, ready to be staged."""
    columns = find_columns(Path("people.csv"), HEADER, {})
    rows = [
        Row(number, [f"person{number}@example.com", f"Name{number}", *CONSENT])
        for number in range(1, count + 1)
    ]
    reader = RowReader(columns, Digests([b"p" * 32]), b"seed", itertools.count(1))

    def work() -> None:
        for number, row in enumerate(rows, start=1):
            _sure(reader.read(number, row), StagedRow)

    return work


HEADER = (
    *("email", "first_name", "city", "language", "topics"),
    *("consent_at", "consent_kind", "consent_source", "consent_wording"),
)
CONSENT = (
    *("Bristol", "en", "coffee|theatre", "2026-05-03T10:15:00+02:00", "gdpr_consent"),
    *("sign-up form", "Yes, send me offers for coffee and theatre."),
)


class Workload(NamedTuple):
    """What one item is, how to make the work for so many, and of how many to count."""

    item: str
    make: Callable[[int], Work]
    size: int


WORKLOADS = {
    "yardstick": Workload("turn of a plain loop", yardstick, 3000),
    "decide": Workload("person", deciding, 100),
    "render": Workload("mail", rendering, 40),
    "gate": Workload("message", passing_the_gate, 200),
    "smtp": Workload("mail", mailing, 50),
    "http": Workload("text", texting, 30),
    "settle": Workload("receipt", settling, 200),
    "import": Workload("row", importing, 250),
}


def _key(number: int) -> DeliveryKey:
    return DeliveryKey(WAVE, number + 10_000, 1)


def _mails(count: int) -> list[Message]:
    line = b"x" * 70 + b"\r\n"
    content = b"From: a@example.com\r\nSubject: bench\r\n\r\n" + line * 140
    return [
        Message(
            _key(number), Channel.EMAIL, f"person{number}@example.com", "a@example.com", content,
            number, envelope_from=f"b+{number}@bounce.example.com",
        )
        for number in range(count)
    ]  # fmt: skip


def _accepted(number: int) -> Receipt:
    return Receipt(_key(number), Outcome.ACCEPTED, code="250", detail="queued as 4Fxy3k1bQz")


def _sure(found: object, kind: type[object]) -> None:
    if not isinstance(found, kind):
        raise TypeError(f"not what was wanted: {found!r}")


@contextmanager
def _steady() -> Iterator[None]:
    """Keep the collector of garbage out: when it comes hangs on everything before."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def main(names: list[str]) -> None:
    """Count each workload, or those named, at its size and at twice that, after warming up."""
    callgrind = Callgrind()
    for name in names or WORKLOADS:
        _, make, size = WORKLOADS[name]
        make(size * 2)()
        for times in (1, 2):
            work = make(size * times)
            with _steady():
                callgrind.count(f"{name} {times}", work)


if __name__ == "__main__":
    main(sys.argv[1:])
