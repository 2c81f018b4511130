"""What is nobody's business: words that speak of health, faith, origin, or a blow of fate.

Special categories and what stands in for them (GDPR art. 9), and the turns of a life nobody wants
to be sold things on. A list of words, not of meanings: it errs on the side of asking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Category(StrEnum):
    """What may be neither a condition nor in a text without explicit consent."""

    HEALTH = "health"
    PREGNANCY = "pregnancy"
    RELIGION = "religion"
    POLITICS = "politics"
    ETHNIC_ORIGIN = "ethnic_origin"
    SEX_LIFE = "sex_life"
    TRADE_UNION = "trade_union"
    BIOMETRICS = "biometrics"
    DIVORCE = "divorce"
    ILLNESS = "illness"
    BEREAVEMENT = "bereavement"
    DEBT = "debt"


class Tagged(NamedTuple):
    """A word that speaks of a category, and where in the text it begins."""

    category: Category
    word: str
    place: int


# English, French, German. An asterisk stands for any ending.
_WORDS: Mapping[Category, str] = {
    Category.HEALTH: (
        "pharmac*|prescriptions?|medications?|medicines?|diagnos[ei]s|diabet*|cancer|hiv|disabled"
        "|disabilit*|antidepressants?|pharmacie|ordonnance|médicaments?|diabète|handicap|apotheke*"
        "|medikament*|diagnose|schwerbehindert*"
    ),
    Category.PREGNANCY: (
        "pregnan*|maternity|trimesters?|fertility|ovulation|expecting a baby|enceinte|grossesse"
        "|maternité|schwanger*|mutterschaft*"
    ),
    Category.RELIGION: (
        "religio*|ramad[ah]n|ramazan|muslims?|musulman*|jewish|hindus?|buddhists?|catholi*"
        "|protestants?|halal|kosher|mosque|synagogue|religiös*|katholi*|moschee"
    ),
    Category.POLITICS: "politic*|party members?|voters?|politique|politisch*|wähler*",
    Category.ETHNIC_ORIGIN: "ethnic*|skin colou?r|origine ethnique|ethnisch*|hautfarbe",
    Category.SEX_LIFE: "sex life|sexual*|sexuel*|gays?|lesbian*|homosexu*|lesbisch*",
    Category.TRADE_UNION: (
        "trade unions?|labou?r unions?|union members?|syndicats?|syndiqué*|gewerkschaft*"
    ),
    Category.BIOMETRICS: "biometri*|fingerprints?|face scans?|empreintes? digitales?|fingerabdr*",
    Category.DIVORCE: "divorc*|scheidung*|geschieden*",
    Category.ILLNESS: "illness*|sickness|hospitals?|surgery|maladies?|hôpital|krankheit*|kranken*",
    Category.BEREAVEMENT: (
        "bereave*|widow*|funerals?|passed away|deuil|veuves?|veuf|décès|trauerfall|verwitwet*"
    ),
    Category.DEBT: "debts?|indebted|bankrupt*|in arrears|dettes?|surendett*|schulden|verschuld*",
}
# Everyday words in a text, but as a condition on people they mean just this.
_CONDITIONS: Mapping[Category, str] = {
    Category.HEALTH: "health|santé|gesundheit|weight|bmi|therapy|allerg*",
    Category.PREGNANCY: "due date|baby|expecting",
    Category.RELIGION: "faith|church|christian*|islam*|confession|konfession",
    Category.POLITICS: "party|partei|vote",
    Category.ETHNIC_ORIGIN: "race|origin|herkunft|nationality",
    Category.SEX_LIFE: "orientation|partner gender",
    Category.TRADE_UNION: "union",
    Category.ILLNESS: "ill|sick|krank|malade",
    Category.DEBT: "arrears|overdue|credit score|insolven*",
}


def _pattern(words: str) -> re.Pattern[str]:
    any_ending = words.replace("*", r"\w*")
    return re.compile(rf"(?<!\w)(?:{any_ending})(?!\w)", re.IGNORECASE)


_IN_TEXTS = {category: _pattern(words) for category, words in _WORDS.items()}
_IN_CONDITIONS = {category: _pattern(words) for category, words in _CONDITIONS.items()}


def in_text(text: str) -> list[Tagged]:
    """Find what a text for people says of a category, in the order of the text."""
    found = [
        Tagged(category, match[0], match.start())
        for category, pattern in _IN_TEXTS.items()
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda tagged: tagged.place)


def in_condition(words: str) -> list[Tagged]:
    """Find what the name or a value of a condition says of a category: due_date, PharmacyGoods."""
    plain = _JOINT.sub(" ", words)
    found = [
        Tagged(category, match[0], match.start())
        for category, pattern in _IN_CONDITIONS.items()
        for match in pattern.finditer(plain)
    ]
    return [*in_text(plain), *found]


# Where the words of a name meet: has_debt, has-debt, hasDebt.
_JOINT = re.compile(r"[_\-./:]+|(?<=[a-zäöüß])(?=[A-ZÄÖÜ])")
