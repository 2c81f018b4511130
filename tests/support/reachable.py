"""Waiting for servers: whether something answers at an address yet."""

from __future__ import annotations

import socket

import httpx


def answers(url: str) -> bool:
    """Tell whether a page is served there."""
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def listens(port: int) -> bool:
    """Tell whether something takes connections at a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
