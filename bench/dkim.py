"""Measures DKIM signing of a rendered mail, against dkimpy on the same mail in the same run.

python -m bench.dkim [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from bench.render import desk
from bench.world import Missing
from dispatcher.domain.messages import Message
from dispatcher.gateways.email.dkim import Signer, parted, relaxed_body
from dispatcher.gateways.email.dkim_keys import Kind, load_key, make_key
from dispatcher.rendering.email import EmailRenderer
from tests.support.dkimpy import HINT, dkimpy

OURS, THEIRS = 500, 5  # calls a round
DOMAIN, SELECTOR = "linden.example", "s1"


def measure(rounds: int) -> dict[str, object]:
    """Sign one mail over and over; processor time, medians of the rounds. Raises Missing."""
    if dkimpy() is None:
        raise Missing(f"dkimpy is missing: {HINT}")
    _, _, _, template, person, now = desk()
    message = EmailRenderer(template, now).render(person)
    assert isinstance(message, Message)
    content, body = message.content, parted(message.content)[1]
    with TemporaryDirectory() as folder:
        files = {kind: Path(folder) / kind for kind in Kind}
        for kind, file in files.items():
            make_key(file, kind)
        ours = {kind: _ours(content, file, rounds) for kind, file in files.items()}
        theirs = _theirs(content, files[Kind.RSA], rounds)
    return {
        "ratio_to_dkimpy": round(theirs / ours[Kind.RSA], 1),
        "rsa_us": round(ours[Kind.RSA], 1),
        "ed25519_us": round(ours[Kind.ED25519], 1),
        "dkimpy_rsa_us": round(theirs, 1),
        "rsa_per_second": round(1e6 / ours[Kind.RSA]),
        "ed25519_per_second": round(1e6 / ours[Kind.ED25519]),
        "relaxed_body_us": round(_microseconds(lambda: relaxed_body(body), OURS, rounds), 1),
        "bytes_per_mail": len(content),
    }


def _ours(content: bytes, file: Path, rounds: int) -> float:
    keys = (load_key(file, DOMAIN, SELECTOR),)
    signer = Signer({DOMAIN: keys})
    return _microseconds(lambda: signer.signed(content, keys), OURS, rounds)


def _theirs(content: bytes, file: Path, rounds: int) -> float:
    key = load_pem_private_key(file.read_bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    sign, names = dkimpy().sign, (SELECTOR.encode(), DOMAIN.encode())
    relaxed = (b"relaxed", b"relaxed")
    return _microseconds(lambda: sign(content, *names, pem, canonicalize=relaxed), THEIRS, rounds)


def _microseconds(call: Callable[[], object], number: int, rounds: int) -> float:
    times = timeit.repeat(call, number=number, repeat=rounds, timer=time.process_time)
    return statistics.median(times) / number * 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    for name, value in measure(parser.parse_args().rounds).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
