"""The pages a customer sees: plain, in the customer's language, without scripts or tracking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse

DEFAULT_LANGUAGE = "en"

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self';"
        " frame-ancestors 'none'; base-uri 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGES = Environment(loader=PackageLoader("dispatcher.web"), autoescape=True)


SPANS = {"week": timedelta(days=7), "month": timedelta(days=30), "quarter": timedelta(days=90)}


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says; a page without a button only tells."""

    title: str
    text: str
    everything: str = ""
    button: str = ""
    quiet: str = ""
    spans: tuple[str, ...] = ()


ASK = {
    "en": Words(
        "Unsubscribe",
        "One click, and you will get no more messages on this topic.",
        "Everything, not only this topic",
        "Unsubscribe",
        "Or have some quiet first, from everybody here:",
        ("A week", "A month", "Three months"),
    ),
    "fr": Words(
        "Se désabonner",
        "Un clic, et vous ne recevrez plus de messages sur ce thème.",
        "Tout, pas seulement ce thème",
        "Se désabonner",
        "Ou d’abord un peu de calme, de la part de tous :",
        ("Une semaine", "Un mois", "Trois mois"),
    ),
    "de": Words(
        "Abmelden",
        "Ein Klick, und Sie bekommen keine Nachrichten mehr zu diesem Thema.",
        "Alles, nicht nur dieses Thema",
        "Abmelden",
        "Oder erst einmal Ruhe, von allen hier:",
        ("Eine Woche", "Einen Monat", "Drei Monate"),
    ),
}
DONE = {
    "en": Words(
        "You are unsubscribed",
        "It is done: we will not write to you about this any more. Thank you for having had us.",
    ),
    "fr": Words(
        "Vous êtes désabonné",
        "C’est fait : nous ne vous écrirons plus à ce sujet. Merci d’avoir été des nôtres.",
    ),
    "de": Words(
        "Sie sind abgemeldet",
        "Es ist erledigt: Wir schreiben Ihnen dazu nicht mehr. Danke für die Zeit mit Ihnen.",
    ),
}
QUIET = {
    "en": Words("It will be quiet", "It is done: no offers for that long, and then as before."),
    "fr": Words(
        "Le calme est là",
        "C’est fait : aucune offre pendant ce temps, puis comme avant.",
    ),
    "de": Words("Jetzt ist Ruhe", "Es ist erledigt: so lange keine Angebote, danach wie bisher."),
}
LATER = {
    "en": Words(
        "Please try again in a minute",
        "We could not save your wish just now. Nothing was changed; please press the button again.",
    ),
    "fr": Words(
        "Merci de réessayer dans une minute",
        "Nous n’avons pas pu enregistrer votre demande. Rien n’a changé, appuyez à nouveau.",
    ),
    "de": Words(
        "Bitte versuchen Sie es in einer Minute noch einmal",
        "Wir konnten Ihren Wunsch gerade nicht speichern. Bitte drücken Sie den Knopf noch einmal.",
    ),
}


def page(
    words: dict[str, Words],
    accept_language: str,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    """Make a page in the language the browser asks for."""
    language = choose_language(accept_language)
    values = {"words": words[language], "spans": SPANS, "zip": zip}
    return drawn("page.html", language, values, status, headers)


def drawn(
    name: str,
    language: str,
    values: Mapping[str, object],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Make a page of a template, with the headers that all pages have."""
    html = _PAGES.get_template(name).render(language=language, **values)
    return HTMLResponse(html, status, {**_HEADERS, "content-language": language, **(headers or {})})


def choose_language(accept_language: str) -> str:
    """Give the first language asked for that we speak; browsers list them best first."""
    for wish in accept_language[:200].split(","):
        base = wish.partition(";")[0].strip().partition("-")[0].lower()
        if base in ASK:
            return base
    return DEFAULT_LANGUAGE
