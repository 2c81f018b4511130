"""A worker process tells that it lives, whatever it has to do."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.support.house import House
from tests.support.patience import eventually
from tests.workers.conftest import Celery


@pytest.mark.slow
def test_a_process_that_is_awake_is_heard_of_without_any_campaign(
    house: House, celery: Celery
) -> None:
    """Its sign is renewed in time, long after it began."""
    celery("worker", "--pool", "solo")
    celery("beat")
    assert eventually(lambda: house.query("SELECT count(*) FROM worker") == [1], 60)
    with house.dispatcher.database.begin() as conn:
        conn.execute(text("UPDATE worker SET beat_at = beat_at - interval '10 minutes'"))
    heard = "SELECT beat_at > clock_timestamp() - interval '1 minute' FROM worker"
    assert eventually(lambda: house.query(heard) == [True], 60)
