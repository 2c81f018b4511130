"""Says why a test cannot run here; DISPATCH_REQUIRE=all turns such a skip into a failure."""

from __future__ import annotations

import os

import pytest


def require(available: object, name: str, reason: str, install_line: str) -> None:
    """Skip the test unless `available`: `name` is missing, `reason` is why the test needs it."""
    if available:
        return
    message = f"{name} is missing, needed to {reason}; to install it: {install_line}"
    if os.environ.get("DISPATCH_REQUIRE") == "all":
        pytest.fail(f"{message} (DISPATCH_REQUIRE=all forbids skipping)", pytrace=False)
    pytest.skip(message)
