"""dkimpy, which others wrote: of this environment, else of Debian, whose package any Python reads.

It is published as source only, so the lock, which holds wheels, cannot have it.
"""

from __future__ import annotations

import sys
from base64 import b64decode
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DEBIAN = Path("/usr/lib/python3/dist-packages/dkim/__init__.py")
HINT = "apt install python3-dkim"


class _VerifyKey:
    """The one call that dkimpy makes of PyNaCl, which is not there: Ed25519, and no more."""

    def __init__(self, text: bytes, encoder: object) -> None:
        del encoder
        self._key = Ed25519PublicKey.from_public_bytes(b64decode(text))

    def verify(self, message: bytes, signature: bytes) -> None:
        self._key.verify(signature, message)


@cache
def dkimpy() -> Any:
    """Give the module; None where it is not to be had."""
    if find_spec("dkim") is None and not DEBIAN.exists():
        return None
    module: Any = import_module("dkim") if find_spec("dkim") else _of_debian()
    module.nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=_VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(BadSignatureError=InvalidSignature, ValueError=ValueError),
    )
    return module


def _of_debian() -> Any:
    spec = spec_from_file_location("dkim", DEBIAN, submodule_search_locations=[str(DEBIAN.parent)])
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["dkim"] = module
    spec.loader.exec_module(module)
    return module
