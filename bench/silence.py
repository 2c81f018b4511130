"""From opt-out to silence: how long after the acknowledgement a message may still go out.

    python -m bench.silence [--people 50000] [--opt-outs 500]

A full-speed campaign by mail and by text, by two worker processes, into a sink that notes when each
message was whole; meanwhile people leave by each way in turn. Half of them have a message that is
about to go, which is the hardest case. The clock is read after the acknowledgement is in hand, and
again by the sink, so its own delay counts against us.
"""

from __future__ import annotations

import argparse
import random
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import text

from bench import silence_sink
from bench.silence_ways import SECRET, Leaver, Ways
from bench.world import (
    ROOT,
    World,
    is_served,
    populate,
    running,
    start_wave,
    wait_for,
    world,
)
from dispatcher.domain.messages import Channel
from dispatcher.embedded.processes import free_port
from dispatcher.rendering.links import Links
from dispatcher.wiring import Dispatcher

BAR_MS, AIM_MS = 1000.0, 250.0
_TEXTS = 5  # one person in so many gets texts
_CONFIG = """\
safe_mode = false
breaker_opt_outs_email = 1.0
breaker_opt_outs_sms = 1.0
breaker_complaints = 1.0
breaker_errors_email = 1.0

[gateways.email]
kind = "smtp"
host = "127.0.0.1"
port = {mails}
security = "none"

[gateways.sms]
kind = "http_sms"
url = "http://127.0.0.1:{texts}/messages"
callback_auth = "hmac"
callback_secret = "{secret}"
"""


