"""The installation's secrets: read from the settings, or from a file that is made on first use."""

from __future__ import annotations

import secrets
from pathlib import Path

from dispatcher.errors import ConfigError
from dispatcher.settings import Settings
from dispatcher.tokens import MIN_KEY

KEYS_FILE = "keys"


def load_keys(settings: Settings) -> list[bytes]:
    """Give the installation's secrets, newest first; the key file is made on first use."""
    if settings.keys:
        try:
            keys = [bytes.fromhex(key.get_secret_value()) for key in settings.keys]
        except ValueError:
            keys = []
        if not keys or min(map(len, keys)) < MIN_KEY:
            problem = f"each key must have at least {2 * MIN_KEY} hexadecimal digits"
            raise ConfigError("DISPATCHER_KEYS", problem)
        return keys
    path = settings.home / KEYS_FILE
    if not path.exists():
        make_keys(path)
    try:
        keys = [bytes.fromhex(line) for line in path.read_text("ascii").split()]
    except ValueError:
        keys = []
    if not keys or min(map(len, keys)) < MIN_KEY:
        raise ConfigError(
            str(path),
            f"this is no key file: each line must be a key of at least {2 * MIN_KEY} hexadecimal "
            "digits; restore it from your backup",
        )
    return keys


def make_keys(path: Path) -> None:
    """Make the key file, readable by its owner only. Losing it means losing suppressions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(secrets.token_hex(32) + "\n", "ascii")
    new.rename(path)
