"""The texts of confirmations, welcomes, help and excuses: one part each, in one language."""

from __future__ import annotations

from dispatcher.domain.gsm7 import count, smarten
from dispatcher.domain.messages import MessageClass
from dispatcher.storage.replies import Voice

DEFAULT_LANGUAGE = "en"

# One part, brand named, no link, no offer (47 CFR 64.1200(a)(12)); all letters but the Arabic ones
# are in the GSM alphabet.
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
    "es": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand}: su baja queda hecha y ya no recibe mensajes. Responda START para volver."
        ),
        MessageClass.WELCOME: (
            "{brand}: qué bien que vuelva, recibe de nuevo nuestros mensajes."
            " HELP para ayuda, STOP para terminar."
        ),
        MessageClass.HELP_REPLY: (
            "{brand}: ha pedido ayuda. Contacto: {contact}. STOP para terminar."
        ),
        MessageClass.WRONG_NUMBER: (
            "{brand}: perdone, este teléfono queda borrado y no le escribiremos."
        ),
        MessageClass.STAYED: "{brand}: gracias, le seguiremos escribiendo. STOP para terminar.",
    },
    "pt": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand}: cancelado, deixa de receber mensagens. Responda START para voltar."
        ),
        MessageClass.WELCOME: (
            "{brand}: que bom que volta, recebe de novo as nossas mensagens."
            " HELP para ajuda, STOP para terminar."
        ),
        MessageClass.HELP_REPLY: ("{brand}: pediu ajuda. Contacto: {contact}. STOP para terminar."),
        MessageClass.WRONG_NUMBER: (
            "{brand}: desculpe, este telefone foi retirado e nada mais lhe enviamos."
        ),
        MessageClass.STAYED: "{brand}: obrigado, continuamos a escrever-lhe. STOP para terminar.",
    },
    "it": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand}: iscrizione cancellata, non riceverà più messaggi. Risponda START per tornare."
        ),
        MessageClass.WELCOME: (
            "{brand}: che bello, riceverà di nuovo i nostri messaggi."
            " HELP per aiuto, STOP per finire."
        ),
        MessageClass.HELP_REPLY: (
            "{brand}: ha chiesto aiuto. Contatto: {contact}. STOP per finire."
        ),
        MessageClass.WRONG_NUMBER: (
            "{brand}: ci scusi, abbiamo tolto questo numero e non scriveremo più."
        ),
        MessageClass.STAYED: "{brand}: grazie, continueremo a scriverle. STOP per finire.",
    },
    "ar": {
        MessageClass.OPTOUT_CONFIRMATION: (
            "{brand}: أُلغي اشتراكك ولن تصلك رسائل. أرسل START للعودة."
        ),
        MessageClass.WELCOME: "{brand}: أهلاً بعودتك. HELP للمساعدة، STOP للإيقاف.",
        MessageClass.HELP_REPLY: "{brand}: للمساعدة: {contact}. STOP للإيقاف.",
        MessageClass.WRONG_NUMBER: "{brand}: عذراً، حذفنا هذا الرقم ولن نكتب إليه.",
        MessageClass.STAYED: "{brand}: شكراً، سنواصل مراسلتك. STOP للإيقاف.",
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
    "es": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand}: baja hecha. START para volver.",
        MessageClass.WELCOME: "{brand}: qué bien. STOP para terminar.",
        MessageClass.HELP_REPLY: "{brand}: {contact}. STOP para terminar.",
        MessageClass.WRONG_NUMBER: "{brand}: perdone, borrado.",
        MessageClass.STAYED: "{brand}: gracias, seguimos. STOP para terminar.",
    },
    "pt": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand}: cancelado. START para voltar.",
        MessageClass.WELCOME: "{brand}: que bom. STOP para terminar.",
        MessageClass.HELP_REPLY: "{brand}: {contact}. STOP para terminar.",
        MessageClass.WRONG_NUMBER: "{brand}: desculpe, retirado.",
        MessageClass.STAYED: "{brand}: obrigado. STOP para terminar.",
    },
    "it": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand}: cancellato. START per tornare.",
        MessageClass.WELCOME: "{brand}: che bello. STOP per finire.",
        MessageClass.HELP_REPLY: "{brand}: {contact}. STOP per finire.",
        MessageClass.WRONG_NUMBER: "{brand}: ci scusi, numero tolto.",
        MessageClass.STAYED: "{brand}: grazie. STOP per finire.",
    },
    "ar": {
        MessageClass.OPTOUT_CONFIRMATION: "{brand}: تم الإلغاء. START للعودة.",
        MessageClass.WELCOME: "{brand}: أهلاً بعودتك. STOP للإيقاف.",
        MessageClass.HELP_REPLY: "{brand}: {contact}. STOP للإيقاف.",
        MessageClass.WRONG_NUMBER: "{brand}: عذراً، حُذف الرقم.",
        MessageClass.STAYED: "{brand}: شكراً لك. STOP للإيقاف.",
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
