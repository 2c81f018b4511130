"""Reports: what a campaign did, counted from the deliveries themselves."""

from __future__ import annotations

from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import Campaign
from dispatcher.domain.deliveries import DeliveryState
from dispatcher.domain.messages import Channel
from dispatcher.domain.reports import Report, ReportRow, WaveState

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


def report(conn: Connection, campaign: Campaign) -> Report:
    """Count everything about a campaign, over all its waves."""
    values = {"campaign": campaign.id}
    waves = conn.execute(_WAVES, values)
    replies = {row.label: row.replies for row in conn.execute(_REPLIES, values)}
    return Report(
        campaign_id=campaign.id,
        name=campaign.name,
        state=campaign.state,
        note=campaign.note,
        rows=_rows(conn, campaign),
        waves=tuple(WaveState(w.id, w.state, w.version, w.people, w.missing) for w in waves),
        replies=sum(replies.values()),
        opt_outs=conn.execute(_OPT_OUTS, values).scalar_one(),
        by_reply=replies,
    )


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
