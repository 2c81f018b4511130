"""A whole house for each journey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.house import House, house_on


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """A Dispatcher in safe mode over a fresh database."""
    with house_on(database_url, tmp_path / "home") as opened:
        yield opened
