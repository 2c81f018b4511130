"""Lists of wordings as one pattern."""

from __future__ import annotations

import re


def any_of(*patterns: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Give a pattern that finds any of these."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)
