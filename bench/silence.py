"""From opt-out to silence: how long after the acknowledgement a message may still go out.

    python -m bench.silence [--people 50000] [--opt-outs 500]

A full-speed campaign by two worker processes, into a sink that notes when each message was whole;
meanwhile people leave. Half of them have a message that is about to go, which is the hardest case;
every fifth leaves by the mail program's own button (RFC 8058) over HTTP. The clock is read after
the acknowledgement is in hand, and again by the sink, so its own delay counts against us.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import text

from bench import silence_sink
from bench.email_end_to_end import CONFIG
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
from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.embedded.processes import free_port
from dispatcher.rendering.links import Links
from dispatcher.services.subscribe import Act, opt_out
from dispatcher.wiring import Dispatcher

BAR_MS, AIM_MS = 1000.0, 250.0
_BY_BUTTON = 5  # one leaver in so many
_AT_ONCE = 4  # leavers found by one look at what is about to go


@dataclass(slots=True)
class Leavers:
    """Takes people off, by turns one whose message is about to go and one of all the others."""

    here: Dispatcher
    wave: int
    links: Links
    client: httpx.Client
    left: dict[int, float] = field(default_factory=dict)  # when it was acknowledged, monotonic
    answered_in: list[float] = field(default_factory=list)  # seconds

    def take(self, count: int) -> None:
        """Let some more people leave."""
        for person in self._find(count):
            began = time.monotonic()
            if len(self.left) % _BY_BUTTON:
                opt_out(self.here.desk, Act(person, Channel.EMAIL, datetime.now(UTC)))
            else:
                self._press_button(person)
            self.left[person] = time.monotonic()
            self.answered_in.append(self.left[person] - began)

    def _find(self, count: int) -> list[int]:
        values = {"wave": self.wave, "count": count // 2, "others": count - count // 2}
        with self.here.database.begin() as conn:
            found = conn.execute(_ABOUT_TO_GO, values).scalars().all()
            found = [*found, *conn.execute(_OTHERS, values).scalars()]
        return [person for person in dict.fromkeys(found) if person not in self.left]

    def _press_button(self, person: int) -> None:
        link, _ = self.links.unsubscribe(DeliveryKey(self.wave, person, 1), Channel.EMAIL)
        answer = self.client.post(link, data={"List-Unsubscribe": "One-Click"})
        answer.raise_for_status()


# The last in their batches: there is time to leave before their turn comes.
_ABOUT_TO_GO = text("""
    SELECT customer_id FROM delivery WHERE wave_id = :wave AND state = 'reserved'
    ORDER BY decided_at DESC, ordinal DESC LIMIT :count
""")
_OTHERS = text("SELECT id FROM customer TABLESAMPLE SYSTEM (2) ORDER BY random() LIMIT :others")


def measure(people: int, opt_outs: int) -> dict[str, object]:
    """Run a campaign, let people leave all the while, and tell what still reached them."""
    with _sink() as (port, arrivals), world(CONFIG.format(port=port)) as private:
        here = private.open_with_bell()
        populate(here, people)
        with (
            private.workers(2),
            web_process(private) as web,
            httpx.Client(trust_env=False) as client,
        ):
            wait_for(lambda: answers_at(client, web), 60)
            links = Links(here.tokens, web, "dispatcher.localhost")
            leavers = Leavers(here, start_wave(here, "Silence"), links, client)
            here.bell.ring("plan")
            _leave(leavers, arrivals, people, opt_outs)
            wait_for(lambda: is_served(here, leavers.wave), 600)
        time.sleep(0.1)  # the sink writes its last lines
        return _summary(leavers, silence_sink.read(arrivals), people)


def _leave(leavers: Leavers, arrivals: Path, people: int, opt_outs: int) -> None:
    """Spread the leaving over the run: as many have left of all who will as have been told."""
    while len(leavers.left) < opt_outs:
        told = arrivals.stat().st_size // silence_sink.LINE
        due = min(opt_outs, round(told / (0.95 * people) * opt_outs))
        if due > len(leavers.left):
            leavers.take(min(_AT_ONCE, opt_outs - len(leavers.left)))
        elif is_served(leavers.here, leavers.wave):
            break
        else:
            time.sleep(0.002)


def _summary(leavers: Leavers, arrived: list[tuple[int, float]], people: int) -> dict[str, object]:
    late = [
        (at - leavers.left[person]) * 1e3
        for person, at in arrived
        if person in leavers.left and at > leavers.left[person]
    ]
    told = {person for person, _ in arrived}
    instants = [at for _, at in arrived]
    answered = [seconds * 1e3 for seconds in leavers.answered_in]
    return {
        "worst_ms": round(max(late, default=0.0), 1),
        "median_ms_of_those": round(statistics.median(late), 1) if late else 0.0,
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
    }


@contextmanager
def _sink() -> Iterator[tuple[int, Path]]:
    with tempfile.TemporaryDirectory(prefix="dispatcher-bench-") as name:
        arrivals = Path(name) / "arrivals"
        arrivals.touch()
        command = [sys.executable, "-m", "bench.silence_sink", str(arrivals)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                yield int(process.stdout.readline()), arrivals
            finally:
                process.kill()


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
