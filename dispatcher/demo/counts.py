"""What came of the demo's campaigns, counted from the deliveries, and what the story expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

Rows = Mapping[tuple[str, str], int]

QUERY = "SELECT state, reason, count(*) FROM delivery GROUP BY state, reason ORDER BY state, reason"
# The words of the story, and which verdicts they stand for.
WORDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "sent": (("accepted", "ok"),),
    "deferred": (("deferred", "quiet_hours"), ("deferred", "min_gap")),
    "no consent": (("skipped", "no_consent"),),
    "unproven": (("skipped", "imported_unproven"),),
    "holdout": (("skipped", "holdout"),),
    "capped": (("skipped", "cap_person"),),
    "opted out": (("skipped", "topic_opted_out"), ("skipped", "suppressed")),
}
_BY_CAMPAIGN = text("""
    SELECT c.name, d.state, d.reason, count(*)
    FROM delivery d JOIN wave w ON w.id = d.wave_id JOIN campaign c ON c.id = w.campaign_id
    GROUP BY c.id, d.state, d.reason ORDER BY c.id
""")


def rows(conn: Connection) -> dict[tuple[str, str], int]:
    """Ask what the demo shows at its end."""
    found = conn.execute(text(QUERY))
    return {(state, reason): people for state, reason, people in found}


def by_campaign(conn: Connection) -> dict[str, dict[str, int]]:
    """Count the same for each campaign by its name, under the story's words."""
    found: dict[str, dict[tuple[str, str], int]] = {}
    for campaign, state, reason, people in conn.execute(_BY_CAMPAIGN):
        found.setdefault(campaign, {})[state, reason] = people
    return {campaign: in_words(rows) for campaign, rows in found.items()}


def in_words(counted: Rows) -> dict[str, int]:
    """Add the verdicts up under the story's words; what it has no word for is "other"."""
    found = {
        word: sum(counted.get(verdict, 0) for verdict in verdicts)
        for word, verdicts in WORDS.items()
    }
    other = sum(counted.values()) - sum(found.values())
    return found | ({"other": other} if other else {})


def differences(found: Mapping[str, int], expected: Mapping[str, int]) -> Iterable[str]:
    """Say where the counts are not the story's."""
    for word in dict.fromkeys((*expected, *found)):
        if found.get(word, 0) != expected.get(word, 0):
            yield f"{word}: {found.get(word, 0)}, not {expected.get(word, 0)}"
