"""Mails that come back, written by us after what servers are known to write."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

SAMPLES = Path(__file__).parent.parent / "inbound" / "samples"


class Sample(NamedTuple):
    """One mail with what a person says of it."""

    name: str
    labels: tuple[str, ...]
    raw: bytes


def samples(*files: str) -> list[Sample]:
    """Read the samples of these files; `{ours}` stands for a mail of ours."""
    ours = (SAMPLES / "ours.txt").read_text()
    found = []
    for file in files:
        for chunk in ("\n" + (SAMPLES / file).read_text()).split("\n=== ")[1:]:
            head, _, mail = chunk.partition("\n")
            name, *labels = (label.strip() for label in head.split("|"))
            charset = labels[3] if len(labels) > 3 and labels[3] else "utf-8"
            to = labels[2] if len(labels) > 2 else "anna@example.com"
            text = mail.replace("{ours}", ours.replace("{to}", to)) + "\n"
            found.append(Sample(name, tuple(labels), text.encode(charset)))
    return found
