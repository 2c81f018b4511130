"""The whole retry policy: an outage ends the task, and the next tick of beat rings again.

Celery retries nothing: the tables know what is to be done, and one person's trouble is a row with
a time on it. A bug is a crash, and shows.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Task

from dispatcher.errors import Unavailable

log = logging.getLogger("dispatcher.workers")


class Doorbell(Task):  # type: ignore[type-arg]
    """A task without arguments that does whatever waits in its queue."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run; an outage is logged and left to the next bell."""
        try:
            return super().__call__(*args, **kwargs)
        except Unavailable as outage:
            log.warning("%s: later, %s", self.name, outage)
            return None
