"""Report: what a campaign did so far, as counts."""

from __future__ import annotations

from dispatcher.domain.reports import Report
from dispatcher.storage import campaigns, reports
from dispatcher.storage.database import Database


def report(database: Database, which: str) -> Report:
    """Count what happened to everybody in a campaign, by its name or number."""
    with database.begin() as conn:
        return reports.report(conn, campaigns.find(conn, which))
