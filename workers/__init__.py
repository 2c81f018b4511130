"""Celery workers: `celery -A workers worker` serves all queues."""

from __future__ import annotations

from workers.app import app

__all__ = ["app"]
