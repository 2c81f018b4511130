"""A desk over a fresh database, and files of customers that are brought to it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dispatcher.services.import_customers import Imported, Order, import_customers
from dispatcher.services.subscribe import Desk
from tests.support.people import NOON, desk_on


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with desk_on(database_url) as desk:
        yield desk


@pytest.fixture
def bring(desk: Desk, tmp_path: Path) -> Any:
    """Import a text as a file; each call is a file of its own."""

    def bring(content: str | bytes, name: str = "people.csv", **order: Any) -> Imported:
        path = tmp_path / name
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(raw)
        return import_customers(desk, Order(path, tmp_path / "rejects.csv", **order), NOON)

    return bring


@pytest.fixture
def rejects(tmp_path: Path) -> Any:
    """Read the rejects file: (line, column, reason)."""

    def read() -> list[tuple[int, str, str]]:
        with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
            return [(int(r["line"]), r["column"], r["reason"]) for r in csv.DictReader(file)]

    return read
