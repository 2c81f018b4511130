"""Reading a reply: keywords say it for certain, everything else is weighed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from dispatcher.inbound.replies import slips, unspaced
from dispatcher.inbound.replies.keywords import said_whole
from dispatcher.inbound.replies.lexicon import Kind, lexicon
from dispatcher.inbound.replies.machines import by_machine, reacts, unsigned
from dispatcher.inbound.replies.marking import Marks, mark, tongues
from dispatcher.inbound.replies.meanings import Intent, Reply
from dispatcher.inbound.replies.normalise import (
    BREAK,
    MOST_CHARACTERS,
    PAUSE,
    own_words,
    words_of,
)
from dispatcher.inbound.replies.traits import traits
from dispatcher.inbound.replies.weighing import Weighed, telling, weigh

# Words that count in every language, and so tell none (47 CFR 64.1200(a)(10), CTIA).
_EVERYWHERE = frozenset(
    (
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke"),
        *("optout", "opt out", "remove", "td", "help", "info", "start", "yes", "unstop"),
        *("subscribe", "join", "optin", "opt in", "\u26d4"),
    )
)
_INTENTS = {Kind.HELP: Intent.HELP, Kind.JOIN: Intent.OPT_IN}
_OTHER = Reply(Intent.OTHER)
_SURE, _DOUBT, _JOINING = 0.6, 0.4, 0.7  # shares of the whole
_LEAVING = (Intent.OPT_OUT, Intent.WRONG_NUMBER)
_STAYING = (Intent.OTHER, Intent.HELP, Intent.OPT_IN)
_LONG = 60  # words; of a longer message its beginning and its end are read
_HEAD = 45
_TAIL = 30
_NO_IS_ENOUGH = frozenset({"af", "zu", "xh", "st", "za"})
_NOES = frozenset({"no", "nee", "cha", "hayi"})


def read_reply(text: str, language: str | None = None) -> Reply:
    """Say what a reply means; never raises, whatever was sent.

    `language` is a hint: that of the person, with or without a region ("en-ZA").
    """
    text = text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
    if reacts(text):
        return _OTHER
    words = typed(text)
    if not words or by_machine(words):
        return _OTHER
    hint = (language or "").replace("_", "-").lower()
    marks = mark(words)
    return _certain(words, marks, hint) or _weighed(text, words, marks, hint)


def typed(text: str) -> list[str]:
    """Give the words somebody typed, without signatures, quotes and endless repeats."""
    known = lexicon()
    return _unrepeated(words_of(unsigned(own_words(text)), known.latin, known.plain))


def _unrepeated(words: list[str]) -> list[str]:
    """Who types a word or a clause a hundred times means it once."""
    if len(words) <= _LONG:
        return words
    seen: set[tuple[str, ...]] = set()
    kept: list[str] = []
    for is_break, part in groupby(words, key=lambda word: word in (BREAK, PAUSE)):
        clause = tuple(part)
        if is_break and kept and kept[-1] not in (BREAK, PAUSE):
            kept += clause
        elif not is_break and clause not in seen:
            kept += clause
            seen.add(clause)
    kept = [word for n, word in enumerate(kept) if kept[n - 3 : n] != [word] * 3]
    if len(kept) <= _HEAD + _TAIL:
        return kept
    return [*kept[:_HEAD], BREAK, *kept[-_TAIL:]]  # people say it first or last


def _certain(words: Sequence[str], marks: Marks, hint: str) -> Reply | None:
    """Read what leaves no choice: keywords as the whole message, also typed with one slip."""
    whole = said_whole(words)
    if whole and not _harmless(whole, marks, words):
        return _keyword(*whole, hint)
    plain = [word for word in words if word not in (BREAK, PAUSE)]
    said = unspaced.said_whole("".join(plain))
    if said:
        return Reply(_INTENTS.get(said.kind, Intent.OPT_OUT), said.words, said.language)
    slip = slips.meant(plain)
    if slip:
        return Reply(Intent.OPT_OUT, slip)
    if " ".join(plain) in _NOES and _says_no(hint):
        return Reply(Intent.OPT_OUT, plain[0])
    return None


def _says_no(hint: str) -> bool:
    """In South Africa a bare "no" to an offer is a demand to stop."""
    base, _, region = hint.partition("-")
    return base in _NO_IS_ENOUGH or region == "za"


def _keyword(kind: Kind, text: str, language: str, hint: str) -> Reply:
    languages = {each for one, each in lexicon().whole[text] if one is kind}
    base = hint.partition("-")[0]
    told = "" if text in _EVERYWHERE else base if base in languages else language
    return Reply(_INTENTS.get(kind, Intent.OPT_OUT), text, told)


def _harmless(whole: tuple[Kind, str, str], marks: Marks, words: Sequence[str]) -> bool:
    """Say whether the keyword is part of something harmless, such as "stop by"."""
    first = whole[1].split()[0]
    return whole[0] in (Kind.STRONG, Kind.WEAK) and any(
        each.kind is Kind.IDLE and first in words[each.start : each.end] for each in marks.findings
    )


def _weighed(text: str, words: Sequence[str], marks: Marks, hint: str) -> Reply:
    found = weigh(traits(text, words, marks, hint))
    intent, unsure = _chosen(found)
    if intent is Intent.OTHER:
        return _OTHER
    return Reply(intent, telling(words, intent), _language(words, hint), unsure)


def _chosen(found: Weighed) -> tuple[Intent, bool]:
    """In doubt it is an opt-out, which a START undoes; nobody joins in doubt."""
    if found.leaving >= _SURE:
        return found.likeliest(_LEAVING), False
    if found.leaving >= _DOUBT:
        return Intent.OPT_OUT, True
    likeliest = found.likeliest(_STAYING)
    if likeliest is Intent.OPT_IN and found.shares[Intent.OPT_IN] < _JOINING:
        return Intent.OTHER, False
    return likeliest, False


def _language(words: Sequence[str], hint: str) -> str:
    """Give the language the words are of, if they are of one alone or of the person's."""
    languages = tongues(tuple(words))
    base = hint.partition("-")[0]
    if base in languages or len(languages) != 1:
        return base if base in languages else ""
    return next(iter(languages))
