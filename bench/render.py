"""Measures rendering: microseconds for a whole mail against the template engine alone.

python -m bench.render [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
import timeit
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from minijinja import Environment

from dispatcher.domain.campaigns import Brand, Offer, TemplateSource
from dispatcher.domain.messages import Channel, DeliveryKey, Message
from dispatcher.domain.why import Ground, Why
from dispatcher.rendering import Addressee, Letterhead, Links, compile_template, load, render_batch
from dispatcher.rendering.compiled import CompiledTemplate
from dispatcher.rendering.email import EmailRenderer
from dispatcher.rendering.mjml import to_html
from dispatcher.tokens import Tokens

NUMBER = 3000
TEMPLATES = Path(__file__).parent.parent / "templates"


def _microseconds(call: Callable[[], object], rounds: int) -> float:
    times = timeit.repeat(call, number=NUMBER, repeat=rounds, timer=time.process_time)
    return statistics.median(times) / NUMBER * 1e6


def _plain_engine(
    source: TemplateSource, brand: Brand, offer: Offer, person: Addressee
) -> Callable[[], object]:
    """Give what renders the same HTML and text by MiniJinja as it comes: what everybody does."""
    plain = Environment(auto_escape_callback=lambda name: name == "html", fuel=20_000)
    plain.add_template("html", to_html(source.texts["en/html.mjml"], "en"))
    plain.add_template("text", source.texts["en/text.txt"])
    link = "https://news.linden.example/u/HcCEPcCEPYn1rXQUBjuoVlit5A"
    values = {
        **person.fields,
        "brand": asdict(brand),
        "offer": {**asdict(offer), **offer.fields},
        "why": "You asked for coffee news on 3 May 2026.",
        "unsubscribe_url": link,
        "preferences_url": link,
    }
    return lambda: [plain.render_template(name, **values) for name in ("html", "text")]


class Desk(NamedTuple):
    """All that one person's mail is made of."""

    source: TemplateSource
    brand: Brand
    offer: Offer
    template: CompiledTemplate
    person: Addressee
    now: datetime


def desk() -> Desk:
    """Compile a template that is shipped, for a person who likes filter coffee."""
    source = load(TEMPLATES / "coffee-week")
    brand = Brand("r", "Linden Roasters", "news@linden.example", "Linden", "Hafenweg 1, Hamburg")
    fields = {key[6:]: value for key, value in source.sample.items() if key.startswith("offer.")}
    offer = Offer("week", "15 % off", fields["code"], fields["url"], 15.0, fields)
    links = Links(Tokens([b"k" * 32]), "https://news.linden.example", "in.linden.example")
    template = compile_template(source, Letterhead(brand, offer, links, "coffee", "spring"))
    person = Addressee(
        DeliveryKey(123_456, 987_654, 1),
        "zoe@example.com",
        "en",
        {"first_name": "Zoë", "favourite": "filter"},
        Ground(Why.TOPIC, date(2026, 5, 3)),
    )
    return Desk(source, brand, offer, template, person, datetime(2026, 6, 8, 9, tzinfo=UTC))


def measure(rounds: int) -> dict[str, object]:
    """Render one person's mail and text over and over; give the medians of the rounds."""
    source, brand, offer, template, person, now = desk()
    mail = EmailRenderer(template, now)
    message = mail.render(person)
    assert isinstance(message, Message)
    alone = _microseconds(_plain_engine(source, brand, offer, person), rounds)
    whole = _microseconds(lambda: mail.render(person), rounds)
    sms = _microseconds(lambda: list(render_batch(template, Channel.SMS, [person], now)), rounds)
    return {
        "us_per_mail": round(whole, 1),
        "engine_alone_us": round(alone, 1),
        "ratio_to_engine_alone": round(whole / alone, 2),
        "us_per_text": round(sms, 1),
        "bytes_per_mail": len(message.content),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    for name, value in measure(parser.parse_args().rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
