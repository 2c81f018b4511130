"""Looks at a strange template in a process of its own, with little memory and little time.

The grammar already keeps templates small. This is the second wall: whatever a text does to the
MJML parser or the engine, it does to a child process that is thrown away.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from dispatcher.domain.campaigns import Brand, Offer, TemplateSource
from dispatcher.domain.messages import JSON, Channel
from dispatcher.errors import CampaignError
from dispatcher.rendering.inspection import Inspection, inspect

MEMORY = 1024 * 1024 * 1024
CPU_SECONDS = 10
WALL_SECONDS = 30.0

# The child is told where to import from; nothing of our environment goes with it.
_CHILD = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from dispatcher.rendering.watchdog import limit, serve; limit(); serve()"
)


def check(
    source: TemplateSource,
    languages: Sequence[str],
    channels: Sequence[Channel] = (Channel.EMAIL, Channel.SMS),
    *,
    root: str = "",
    brand: Brand | None = None,
    offer: Offer | None = None,
    reconfirms: bool = False,
) -> list[CampaignError]:
    """List what is wrong with a template for these languages and channels; empty when nothing is.

    `root` is the folder to name in problems. With `brand` and `offer` the campaign's own values
    are tried. Takes about a third of a second, at most 30 s and 1 GB.
    """
    where = root or f"templates/{source.name}"
    asked = Inspection(source, tuple(languages), tuple(channels), where, brand, offer, reconfirms)
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-c", _CHILD, json.dumps(sys.path)],
            input=json.dumps(asdict(asked)).encode(),
            capture_output=True,
            timeout=WALL_SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        return [CampaignError(where, 1, "The template takes too long to render; make it simpler.")]
    if child.returncode != 0:
        return [CampaignError(where, 1, _last_words(child))]
    return [CampaignError(*problem) for problem in json.loads(child.stdout)]


def _last_words(child: subprocess.CompletedProcess[bytes]) -> str:
    if child.returncode < 0 or b"MemoryError" in child.stderr:
        return "The template takes too much time or memory to render; make it simpler."
    raise RuntimeError(f"the template check broke down: {child.stderr.decode(errors='replace')}")


def limit() -> None:
    """Take memory and time away from this process, for good."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve() -> None:
    """Be the child: read one inspection from standard input, write its problems as JSON."""
    problems = inspect(_asked(json.load(sys.stdin)))
    rows = [(wrong.path, wrong.line, wrong.problem, wrong.field) for wrong in problems]
    json.dump(rows, sys.stdout)


def _asked(data: JSON) -> Inspection:
    return Inspection(
        TemplateSource(**{**data["source"], "required": tuple(data["source"]["required"])}),
        tuple(data["languages"]),
        tuple(Channel(channel) for channel in data["channels"]),
        data["root"],
        Brand(**data["brand"]) if data["brand"] else None,
        Offer(**data["offer"]) if data["offer"] else None,
        data["reconfirms"],
    )
