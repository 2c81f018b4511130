"""What the product is held to: each measure with its bar and its aim."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple


class Met(StrEnum):
    """How far a measure got."""

    AIM = "aim"
    BAR = "bar"
    NO = "no"
    UNKNOWN = "not measured"


class Bar(NamedTuple):
    """One line of the table. `keys` lead to the figure; of several parts the worst one counts.

    `measure` may speak of the `smallest` and `largest` number of people.
    """

    measure: str
    keys: tuple[str, ...]
    bar: float
    aim: float
    unit: str = ""
    at_most: bool = False

    def value(self, results: Mapping[str, Any]) -> float | None:
        """Give the measured figure, None when there is none."""
        found = [figure for key in self.keys if (figure := look_up(results, key)) is not None]
        if not found:
            return None
        return max(found) if self.at_most else min(found)

    def met(self, results: Mapping[str, Any]) -> Met:
        """Say whether the aim is met, or the bar, or neither."""
        value = self.value(results)
        if value is None:
            return Met.UNKNOWN
        sign = -1 if self.at_most else 1
        if value * sign >= self.aim * sign:
            return Met.AIM
        return Met.BAR if value * sign >= self.bar * sign else Met.NO

    def title(self, results: Mapping[str, Any]) -> str:
        """Name the measure at the sizes of these results."""
        largest = results.get("sizes", {}).get("largest", 1_000_000)
        return self.measure.format(largest=largest, smallest=largest // 100)

    def reason(self, results: Mapping[str, Any]) -> str:
        """Say why there is no figure."""
        parts = [results.get(key.partition(".")[0]) for key in self.keys]
        reasons = [str(part["reason"]) for part in parts if part and part.get("reason")]
        return reasons[0] if reasons else "not run"


def look_up(results: Mapping[str, Any], key: str) -> float | None:
    """Follow a dotted key; None where it leads nowhere."""
    found: Any = results
    for word in key.split("."):
        found = found.get(word) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else None


_X = " x"
BARS = (
    Bar("e-mail end to end / smtp-source", ("email_end_to_end.ratio_to_smtp_source",), 0.45, 0.9),
    Bar(
        "the same over RabbitMQ",
        ("email_end_to_end_rabbitmq.ratio_to_smtp_source",),
        0.45,
        0.9,
    ),
    Bar(
        "CPU a message, workers and database",
        ("email_end_to_end.cpu_us_per_message", "email_end_to_end_rabbitmq.cpu_us_per_message"),
        220,
        110,
        " µs",
        at_most=True,
    ),
    Bar(
        "own SMTP client / smtp-source, prebuilt mail",
        ("smtp_client.ratio_to_smtp_source",),
        0.9,
        1.5,
    ),
    Bar(
        "batches / one Celery task a message",
        ("one_task_a_message.ratio_to_one_task_a_message",),
        20,
        50,
        _X,
    ),
    Bar("texts over HTTP / bare aiohttp, 20 in flight", ("http_sms.ratio_to_aiohttp",), 0.3, 0.6),
    Bar("texts over HTTP / stock httpx, 20 in flight", ("http_sms.ratio_to_httpx",), 5, 15, _X),
    Bar("texts over SMPP, window 100 / our HTTP gateway", ("smpp_window.ratio_to_http",), 4, 8, _X),
    Bar("plan {largest:,} people", ("plan.seconds",), 15, 4, " s", at_most=True),
    Bar("import {largest:,} rows", ("import.rows_per_second",), 30_000, 100_000, " rows/s"),
    Bar("decide, all rules, a person", ("decide.us_per_person",), 25, 10, " µs", at_most=True),
    Bar(
        "peak memory of a worker process",
        (
            "email_end_to_end.peak_memory_mb",
            "email_end_to_end_rabbitmq.peak_memory_mb",
            "scale.peak_memory_mb",
        ),
        200,
        100,
        " MB",
        at_most=True,
    ),
    Bar(
        "cost a message, {largest:,} people / {smallest:,}",
        ("scale.growth",),
        1.25,
        1.1,
        _X,
        at_most=True,
    ),
    Bar(
        "a flood of one-click requests, a minute",
        ("flood.a_minute",),
        10_000,
        20_000,
    ),
    Bar("the same, the slowest but one in a hundred", ("flood.p99_ms",), 1000, 250, " ms", True),
    Bar("the same, answers that are no 2xx", ("flood.not_2xx",), 0, 0, "", True),
    Bar("over a flaky gateway: told twice", ("flaky.doubles",), 0, 0, "", True),
    Bar("the same: lost", ("flaky.lost",), 0, 0, "", True),
    Bar("the same: a limit exceeded by", ("flaky.overshoot_percent",), 1, 0, " %", True),
    Bar("the same: until the next takes over", ("flaky.takeover_seconds",), 5, 4, " s", True),
    Bar(
        "opt-out to silence, the worst",
        ("silence.worst_ms",),
        1000,
        250,
        " ms",
        at_most=True,
    ),
)
