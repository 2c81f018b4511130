"""The sandbox page on a port of this machine, until it is interrupted or its time is over."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette

from dispatcher.embedded.processes import LOOPBACK


def listen(port: int) -> socket.socket:
    """Take a port of the loopback address, 0 for a free one, before anybody is sent there."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((LOOPBACK, port))
    return listening


def serve(app: Starlette, listening: socket.socket, seconds: float) -> None:
    """Serve until Ctrl-C or SIGTERM, or so many seconds (0: no limit)."""
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2)
    asyncio.run(_serve(uvicorn.Server(config), listening, seconds))


async def _serve(server: uvicorn.Server, listening: socket.socket, seconds: float) -> None:
    if seconds:
        asyncio.get_running_loop().call_later(seconds, setattr, server, "should_exit", True)
    await server.serve([listening])
