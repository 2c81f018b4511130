"""WHY: texts by which people ask why they were written to, in seven languages.

Only the whole message counts. Whoever opts out in such words is not asked about here: that goes
first.
"""

from __future__ import annotations

import re

from dispatcher.inbound.commands import said

_THIS = {
    "en": "(?:this|that|this text|this message|the text|the message)",
    "de": "(?:das|dies|diese sms|diese nachricht|die sms|die nachricht)",
    "fr": "(?:ca|ce sms|ce message|ce texto|cela)",
    "es": "(?:esto|este sms|este mensaje)",
    "pt": "(?:isto|isso|este sms|esta mensagem|esta sms)",
    "it": "(?:questo|questo sms|questo messaggio)",
    "ar": "(?:هذا|هذه|هذه الرساله|هذه الرسالة|الرساله|الرسالة)",
}
_ASKING = {
    "en": "(?:but )?why(?: (?:me|us|{this}|(?:did|do) i (?:get|receive) {this}))?",
    "de": "(?:warum|wieso|weshalb|aus welchem grund)(?: (?:ich|{this}|bekam ich {this}))?",
    "fr": "(?:mais )?pourquoi(?: (?:moi|{this}|j ai recu {this}|ai je recu {this}))?",
    "es": "(?:y )?(?:por que|porque)(?: (?:a mi|yo|{this}|recibi {this}))?",
    "pt": "(?:e )?(?:por que|porque)(?: (?:eu|a mim|{this}|recebi {this}))?",
    "it": "(?:ma )?(?:perche|come mai)(?: (?:io|a me|{this}|ho ricevuto {this}))?",
    "ar": "(?:لماذا|ليش|ليه)(?: (?:انا|{this}|وصلتني {this}|وصلني {this}))?",
}
_PHRASES = {
    language: re.compile(words.format(this=_THIS[language])) for language, words in _ASKING.items()
}


def asks_why(text: str) -> str | None:
    """Tell whether somebody asks why, by the language they ask in; None if they do not.

    "" is said where the words are of more than one language.
    """
    words = " ".join(said(text))
    found = [language for language, phrase in _PHRASES.items() if phrase.fullmatch(words)]
    if not found:
        return None
    return found[0] if len(found) == 1 else ""
