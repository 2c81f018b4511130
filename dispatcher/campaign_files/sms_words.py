"""Words that get a text to phones blocked: bait, trades with rules of their own, shorteners."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Anybody may shorten a link there, so operators trust none.
SHORTENERS = frozenset(
    {
        *("bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "cutt.ly", "rebrand.ly"),
        *("buff.ly", "t.ly", "rb.gy", "shorturl.at", "tiny.cc", "v.gd", "bl.ink", "s.id"),
    }
)

BAIT: Mapping[str, re.Pattern[str]] = {
    "reads like a code to log in with": re.compile(
        r"\b(?:verification|security|one[- ]time|login) (?:pass)?code\b|\bone[- ]time password\b"
        r"|\b(?:your code(?: is)?|votre code(?: est)?|(?:ihr|dein) code(?: lautet| ist)?):?"
        r" \d{4,8}\b"
        r"|\bcode de (?:vérification|sécurité)\b|\bbestätigungscode\b"
        r"|\bcódigo de verificaci[óo]n\b|\bcodice di verifica\b",
        re.IGNORECASE,
    ),
    "reads like the notice of a parcel": re.compile(
        r"\b(?:missed|failed) (?:a |your )?(?:parcel|package|delivery)\b"
        r"|\b(?:parcel|package) (?:is )?(?:waiting|held|on hold)\b"
        r"|\bvotre colis (?:est|a|n['’]a|attend)\b|\b(?:ihr|dein) paket (?:ist|wartet|konnte)\b"
        r"|\bsu paquete (?:está|no)\b|\bil (?:suo|tuo) pacco (?:è|non)\b",
        re.IGNORECASE,
    ),
    "reads like the notice of an order or account": re.compile(
        r"\byour (?:order|payment|account) (?:has been |is |was )?"
        r"(?:shipped|confirmed|on hold|failed|declined|locked|suspended)\b"
        r"|\bvotre (?:commande|compte) (?:a été |est )?(?:expédiée|confirmée|bloqué|suspendu)\b"
        r"|\bihr konto (?:wurde |ist )?(?:gesperrt|eingeschränkt)\b",
        re.IGNORECASE,
    ),
}
TRADES: Mapping[str, re.Pattern[str]] = {
    name: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    for name, words in {
        "alcohol": "wines?|beers?|whisk(?:y|ey)|vodka|gin|rum|champagne|liquor|bières?|vins?"
        "|bier|wein|schnaps|cerveza|vino|birra|vinho",
        "cannabis": "cannabis|cbd|thc|marijuana|hanf|chanvre",
        "firearms": "firearms?|guns?|rifles?|pistols?|ammo|ammunition|waffen|armes à feu",
        "gambling": "casino|betting|bets?|free spins?|jackpot|poker|lottery|paris sportifs"
        "|sportwetten|glücksspiel|apuestas|scommesse",
        "loans": "loans?|payday|cash advance|crédit rapide|sofortkredit|préstamos?|prestiti?",
        "sex": "sex|xxx|porn\\w*|escorts?|erotic\\w*|erotik\\w*",
        "tobacco": "tobacco|cigarettes?|cigars?|vapes?|vaping|e-?liquids?|tabac|tabak|zigaretten",
    }.items()
}
