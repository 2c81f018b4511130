"""The answers to wishes: how long there is quiet, and that there is no offer just now."""

from __future__ import annotations

from dispatcher.domain.messages import MessageClass
from dispatcher.services.service_texts import DEFAULT_LANGUAGE, base_of, fitted
from dispatcher.storage.replies import Voice

# One part each, and a shorter one for brands whose names leave less room; all letters but the
# Arabic ones are in the GSM alphabet.
_QUIET = {
    "en": (
        "{brand}: No offers before {until}, as you wish. START to hear from us sooner, STOP"
        " to end for good."
    ),
    "de": (
        "{brand}: Bis {until} kommen keine Angebote, wie gewünscht. Früher weiter mit START,"
        " beenden mit STOP."
    ),
    "fr": (
        "{brand} : pas d'offres avant le {until}, comme demandé. START pour reprendre avant,"
        " STOP pour finir."
    ),
    "es": (
        "{brand}: sin ofertas antes del {until}, como pediste. START para volver antes, STOP"
        " para terminar."
    ),
    "it": (
        "{brand}: nessuna offerta prima del {until}, come richiesto. START per riprendere"
        " prima, STOP per finire."
    ),
    "pt": (
        "{brand}: sem ofertas antes de {until}, como pediu. START para voltar antes, STOP"
        " para terminar."
    ),
    "ar": "{brand}: لا عروض قبل {until}، كما طلبت. START للعودة، STOP للإنهاء.",
}
_QUIET_SHORT = {
    "en": "{brand}: quiet until {until}. STOP to end.",
    "de": "{brand}: Ruhe bis {until}. Ende: STOP",
    "fr": "{brand} : silence jusqu'au {until}. Fin : STOP",
    "es": "{brand}: silencio hasta {until}. Fin: STOP",
    "it": "{brand}: silenzio fino al {until}. Fine: STOP",
    "pt": "{brand}: silencio ate {until}. Fim: STOP",
    "ar": "{brand}: هدوء حتى {until}. STOP للإنهاء.",
}
_NOTHING_NEW = {
    "en": "{brand}: Nothing new for you just now. We write when there is. STOP to end.",
    "de": (
        "{brand}: Gerade gibt es nichts Neues für Sie. Wir melden uns, sobald es etwas gibt."
        " Ende: STOP"
    ),
    "fr": "{brand} : rien de nouveau pour vous en ce moment. Nous vous écrirons. STOP pour finir.",
    "es": "{brand}: ahora no hay nada nuevo para ti. Te escribiremos. STOP para terminar.",
    "it": "{brand}: per ora niente di nuovo per te. Ti scriveremo. STOP per finire.",
    "pt": "{brand}: por agora nada de novo para si. Escreveremos. STOP para terminar.",
    "ar": "{brand}: لا جديد الآن. سنكتب إليك. STOP للإنهاء.",
}
_NOTHING_NEW_SHORT = {
    "en": "{brand}: nothing new just now. STOP to end.",
    "de": "{brand}: gerade nichts Neues. Ende: STOP",
    "fr": "{brand} : rien de nouveau. Fin : STOP",
    "es": "{brand}: nada nuevo por ahora. Fin: STOP",
    "it": "{brand}: niente di nuovo. Fine: STOP",
    "pt": "{brand}: nada de novo agora. Fim: STOP",
    "ar": "{brand}: لا جديد. STOP للإنهاء.",
}
TEXTS = {
    MessageClass.QUIET_CONFIRMATION: (_QUIET, _QUIET_SHORT),
    MessageClass.NOTHING_NEW: (_NOTHING_NEW, _NOTHING_NEW_SHORT),
}


def wish_text(message_class: MessageClass, language: str, voice: Voice, until: str = "") -> str:
    """Write the answer to a wish in one part; `until` is a date, for quiet."""
    full, short = TEXTS[message_class]
    base = base_of(language)
    base = base if base in full else DEFAULT_LANGUAGE
    return fitted(
        full[base].replace("{until}", until), short[base].replace("{until}", until), voice
    )
