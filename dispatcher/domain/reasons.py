"""Reasons in sentences: what each one means, for `explain`, the reports and the reference."""

from __future__ import annotations

from collections.abc import Mapping

from dispatcher.domain.decisions import Reason

MEANING: Mapping[Reason, str] = {
    Reason.OK: "All rules passed.",
    Reason.TENANT_PAUSED: "The whole programme is paused.",
    Reason.OFFER_NOT_STARTED: "The offer cannot be taken up yet; it waits for its start.",
    Reason.OFFER_EXPIRED: "The offer is over, or would be before the next opening of the hours.",
    Reason.LEFT_AUDIENCE: "When it was their turn, the person was no longer in the audience.",
    Reason.ERASED: "The person was erased on request; nothing is left to send to.",
    Reason.NO_ADDRESS: "The person has no address on this channel.",
    Reason.BAD_ADDRESS: "The address does not exist; a gateway said so.",
    Reason.SUPPRESSED: "The address is suppressed: nothing is ever sent to it.",
    Reason.NO_CONSENT: "The person has not agreed to this topic on this channel.",
    Reason.IMPORTED_UNPROVEN: "A consent was imported without its evidence, so it does not count.",
    Reason.TOPIC_OPTED_OUT: "The person has opted out of this topic, or of the channel.",
    Reason.HOLDOUT: "The person is kept back, to see what the offer changes.",
    Reason.CONTEXT_HOLD: "Something is wrong between us, or was until just now: no offers.",
    Reason.QUIET_UNTIL: "The person asked for quiet for some time.",
    Reason.NOT_WORTH_IT: "The message is expected to cost more, goodwill too, than it brings.",
    Reason.QUIET_HOURS: "It is too early or too late where the person lives; it waits.",
    Reason.QUIET_HOURS_EXPIRED: "The person's hours never opened in time, or it waited too long.",
    Reason.SCHEDULED: "It waits for the time of day that the campaign names.",
    Reason.ZONE_UNKNOWN_CLOSED: "Nobody knows where the person lives, so no hour is a safe one.",
    Reason.CAP_BRAND: "The person has had as many offers of this brand as the limit allows.",
    Reason.CAP_PERSON: "The person has had as many offers as the limit allows.",
    Reason.CAP_SUBJECT: "The person has had as many offers about this as the limit allows.",
    Reason.CAP_CHANNELS: "The person was reached on another channel, and may be on one only.",
    Reason.CAP_DISCLOSED_FREQUENCY: "The person has had as many offers a month as was promised.",
    Reason.MIN_GAP: "The last offer was too short a time ago; it waits.",
    Reason.ECHO: "The person has just had this offer on another channel; it waits.",
    Reason.FATIGUE: "The person ignored eight offers in a row or more: one a month is enough.",
    Reason.DORMANT: "The person ignored twelve offers in a row: no more until they stir.",
    Reason.OUTRANKED: "Another campaign had something better for this person.",
    Reason.OTHER_CHANNEL: "No longer to be reached on this channel, so it goes by the next one.",
    Reason.BURST: "Too much was planned for the person at once; only the best of it goes out.",
    Reason.TOO_MANY_ATTEMPTS: "The gateway put it off too often.",
    Reason.COST_CEILING: "The campaign has spent what it may.",
    Reason.MISSING_FIELD: "The template needs a fact that is not known of the person.",
    Reason.RENDER_FAILED: "The template could not be filled in for this person.",
    Reason.TOO_MANY_SEGMENTS: "The text would take more SMS parts than allowed.",
    Reason.GATEWAY_DEFERRED: "The gateway asked to try again later.",
    Reason.GATEWAY_REFUSED: "The gateway refused it for good; its words are in the detail.",
    Reason.RATE_LIMITED: "The limit on messages a second was reached; it waits.",
    Reason.WITHDRAWN: "Right before the last bytes somebody withdrew: person, operator or time.",
    Reason.CANCELLED: "The campaign was cancelled before it was this person's turn.",
}
