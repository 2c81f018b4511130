"""Batches: the unit in which people are decided on, rendered and handed over."""

from __future__ import annotations

from typing import NamedTuple

from dispatcher.domain.messages import Channel


class BatchKey(NamedTuple):
    """Names a batch: primary key of `batch`."""

    wave_id: int
    shard: int
    batch_no: int


class Batch(NamedTuple):
    """A batch a worker holds: leased until the database's clock passes the lease, fenced."""

    key: BatchKey
    fence: int
    campaign_id: int
    version_id: int
    channel: Channel
    gateway: str
    size: int
