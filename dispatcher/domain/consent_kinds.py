"""Kinds of consent: on which ground of law somebody may be written to."""

from __future__ import annotations

from enum import StrEnum


class ConsentKind(StrEnum):
    """The grounds an import may name."""

    TCPA_PEWC = "tcpa_pewc"
    TCPA_PEC = "tcpa_pec"
    CASL_EXPRESS = "casl_express"
    CASL_IMPLIED_PURCHASE = "casl_implied_purchase"
    CASL_IMPLIED_INQUIRY = "casl_implied_inquiry"
    CASL_IMPLIED_PUBLISHED = "casl_implied_published"
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


class HoursKind(StrEnum):
    """The grounds for hours beyond those of a law; no import may name them."""

    KR_NIGHT_CONSENT = "kr_night_consent"
    WRITTEN_HOURS = "written_hours"