@dataclass(slots=True)
class Leavers:
    """Takes people off, by turns one whose message is about to go and one of all the others.

    People are known by the number in their address, which is what the sink sees of them.
    """

    here: Dispatcher
    waves: Mapping[Channel, int]
    ways: Ways
    everybody: Mapping[Channel, Sequence[tuple[int, str]]]
    chance: random.Random
    left: dict[int, float] = field(default_factory=dict)  # when it was acknowledged, monotonic
    way_of: dict[int, str] = field(default_factory=dict)
    answered_in: dict[int, float] = field(default_factory=dict)  # seconds

    def take(self) -> None:
        """Let one more person leave, by the way whose turn it is."""
        every = self.ways.all()
        name = list(every)[len(self.left) % len(every)]
        # Nobody complains of a mail before it is at least on its way.
        soon = name == "complaint" or bool(len(self.left) // len(every) % 2)
        number, who = self._find(Channel.SMS if name == "sms" else Channel.EMAIL, soon=soon)
        if number in self.left:
            return
        began = time.monotonic()
        every[name](who)
        self.left[number] = time.monotonic()
        self.way_of[number] = name
        self.answered_in[number] = self.left[number] - began

    def served(self) -> bool:
        """Tell whether nobody is left to be told."""
        return all(is_served(self.here, wave) for wave in self.waves.values())

    def _find(self, channel: Channel, *, soon: bool) -> tuple[int, Leaver]:
        found = None
        if soon:
            values = {"wave": self.waves[channel], "channel": channel}
            with self.here.database.begin() as conn:
                found = conn.execute(_ABOUT_TO_GO, values).one_or_none()
        person, at = found or self.chance.choice(self.everybody[channel])
        local = at.partition("@")[0].removeprefix("person").removeprefix(silence_sink.PHONE)
        return int(local), Leaver(person, at, at)


# The last in their batches: there is time to leave before their turn comes.
_ABOUT_TO_GO = text("""
    SELECT d.customer_id, a.address FROM delivery d
    JOIN address a ON a.customer_id = d.customer_id AND a.channel = d.channel
    WHERE d.wave_id = :wave AND d.state = 'reserved' AND d.channel = :channel
      AND NOT EXISTS (SELECT FROM withdrawal w WHERE w.person_id = d.customer_id)
    ORDER BY d.decided_at DESC, d.ordinal DESC LIMIT 1
""")
_EVERYBODY = text("SELECT customer_id, address FROM address WHERE channel = :channel")


def measure(people: int, opt_outs: int) -> dict[str, object]:
    """Run a campaign, let people leave all the while, and tell what still reached them."""
    texts = max(people // _TEXTS, 1)
    with ExitStack() as opened:
        mail_port, text_port, arrivals = opened.enter_context(_sink())
        config = _CONFIG.format(mails=mail_port, texts=text_port, secret=SECRET)
        private = opened.enter_context(world(config))
        here = private.open_with_bell()
        populate(here, people - texts)
        populate(here, people, Channel.SMS, already=people - texts)
        _digest_numbers(here)
        opened.enter_context(private.workers(2))
        web = opened.enter_context(web_process(private))
        mail = opened.enter_context(_mail_line(private))
        client = opened.enter_context(httpx.Client(trust_env=False))
        wait_for(lambda: answers_at(client, web), 60)
        waves = {each: start_wave(here, f"Silence by {each}", each) for each in Channel}
        links = Links(here.tokens, web, "dispatcher.localhost")
        ways = Ways(here, waves[Channel.EMAIL], links, client, mail)
        leavers = Leavers(here, waves, ways, _everybody(here), random.Random(7))
        here.bell.ring("plan")
        _leave(leavers, arrivals, people, opt_outs)
        wait_for(leavers.served, 600)
        time.sleep(0.1)  # the sink writes its last lines
        return _summary(leavers, silence_sink.read(arrivals), people)


def _everybody(here: Dispatcher) -> dict[Channel, list[tuple[int, str]]]:
    with here.database.begin() as conn:
        rows = {each: conn.execute(_EVERYBODY, {"channel": each}).all() for each in Channel}
    return {each: [(row.customer_id, row.address) for row in found] for each, found in rows.items()}


def _digest_numbers(here: Dispatcher) -> None:
    """Let people be found by the number that they write from; populated people cannot be."""
    digest = here.digests.digest
    with here.database.begin() as conn:
        query = text("SELECT address FROM address WHERE channel = 'sms'")
        numbers = list(conn.execute(query).scalars())
        found = {"n": numbers, "d": [digest(Channel.SMS, number) for number in numbers]}
        conn.execute(_DIGESTS, found)


_DIGESTS = text("""
    UPDATE address a SET digest = n.digest, digest_wide = n.digest
    FROM unnest(CAST(:n AS text[]), CAST(:d AS bytea[])) AS n (address, digest)
    WHERE a.address = n.address AND a.channel = 'sms'
""")


def _leave(leavers: Leavers, arrivals: Path, people: int, opt_outs: int) -> None:
    """Spread the leaving over the run: as many have left of all who will as have been told."""
    while len(leavers.left) < opt_outs:
        told = arrivals.stat().st_size // silence_sink.LINE
        due = min(opt_outs, round(told / (0.9 * people) * opt_outs))
        if due > len(leavers.left):
            leavers.take()
        elif leavers.served():
            break
        else:
            time.sleep(0.002)


def _summary(leavers: Leavers, arrived: list[tuple[int, float]], people: int) -> dict[str, object]:
    late = {
        person: (at - leavers.left[person]) * 1e3
        for person, at in arrived
        if person in leavers.left and at > leavers.left[person]
    }
    told = {person for person, _ in arrived}
    instants = [at for _, at in arrived]
    answered = [seconds * 1e3 for seconds in leavers.answered_in.values()]
    return {
        "worst_ms": round(max(late.values(), default=0.0), 1),
        "median_ms_of_those": round(statistics.median(late.values()), 1) if late else 0.0,
        "handed_over_after_acknowledgement": len(late),
        "opt_outs": len(leavers.left),
        "never_told": sum(person not in told for person in leavers.left),
        "told_twice": len(arrived) - len(told),
        "people": people,
        "messages_per_second": round(len(arrived) / (max(instants) - min(instants))),
        "acknowledged_in_ms_median": round(statistics.median(answered), 1),
        "acknowledged_in_ms_worst": round(max(answered), 1),
        "bar_ms": BAR_MS,
        "aim_ms": AIM_MS,
        **_by_way(leavers, late),
    }


def _by_way(leavers: Leavers, late: Mapping[int, float]) -> dict[str, object]:
    """Give for each way how many left by it, and the worst of what still reached them."""
    found: dict[str, object] = {}
    for name in leavers.ways.all():
        who = [person for person, way in leavers.way_of.items() if way == name]
        found[f"{name}_people"] = len(who)
        worst = max((late.get(person, 0.0) for person in who), default=None)
        if worst is not None:
            found[f"{name}_worst_ms"] = round(worst, 1)
    return found


@contextmanager
def _sink() -> Iterator[tuple[int, int, Path]]:
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as name:
        arrivals = Path(name) / "arrivals"
        arrivals.touch()
        command = [sys.executable, "-m", "bench.silence_sink", str(arrivals)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                mails, texts = map(int, process.stdout.readline().split())
                yield mails, texts, arrivals
            finally:
                process.kill()


@contextmanager
def _mail_line(private: World) -> Iterator[smtplib.SMTP]:
    """Run our receiver of mail, and give a mail server's line to it."""
    port = free_port()
    words = ("dispatcher", "mail", "receive", "--port", str(port))
    with running(words, private.environment, private.folder / "mail.log"):
        wait_for(lambda: _listens(port), 60)
        with smtplib.SMTP("127.0.0.1", port) as line:
            yield line


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def web_process(private: World) -> Iterator[str]:
    """Run the web app that links in mails lead to; give its address."""
    port = free_port()
    words = ("uvicorn", "--factory", "dispatcher.web.serve:from_settings", "--port", str(port))
    with running(words, private.environment, private.folder / "web.log"):
        yield f"http://127.0.0.1:{port}"


def answers_at(client: httpx.Client, web: str) -> bool:
    try:
        return client.get(f"{web}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--opt-outs", type=int, default=500)
    options = parser.parse_args()
    for name, value in measure(options.people, options.opt_outs).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
