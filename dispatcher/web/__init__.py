"""The pages and endpoints of the outside world: gateways that call back, customers who click."""

from __future__ import annotations

from dispatcher.web.app import create_app
from dispatcher.web.deps import Deps

__all__ = ["Deps", "create_app"]
