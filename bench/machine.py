"""What was measured on: the machine and what runs on it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from bench import sink

_PACKAGES = ("celery", "psycopg", "sqlalchemy", "minijinja", "httpx", "aiohttp")


def describe() -> dict[str, object]:
    """Describe this machine; `load_before` tells whether it was idle."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor(),
        "memory_gb": round(int(_line("/proc/meminfo", "MemTotal").split()[0] or 0) / 1e6),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "postfix": sink.version() or None,
        "load_before": round(os.getloadavg()[0], 2),
    }


def _line(file: str, name: str) -> str:
    for line in Path(file).read_text("utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0"
