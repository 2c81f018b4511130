"""A launcher's end of the line, which lets go when the test is over."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dispatcher.embedded.processes import Lifeline


@pytest.fixture
def lifeline() -> Iterator[Lifeline]:
    """The line that servers watch: when it ends, so do they."""
    line = Lifeline.anonymous()
    yield line
    line.close()
