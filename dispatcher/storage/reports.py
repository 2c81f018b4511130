"""Reports: what a campaign did, counted from the deliveries themselves."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import Campaign
from dispatcher.domain.decisions import Reason
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import HANDED_OVER, Compared, Report, ReportRow, WaveState

# An answer within three days of the message is an answer to it.
_ANSWERED = """
    FROM delivery d JOIN wave w ON w.id = d.wave_id
    JOIN {answers} a ON a.customer_id = d.customer_id
    WHERE w.campaign_id = :campaign AND d.state IN ('accepted', 'unsure')
      AND a.received_at BETWEEN d.decided_at AND d.decided_at + interval '3 days'
"""

_DELIVERIES = text("""
    SELECT d.state, d.reason, d.channel, coalesce(c.language, '') AS language, d.gateway,
           count(*) AS people, sum(d.parts) AS parts, sum(d.cost)::float8 AS cost
    FROM delivery d JOIN wave w ON w.id = d.wave_id LEFT JOIN customer c ON c.id = d.customer_id
    WHERE w.campaign_id = :campaign
    GROUP BY d.state, d.reason, d.channel, coalesce(c.language, ''), d.gateway
    ORDER BY people DESC, d.state, d.reason, d.channel, language
""")

_WAVES = text("""
    SELECT w.id, w.state, v.no AS version, w.people, (
        SELECT count(*) FROM audience a
        WHERE a.wave_id = w.id AND NOT EXISTS (
            SELECT FROM delivery d WHERE d.wave_id = w.id AND d.customer_id = a.customer_id)
    ) AS missing
    FROM wave w JOIN campaign_version v ON v.id = w.version_id
    WHERE w.campaign_id = :campaign ORDER BY w.id
""")

_REPLIES = text(f"""
    SELECT a.label, count(DISTINCT a.id) AS replies {_ANSWERED.format(answers="reply")}
      AND a.channel = d.channel
    GROUP BY a.label ORDER BY replies DESC, a.label
""")

_OPT_OUTS = text(f"""
    SELECT count(DISTINCT a.customer_id) {_ANSWERED.format(answers="consent_event")}
      AND a.action = 'opt_out' AND a.channel = d.channel
""")


# Of those who got it and of those who were kept back, each from the moment of the verdict on.
_COMPARED = """
    SELECT count(DISTINCT (d.wave_id, d.customer_id)) FILTER (WHERE d.state <> 'skipped') AS sent,
           count(DISTINCT (d.wave_id, d.customer_id)) FILTER (WHERE d.state = 'skipped') AS kept
    FROM delivery d JOIN wave w ON w.id = d.wave_id
    JOIN {answers} a ON a.customer_id = d.customer_id AND a.channel = d.channel
    WHERE w.campaign_id = :campaign
      AND (d.state IN ('accepted', 'unsure') OR d.state = 'skipped' AND d.reason = 'holdout')
      AND a.received_at BETWEEN d.decided_at AND d.decided_at + interval '3 days'
"""

_WHAT = {
    "wrote to us": text(_COMPARED.format(answers="reply")),
    "left": text(_COMPARED.format(answers="consent_event") + " AND a.action = 'opt_out'"),
}


def report(conn: Connection, campaign: Campaign) -> Report:
    """Count everything about a campaign, over all its waves."""
    values = {"campaign": campaign.id}
    waves = conn.execute(_WAVES, values)
    replies = {row.label: row.replies for row in conn.execute(_REPLIES, values)}
    rows = _rows(conn, campaign)
    return Report(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        note=campaign.note,
        rows=rows,
        waves=tuple(WaveState(w.id, w.state, w.version, w.people, w.missing) for w in waves),
        replies=sum(replies.values()),
        opt_outs=conn.execute(_OPT_OUTS, values).scalar_one(),
        by_reply=replies,
        compared=tuple(_compared(conn, campaign, rows)),
    )


def _compared(
    conn: Connection, campaign: Campaign, rows: tuple[ReportRow, ...]
) -> Iterator[Compared]:
    kept = sum(row.people for row in rows if row.reason == Reason.HOLDOUT)
    sent = sum(row.people for row in rows if row.state in HANDED_OVER)
    for what, query in _WHAT.items() if kept else ():
        found = conn.execute(query, {"campaign": campaign.id}).one()
        yield Compared(what, found.sent, sent, found.kept, kept)


def _rows(conn: Connection, campaign: Campaign) -> tuple[ReportRow, ...]:
    rows = conn.execute(_DELIVERIES, {"campaign": campaign.id})
    return tuple(
        ReportRow(
            DeliveryState(row.state),
            row.reason,
            Channel(row.channel),
            row.language,
            row.gateway,
            row.people,
            row.parts,
            row.cost,
        )
        for row in rows
    )
