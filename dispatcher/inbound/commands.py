"""Commands: texts that begin with a word of ours (a keyword, TOPICS, REDEEM), and plain yes and no.

Whoever opts out is not asked about here: that goes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from dispatcher.domain.programme import Programme, Topic
from dispatcher.inbound.replies.normalise import BREAK, MOST_CHARACTERS, PAUSE, own_words, words_of
from dispatcher.inbound.wishes import POLITE, POLITE_PAIRS

_MOST_WORDS = 4  # after the word of ours; whoever says more tells a story
LONG_ENOUGH = 4  # letters of a word that may stand for the whole name of a topic
_LONGEST_CODE = 40
_KEYCAP = "\u20e3"  # the frame around a digit on some keyboards


class Verb(StrEnum):
    """What a command asks for."""

    JOIN = "join"
    TOPICS = "topics"
    REDEEM = "redeem"


class Command(NamedTuple):
    """One command. `rest` are the plain words after it; `code` is theirs as it was typed."""

    verb: Verb
    rest: tuple[str, ...] = ()
    code: str = ""
    language: str = ""


class Named(NamedTuple):
    """A topic that somebody named, and the language of the name, "" where it does not tell."""

    topic: str
    language: str = ""


_TOPICS = {
    "en": ("topics", "topic", "preferences", "change topics", "my topics", "interests"),
    "de": ("themen", "thema", "themen andern", "themen aendern", "meine themen", "interessen"),
    "fr": ("themes", "theme", "sujets", "changer de themes", "mes themes"),
    "es": ("temas", "tema", "cambiar temas", "mis temas"),
    "it": ("temi", "argomenti", "cambia argomenti", "i miei argomenti"),
    "pt": ("temas", "topicos", "assuntos", "mudar temas", "os meus temas"),
    "ar": ("المواضيع", "مواضيع", "مواضيعي"),
}
_REDEEM = {
    "en": ("redeem", "redeemed"),
    "de": ("einlosen", "einloesen", "eingelost"),
    "fr": ("utiliser", "utilise"),
    "es": ("canjear", "canjeo"),
    "it": ("riscatta", "riscattare"),
    "pt": ("resgatar", "resgato"),
    "ar": ("استبدال", "استرداد"),
}
_YES = {
    *("yes", "y", "yeah", "yep", "ok", "okay", "sure", "ja", "jo", "klar", "gerne", "oui"),
    *("d accord", "si", "claro", "vale", "certo", "sim", "نعم", "اجل"),
}
_NO = {
    *("no", "n", "nope", "nah", "no thanks", "not interested", "nein", "non", "nao"),
    *("لا", "cancel that", "never mind", "nevermind", "i changed my mind"),
}
_SKIP = {
    *("skip", "pass", "next question", "uberspringen", "ueberspringen", "egal", "passer"),
    *("sauter", "saltar", "omitir", "salta", "saltare", "pular", "تخطي", "تخط"),
}


def said(text: str) -> list[str]:
    """Give the words of a text without stops, commas and politeness."""
    bare = own_words(text).replace(_KEYCAP, "")
    words = [word for word in words_of(bare) if word not in (BREAK, PAUSE)]
    plain = POLITE_PAIRS.sub(" ", " ".join(words)).split()
    return [word for word in plain if word not in POLITE] or plain


def command_of(text: str, keywords: Sequence[str]) -> Command | None:
    """Read a command; None for everything else. `keywords` begin a join."""
    words = said(text)
    phrase = " ".join(words)
    for language, phrases in _TOPICS.items():
        if phrase in phrases:
            return Command(Verb.TOPICS, language=_only(_TOPICS, phrase, language))
    if not words or len(words) > _MOST_WORDS + 1:
        return None
    if words[0] in {plain for keyword in keywords for plain in said(keyword)}:
        return Command(Verb.JOIN, tuple(words[1:]))
    for language, phrases in _REDEEM.items():
        if words[0] in phrases and len(words) > 1:
            told = _only(_REDEEM, words[0], language)
            return Command(Verb.REDEEM, tuple(words[1:]), _code(text), told)
    return None


def topic_named(rest: Sequence[str], programme: Programme) -> Named | None:
    """Find the topic that is named: by its id, by a name in any language, or by a word of one.

    A name counts before a word, and a word only when it is of one topic alone.
    """
    phrase = f" {' '.join(rest)} "
    for topic in programme.topics:
        if f" {' '.join(said(topic.id))} " in phrase:
            return Named(topic.id, _told(topic, phrase))
    for topic in programme.topics:
        for language, name in topic.names.items():
            if f" {' '.join(said(name))} " in phrase:
                return Named(topic.id, _told(topic, phrase) or language)
    return _by_a_word(rest, programme)


def says_yes(text: str) -> bool:
    """Tell whether a text is a yes and nothing else."""
    return " ".join(said(text)) in _YES


def says_no(text: str) -> bool:
    """Tell whether a text is a no and nothing else."""
    return " ".join(said(text)) in _NO


def skips(text: str) -> bool:
    """Tell whether somebody would rather not answer."""
    return " ".join(said(text)) in _SKIP


def _by_a_word(rest: Sequence[str], programme: Programme) -> Named | None:
    """Find the one topic of whose names some word is; two that fit are none."""
    found: dict[str, str] = {}
    for word in rest:
        if len(word) < LONG_ENOUGH:
            continue
        for topic in programme.topics:
            for language, name in topic.names.items():
                if word in said(name):
                    found.setdefault(topic.id, language if len(topic.names) > 1 else "")
    return Named(*next(iter(found.items()))) if len(found) == 1 else None


def _told(topic: Topic, phrase: str) -> str:
    """Give the language if the name is of one alone, and others would be called otherwise."""
    fits = [lang for lang, name in topic.names.items() if f" {' '.join(said(name))} " in phrase]
    return fits[0] if len(fits) == 1 and len(topic.names) > 1 else ""


def _only(phrases: Mapping[str, Sequence[str]], phrase: str, language: str) -> str:
    """Give the language if no other one says it so."""
    return language if sum(phrase in each for each in phrases.values()) == 1 else ""


def _code(text: str) -> str:
    """Give the code as it was typed: the last word with a digit in it, else the last of all."""
    words = own_words(text[:MOST_CHARACTERS]).split()
    found = [word for word in words if any(map(str.isdigit, word))] or words
    return found[-1].strip(".,;:!?\"'").upper()[:_LONGEST_CODE]
