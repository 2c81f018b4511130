"""The monitor's endpoint: /metrics in Prometheus' text form, of totals that name nobody."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import groupby
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dispatcher.services.gauges import HELP, Gauge, read_gauges
from dispatcher.web.deps import Deps

_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_KEPT = 5.0  # seconds: whoever asks more often gets the same answer, and costs nothing


class Monitor:
    """Looks once for all who ask within some seconds, and never twice at the same time."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._lock = threading.Lock()
        self._page = ""
        self._read_at = float("-inf")

    def page(self) -> str:
        """Give the page of now, or of some seconds ago."""
        with self._lock:
            if monotonic() - self._read_at > _KEPT:
                deps = self._deps
                self._page = written(read_gauges(deps.desk.database, deps.law, deps.wall()))
                self._read_at = monotonic()
            return self._page


def route(deps: Deps) -> Route:
    """Make the route; like everything that asks the database, it works in a thread."""
    monitor = Monitor(deps)

    async def metrics(_request: Request) -> Response:
        return Response(await run_in_threadpool(monitor.page), media_type=_TYPE)

    return Route("/metrics", metrics)


def written(gauges: Iterable[Gauge]) -> str:
    """Write gauges as Prometheus reads them: all of one name together, under its help."""
    return "".join(f"{line}\n" for line in _lines(gauges))


def _lines(gauges: Iterable[Gauge]) -> Iterator[str]:
    for name, group in groupby(sorted(gauges), key=lambda gauge: gauge.name):
        yield f"# HELP dispatcher_{name} {HELP[name]}"
        yield f"# TYPE dispatcher_{name} gauge"
        for gauge in group:
            labels = ",".join(f'{label}="{value}"' for label, value in gauge.labels)
            yield f"dispatcher_{name}{f'{{{labels}}}' if labels else ''} {gauge.value:.15g}"
