"""Report: what a campaign did so far, as counts."""

from __future__ import annotations

from dispatcher.domain import tens
from dispatcher.domain.reports import Report
from dispatcher.storage import campaigns, reports
from dispatcher.storage.database import Database


def report(database: Database, which: str, *, in_tens: bool = False) -> Report:
    """Count what happened to everybody in a campaign, by its name or number; or in whole tens."""
    with database.begin() as conn:
        done = reports.report(conn, campaigns.find(conn, which))
    return tens.report(done) if in_tens else done
