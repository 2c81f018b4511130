"""Rings Celery by queue name; task and queue share their name, so there is nothing else to know."""

from __future__ import annotations

import logging

from celery import Celery
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)
QUEUES = ("plan", "dispatch.email", "dispatch.sms", "inbound", "tidy")


class CeleryBell:
    """Rings through the broker. A bell that cannot be rung is only late: the sweeper rings it."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring(self, queue: str) -> None:
        """Ring one queue."""
        try:
            self._app.send_task(queue, queue=queue, retry=False, ignore_result=True)
        except OperationalError as error:
            log.warning("the bell of %s could not be rung, the sweeper will: %s", queue, error)


class SilentBell:
    """Rings nothing, for commands that work without a broker; the sweeper finds the work."""

    def ring(self, queue: str) -> None:
        """Do nothing."""
