"""Topics: what a message that went out was about."""

from __future__ import annotations

from sqlalchemy import Connection, text

_TOPIC = text(
    "SELECT v.spec #>> '{audience,topic}' FROM wave w"
    " JOIN campaign_version v ON v.id = w.version_id WHERE w.id = :wave_id"
)


def topic_of_wave(conn: Connection, wave_id: int) -> str | None:
    """Give the topic that a wave's campaign is sent under; None when nobody knows any more."""
    return conn.execute(_TOPIC, {"wave_id": wave_id}).scalar_one_or_none()
