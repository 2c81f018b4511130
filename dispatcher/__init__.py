"""Dispatcher: a permission-based dispatcher of e-mail and mobile offers."""

from __future__ import annotations

__version__ = "0.1.0"
