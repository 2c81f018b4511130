"""The how-to: what it tells people to write is right."""

from __future__ import annotations

import re

from dispatcher.campaign_files.reader import read
from tests.support.campaigns import EXAMPLES

HOW_TO = EXAMPLES.parent / "how-to" / "write-a-campaign.md"


def test_the_file_in_the_how_to_is_right() -> None:
    """Its two pieces of TOML, one after the other, are a campaign without a notice."""
    pieces = re.findall(r"```toml\n(.*?)```", HOW_TO.read_text("utf-8"), re.DOTALL)
    assert len(pieces) == 2
    assert read("".join(pieces).encode(), "how-to.toml").notices == ()
