"""The texts of confirmations, welcomes, help and excuses: one part each, in one language."""

from __future__ import annotations

from dispatcher.domain.gsm7 import count, smarten
from dispatcher.domain.messages import MessageClass
from dispatcher.storage.replies import Voice

DEFAULT_LANGUAGE = "en"

# One part, brand named, no link, no offer (47 CFR 64.1200(a)(12)); all letters are in the GSM
# alphabet.
TEXTS: dict[str, dict[MessageClass, str]] = {
    "en": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand}: You're unsubscribed and will get no more messages. Reply START to rejoin."
        ),
        MessageClass.WELCOME: (
            "{brand}: Welcome back, you will hear from us again. Reply HELP for help, STOP to end."
        ),
        MessageClass.HELP_REPLY: "{brand}: You asked for help. Contact: {contact}. STOP to end.",
        MessageClass.WRONG_NUMBER: (
            "{brand}: Sorry, we removed this number and will not write to it again."
        ),
        MessageClass.STAYED: "{brand}: Thank you, we go on writing to you. STOP to end.",
    },
    "fr": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand} : c'est noté, vous ne recevrez plus de messages. Répondez START pour revenir."
        ),
        MessageClass.WELCOME: (
            "{brand} : heureux de vous revoir, vous recevrez à nouveau nos messages."
            " HELP pour de l'aide, STOP pour finir."
        ),
        MessageClass.HELP_REPLY: (
            "{brand} : vous avez demandé de l'aide. Contact : {contact}. STOP pour finir."
        ),
        MessageClass.WRONG_NUMBER: (
            "{brand} : désolés, ce numéro est supprimé, nous n'y écrirons plus."
        ),
        MessageClass.STAYED: "{brand} : merci, nous continuons à vous écrire. STOP pour finir.",
    },
    "de": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand}: Sie sind abgemeldet und bekommen keine Nachrichten mehr."
            " Mit START kommen Sie zurück."
        ),
        MessageClass.WELCOME: (
            "{brand}: Willkommen zurück, Sie hören wieder von uns."
            " Hilfe mit HELP, beenden mit STOP."
        ),
        MessageClass.HELP_REPLY: "{brand}: Hilfe bekommen Sie hier: {contact}. Ende: STOP",
        MessageClass.WRONG_NUMBER: (
            "{brand}: Entschuldigung, wir haben diese Nummer gelöscht und schreiben nicht mehr."
        ),
        MessageClass.STAYED: "{brand}: Danke, wir schreiben Ihnen weiter. Ende: STOP",
    },
}
# For a brand whose name is not in the GSM alphabet: one part then holds 70 letters.
SHORT: dict[str, dict[MessageClass, str]] = {
    "en": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand}: unsubscribed. START to rejoin.",
        MessageClass.WELCOME: "{brand}: welcome back. STOP to end.",
        MessageClass.HELP_REPLY: "{brand}: {contact}. STOP to end.",
        MessageClass.WRONG_NUMBER: ("{brand}: sorry, number removed."),
        MessageClass.STAYED: "{brand}: thank you, we go on. STOP to end.",
    },
    "fr": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand} : désinscription faite. START pour revenir.",
        MessageClass.WELCOME: "{brand} : bon retour. STOP pour finir.",
        MessageClass.HELP_REPLY: "{brand} : {contact}. STOP pour finir.",
        MessageClass.WRONG_NUMBER: ("{brand} : désolés, numéro supprimé."),
        MessageClass.STAYED: "{brand} : merci, on continue. STOP pour finir.",
    },
    "de": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand}: abgemeldet. Zurück mit START.",
        MessageClass.WELCOME: "{brand}: willkommen zurück. Ende: STOP",
        MessageClass.HELP_REPLY: "{brand}: {contact}. Ende: STOP",
        MessageClass.WRONG_NUMBER: ("{brand}: Nummer gelöscht, Verzeihung."),
        MessageClass.STAYED: "{brand}: danke, weiter so. Ende: STOP",
    },
}


def service_text(message_class: MessageClass, language: str, voice: Voice) -> str:
    """Write an answer that fits one part; long names give way, the words of the law do not."""
    base = base_of(language)
    base = base if base in TEXTS else DEFAULT_LANGUAGE
    return fitted(TEXTS[base][message_class], SHORT[base][message_class], voice)


def base_of(language: str) -> str:
    """Give the language without its country: fr of fr-CA."""
    return language.replace("_", "-").partition("-")[0].lower()


def fitted(full: str, short: str, voice: Voice) -> str:
    """Fill a text in so that it fits one part; the short one, and shorter names, if need be."""
    brand, contact = smarten(voice.name), smarten(voice.contact)
    filled = full.format(brand=brand, contact=contact)
    while count(filled).parts > 1:
        filled = short.format(brand=brand, contact=contact)
        if len(contact) > len(brand) and "{contact}" in short:
            contact = contact[:-1].rstrip()
        else:
            brand = brand[:-1].rstrip()
    return filled
