"""Replies: what a person's text means, in whatever language and dress it comes.

The steps: cut what machines added, fold the letters (normalise.py), look the words up
(lexicon.py, words.toml). Keywords say it for certain (keywords.py, unspaced.py, slips.py);
everything else is weighed (traits.py, weighing.py) by what was learned from examples (learning.py).
In doubt a text counts as an opt-out that a person should look at.
"""

from __future__ import annotations

from dispatcher.inbound.replies.meanings import Intent, Reply
from dispatcher.inbound.replies.normalise import MOST_CHARACTERS
from dispatcher.inbound.replies.reading import read_reply

__all__ = ["MOST_CHARACTERS", "Intent", "Reply", "read_reply"]
