"""Kinds of consent: on which ground of law somebody may be written to."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from dispatcher.domain.messages import Channel


class ConsentKind(StrEnum):
    """The grounds an import may name."""

    TCPA_PEWC = "tcpa_pewc"
    TCPA_PEC = "tcpa_pec"
    CASL_EXPRESS = "casl_express"
    CASL_IMPLIED_PURCHASE = "casl_implied_purchase"
    CASL_IMPLIED_INQUIRY = "casl_implied_inquiry"
    CASL_IMPLIED_PUBLISHED = "casl_implied_published"
    CASL_REFERRAL = "casl_referral"
    GDPR_CONSENT = "gdpr_consent"
    SOFT_OPT_IN = "soft_opt_in"
    DOUBLE_OPT_IN = "double_opt_in"
    KR_AD_CONSENT = "kr_ad_consent"
    JP_OPT_IN = "jp_opt_in"
    IN_DCA_CONSENT = "in_dca_consent"
    REGISTRY_CONSENT = "registry_consent"
    ASK_ONCE = "ask_once"
    LEGITIMATE_INTEREST_B2B = "legitimate_interest_b2b"
    US_CANSPAM_NOTICE = "us_canspam_notice"


# What an express consent is called where the law has a name of its own for it.
_EXPRESS = {
    "US": ConsentKind.TCPA_PEWC,
    "CA": ConsentKind.CASL_EXPRESS,
    "KR": ConsentKind.KR_AD_CONSENT,
    "JP": ConsentKind.JP_OPT_IN,
}


def by_own_hand(jurisdictions: Sequence[str], channel: Channel) -> ConsentKind:
    """Name a consent that was asked for and confirmed, at the places a number may be of."""
    if channel is Channel.SMS:
        for code in jurisdictions:
            kind = _EXPRESS.get(code.partition("-")[0])
            if kind:
                return kind
    return ConsentKind.DOUBLE_OPT_IN


class HoursKind(StrEnum):
    """The grounds for hours beyond those of a law; no import may name them."""

    KR_NIGHT_CONSENT = "kr_night_consent"
    WRITTEN_HOURS = "written_hours"
