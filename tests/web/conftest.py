"""The web app before the desk that each module of tests sets up."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from dispatcher.services.subscribe import Desk
from dispatcher.web import create_app
from tests.web.doubles import Bell, deps_for


@pytest.fixture
def bell() -> Bell:
    """Remembers what was rung."""
    return Bell()


@pytest.fixture
def web(desk: Desk, bell: Bell) -> TestClient:
    """A visitor of the pages."""
    return TestClient(create_app(deps_for(desk, bell)))
