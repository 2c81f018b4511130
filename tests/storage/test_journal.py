"""The journal: its records are whole, a full disk refuses them, and it outlives its writer."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispatcher.domain.messages import DeliveryKey, Outcome, Receipt
from dispatcher.storage import journal
from dispatcher.storage.journal import Journal, JournalFull

KEY = DeliveryKey(7, 1, 1)
MANY = 10**9  # a person whom no record before was about


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """No file may grow beyond so many bytes; to the journal that is a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _took(mine: Journal, key: DeliveryKey) -> bool:
    try:
        mine.begin(key)
    except JournalFull:
        return False
    return True


def test_an_abandoned_journal_is_adopted_with_all_it_says(tmp_path: Path) -> None:
    """As if its writer had died; while the writer has it, nobody else may read it."""
    mine = Journal(tmp_path, "worker-1")
    mine.begin(KEY)
    mine.begin(KEY._replace(customer_id=2))
    mine.receipt(Receipt(KEY, Outcome.UNSURE, code="lost"))
    assert list(journal.orphans(tmp_path)) == []
    mine.abandon()
    (legacy,) = journal.orphans(tmp_path)
    assert legacy.complete
    assert legacy.begun == {KEY, KEY._replace(customer_id=2)}
    assert legacy.receipts == {KEY: Receipt(KEY, Outcome.UNSURE, code="lost")}
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_refuses_a_record_and_keeps_the_others_whole(tmp_path: Path) -> None:
    """Nothing is begun that is not noted; once there is room again, notes go on."""
    mine, noted = Journal(tmp_path, "worker-1"), 0
    with full_disk(1 << 20):
        while _took(mine, KEY._replace(customer_id=noted)):
            noted += 1
    mine.begin(KEY._replace(customer_id=MANY))
    mine.abandon()
    (legacy,) = journal.orphans(tmp_path)
    assert {key.customer_id for key in legacy.begun} == {*range(noted), MANY}


def test_a_full_disk_gives_no_journal_and_leaves_no_file(tmp_path: Path) -> None:
    """Who has no journal must not send; every further try starts afresh."""
    with full_disk(100):
        for _ in range(3):
            with pytest.raises(JournalFull):
                Journal(tmp_path, "worker-1")
    assert list(tmp_path.iterdir()) == []
