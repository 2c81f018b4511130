"""Other channel: who may no longer be reached as planned is reached another way, if any."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from dispatcher.domain.batches import Batch
from dispatcher.domain.campaigns import CampaignSpec
from dispatcher.domain.decisions import Decision, Reason, Verdict
from dispatcher.storage import recipients

_OF_A_CHANNEL = frozenset(
    {
        Reason.NO_ADDRESS,
        Reason.BAD_ADDRESS,
        Reason.SUPPRESSED,
        Reason.NO_CONSENT,
        Reason.IMPORTED_UNPROVEN,
        Reason.TOPIC_OPTED_OUT,
    }
)


def try_other_channel(
    conn: Connection,
    batch: Batch,
    spec: CampaignSpec,
    decisions: Sequence[Decision],
    now: float,
) -> list[Decision]:
    """Put off, instead of dropping, whom the campaign may now write to on another channel.

    They are woken at once, and planned anew as everybody is: on the first channel that is theirs.
    """
    refused = [
        decision.customer_id
        for decision in decisions
        if decision.verdict is Verdict.SKIP and decision.reason in _OF_A_CHANNEL
    ]
    if len(spec.channels) == 1 or not refused:
        return list(decisions)
    elsewhere = recipients.reached_elsewhere(conn, batch, spec, refused)
    return [
        _put_off(decision, now) if decision.customer_id in elsewhere else decision
        for decision in decisions
    ]


def _put_off(decision: Decision, now: float) -> Decision:
    return decision._replace(
        verdict=Verdict.DEFER,
        reason=Reason.OTHER_CHANNEL,
        rule="other_channel",
        until=now,
        detail=f"{decision.reason} on this channel",
    )
