"""A flood of one-click requests at the real web process: whether all are answered, and how fast.

    python -m bench.flood [--requests 10000]

One request in ten is from somebody who wants to leave, pressed twice; all others are forged, cut
short, repeated or about nobody. Meanwhile slow visitors hold lines open with half a request.
"""

from __future__ import annotations

import argparse
import random
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from sqlalchemy import text

from bench.silence import answers_at, web_process
from bench.world import populate, start_wave, wait_for, world
from dispatcher.domain.messages import Channel, DeliveryKey
from dispatcher.rendering.links import Links
from dispatcher.tokens import Tokens

LANES = 8
SLOW = 20
_NOBODY = 1 << 62  # ids from here on are not given
_ONE_CLICK = b"List-Unsubscribe=One-Click"
_FORM = {"content-type": "application/x-www-form-urlencoded"}
_MULTIPART = {"content-type": "multipart/form-data; boundary=b"}
_PART = (
    b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
)


class Answer(NamedTuple):
    """What came of one request; `plain`: no cookie and no other place to go to."""

    status: int
    seconds: float
    plain: bool


def requests(links: Links, wave: int, leavers: Sequence[int], count: int) -> list[str]:
    """Give so many links in a mixed order: each leaver's twice, the rest opens nothing."""
    theirs = Links(Tokens([b"a key of somebody else's"]), links.base_url, links.mail_domain)
    found = [_link(links, wave, person) for person in leavers for _ in range(2)]
    made = (
        lambda at: _link(theirs, wave, at),
        lambda at: _link(links, wave, _NOBODY + at),
        lambda at: _link(links, wave, _NOBODY + at)[: -1 - at % 20],
        lambda at: f"{links.base_url}/u/{at:x}",
    )
    found += [made[at % len(made)](at) for at in range(count - len(found))]
    random.Random(7).shuffle(found)
    return found


def _link(links: Links, wave: int, person: int) -> str:
    return links.unsubscribe(DeliveryKey(wave, person, 1), Channel.EMAIL)[0]


def flood(urls: Sequence[str]) -> list[Answer]:
    """Post to all of them over some lines at once, as forms and as multipart by turns."""
    with ThreadPoolExecutor(LANES) as lanes:
        told = lanes.map(_post_all, [urls[lane::LANES] for lane in range(LANES)])
        return [answer for answers in told for answer in answers]


def _post_all(urls: Sequence[str]) -> list[Answer]:
    answers = []
    with httpx.Client(trust_env=False, timeout=60) as client:
        for at, url in enumerate(urls):
            began = time.monotonic()
            head, body = (_MULTIPART, _PART) if at % 2 else (_FORM, _ONE_CLICK)
            answer = client.post(url, content=body, headers=head)
            plain = not {"set-cookie", "location"} & set(answer.headers)
            answers.append(Answer(answer.status_code, time.monotonic() - began, plain))
    return answers


@contextmanager
def slow_visitors(base: str) -> Iterator[None]:
    """Hold lines open with half a head or half a body on them."""
    place = urlsplit(base)
    with ExitStack() as held:
        for at in range(SLOW):
            line = socket.create_connection((place.hostname or "", place.port or 80))
            held.enter_context(line)
            body = b"Content-Length: 1000\r\n\r\nList" if at % 2 else b"Content-Le"
            line.sendall(b"POST /u/x HTTP/1.1\r\nHost: here\r\n" + body)
        yield


def measure(count: int) -> dict[str, object]:
    """Flood a web process of its own, and tell how it answered."""
    with world("") as private:
        here = private.open_with_bell()
        populate(here, count)
        wave = start_wave(here, "Flood")
        with here.database.begin() as conn:
            query = text("SELECT id FROM customer ORDER BY id LIMIT :most")
            leavers = list(conn.execute(query, {"most": count // 20}).scalars())
        with web_process(private) as web, httpx.Client(trust_env=False) as client:
            wait_for(lambda: answers_at(client, web), 60)
            urls = requests(Links(here.tokens, web, "here.example"), wave, leavers, count)
            with slow_visitors(web):
                began = time.monotonic()
                answers = flood(urls)
                took = time.monotonic() - began
        with here.database.begin() as conn:
            left = conn.execute(_LEFT).scalar_one()
    return _summary(answers, took) | {"wanted_to_leave": len(leavers), "left": left}


_LEFT = text("SELECT count(*) FROM consent WHERE state = 'opted_out'")


def _summary(answers: Sequence[Answer], took: float) -> dict[str, object]:
    ms = sorted(answer.seconds * 1e3 for answer in answers)
    return {
        "requests": len(answers),
        "a_minute": round(60 * len(answers) / took),
        "not_2xx": sum(not 200 <= answer.status < 300 for answer in answers),
        "with_cookie_or_redirect": sum(not answer.plain for answer in answers),
        "median_ms": round(statistics.median(ms), 1),
        "p99_ms": round(ms[len(ms) * 99 // 100], 1),
        "worst_ms": round(ms[-1], 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    for name, value in measure(parser.parse_args().requests).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
