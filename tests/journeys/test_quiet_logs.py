"""Whatever is logged of a whole journey, at any level, holds no address; the queue neither."""

from __future__ import annotations

import ast
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from dispatcher.domain.messages import Channel
from dispatcher.services.erase import erase
from dispatcher.services.receive import reply
from tests.support.house import TUESDAY, House

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("", "sqlalchemy.engine", "sqlalchemy.pool", "psycopg", "asyncio", "dispatcher")


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """All that any library logs, down to the least."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in LIBRARIES}
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield out
    root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def test_no_address_is_logged_on_a_whole_journey(logged: io.StringIO, house: House) -> None:
    """Joining, sending by both channels, replying, erasing, and a bug that crashes."""
    here = house.dispatcher
    house.people(3, attributes={"first_name": "Annabel"})
    house.also_by(Channel.EMAIL, [1, 2, 3])
    house.campaign(channels=(Channel.SMS, Channel.EMAIL))
    house.run()
    reply(here.desk, "+447700900001", "STOP", TUESDAY, gateway="sms")
    erase(here.desk, 2, TUESDAY)
    twice = text(
        "INSERT INTO address (customer_id, channel, address, digest, digest_wide, bucket)"
        " SELECT customer_id, channel, :address, digest, digest_wide, 1 FROM address"
    )
    try:
        with here.database.begin() as conn:
            conn.execute(twice, {"address": "p3@example.com"})
    except IntegrityError:
        logging.getLogger("dispatcher").exception("a bug")
    said = logged.getvalue()
    assert "INSERT INTO" in said  # the statements are in it, whom they were about is not
    assert "a bug" in said
    for number in (1, 2, 3):
        assert f"p{number}@example.com" not in said
        assert f"+44770090000{number}" not in said


def test_the_queue_carries_nothing_but_its_name() -> None:
    """No task takes an argument, so nothing of anybody can be in a message of the broker."""
    source = (ROOT / "workers" / "tasks.py").read_text("utf-8")
    tasks = [
        each
        for each in ast.parse(source).body
        if isinstance(each, ast.FunctionDef) and each.decorator_list
    ]
    assert len(tasks) >= 6
    for task in tasks:
        assert not task.args.args + task.args.kwonlyargs, task.name
