"""An import that is killed for real, at no chosen moment, ends as if nothing had been."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatcher.services.import_customers import Order, import_customers
from dispatcher.services.subscribe import Desk
from dispatcher.storage import chains, imports
from tests.support.people import NOON, desk_on

PEOPLE = 12_000
IMPORT = """
import sys
from pathlib import Path
from dispatcher.services import import_customers as journey
from tests.support.people import NOON, desk_on
journey.CHUNK = 500
journey.SHARED_FROM = 0
with desk_on(sys.argv[1]) as desk:
    journey.import_customers(desk, journey.Order(Path(sys.argv[2]), Path(sys.argv[3])), NOON)
"""
REACHED = "SELECT count(*) FROM customer"


def _turn_is_free(desk: Desk) -> bool:
    with desk.database.begin() as conn:
        return imports.take_turn(conn)


@pytest.mark.slow
def test_kill_9_in_mid_merge_loses_and_doubles_nobody(database_url: str, tmp_path: Path) -> None:
    path, rejects = tmp_path / "people.csv", tmp_path / "rejects.csv"
    rows = (f"p{i}@example.com,coffee,2026-05-01,gdpr_consent,form,Yes" for i in range(PEOPLE))
    head = "email,topics,consent_at,consent_kind,consent_source,consent_wording"
    path.write_text("\n".join((head, *rows)))
    order = [sys.executable, "-c", IMPORT, database_url, str(path), str(rejects)]
    root = Path(__file__).parents[2]
    with desk_on(database_url) as desk, subprocess.Popen(order, cwd=root) as process:
        deadline = time.monotonic() + 60
        reached = 0
        while not reached and process.poll() is None and time.monotonic() < deadline:
            with desk.database.begin() as conn:
                reached = conn.execute(text(REACHED)).scalar_one()
        process.kill()
        process.wait()
        assert 0 < reached < PEOPLE
        while not _turn_is_free(desk) and time.monotonic() < deadline:
            continue  # the server has yet to notice that nobody is there any more
        done = import_customers(desk, Order(path, rejects), NOON)
        assert (done.rows, done.people, done.proven) == (PEOPLE, PEOPLE, PEOPLE)
        with desk.database.begin() as conn:
            ids = conn.execute(text("SELECT id FROM customer")).scalars().all()
            assert len(ids) == PEOPLE
            assert chains.verify_chain(conn, ids) == []
            assert conn.execute(text("SELECT count(*) FROM consent_event")).scalar_one() == PEOPLE
