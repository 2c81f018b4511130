"""Reading a reply: every step in its order, the weightiest meaning first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from dispatcher.inbound.replies import glued, spaced, strangers
from dispatcher.inbound.replies.glued import Piece
from dispatcher.inbound.replies.keywords import said_whole
from dispatcher.inbound.replies.lexicon import Kind, lexicon
from dispatcher.inbound.replies.machines import by_machine, reacts, unsigned
from dispatcher.inbound.replies.meanings import Intent, Reply
from dispatcher.inbound.replies.normalise import (
    BREAK,
    MOST_CHARACTERS,
    PAUSE,
    own_words,
    words_of,
)
from dispatcher.inbound.replies.spaced import Finding, Marks

# Words that count in every language, and so tell none (47 CFR 64.1200(a)(10), CTIA).
_EVERYWHERE = frozenset(
    (
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke"),
        *("optout", "opt out", "remove", "td", "help", "info", "start", "yes", "unstop"),
        *("subscribe", "join", "optin", "opt in", "\u26d4"),
    )
)
_OTHER = Reply(Intent.OTHER)
_MOST_MAYBE = 12  # words of a message that may be a refusal, and of one that asks for help
_MOST_ASKING = 16
_LONG = 60
_HEAD = 60
_TAIL = 40
_MOST_CLAUSES = 30
_MOST_TELLING = 30
_SPLIT_UP = frozenset({"stop", "unsubscribe", "stopall", "optout"})
_TYPED_WRONG = ("stop", "unsubscribe")
_NEVER_TYPOS = frozenset(
    (
        *("top", "shop", "step", "stoop", "strop", "slop", "swop", "atop", "stomp", "stops"),
        *("shot", "spot", "soap", "soup", "sto", "alto", "alta", "ende", "end", "ret", "dur"),
    )
)
_MOST_LEADING = 6
_BEFORE_A_STOP = frozenset(
    (
        *("the", "a", "an", "to", "my", "this", "your", "that", "his", "her", "our", "their"),
        *("last", "first", "next", "bus", "train", "one", "full", "pit", "rest", "any", "no"),
        *("it", "they", "you", "we", "i", "he", "she", "and", "each", "every", "at", "by"),
        *("dont", "not", "never", "wont", "cant", "cannot", "doesnt", "didnt", "non", "quick"),
        *("short", "door", "tram", "ever", "second", "final", "fuel", "gas", "nearest"),
    )
)
_ASKS = frozenset({"does", "do", "did", "when", "where", "which", "what", "will", "if", "didnt"})
_NAME = re.compile(r"\b[^\W\d_][^\W\d_]+(?:['’]s\b)?")
_NO_NAME = ("ing", "ed", "ly", "able")
_NO_IS_ENOUGH = frozenset({"af", "zu", "xh", "st", "za"})
_NOES = frozenset({"no", "nee", "cha", "hayi"})


def read_reply(text: str, language: str | None = None) -> Reply:
    """Say what a reply means; never raises, whatever was sent.

    `language` is a hint: that of the person, with or without a region ("en-ZA").
    """
    text = text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
    if reacts(text):
        return _OTHER
    known = lexicon()
    words = _unrepeated(words_of(unsigned(own_words(text)), known.latin, known.plain))
    if not words or by_machine(words):
        return _OTHER
    hint = (language or "").replace("_", "-").lower()
    for found in _meanings(text, words, hint):
        return found
    return _OTHER


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


def _meanings(text: str, words: Sequence[str], hint: str) -> Iterator[Reply]:
    """Give what it may mean, the weightiest first."""
    whole = said_whole(words)
    marks = spaced.mark(words)
    told = _keyword(*whole, hint) if whole and not _idle_only(whole, marks, words) else None
    if told and told.intent is Intent.OPT_OUT:
        yield told
    sentences = _sentences(words)
    piece = glued.read_glued(["".join(sentence) for sentence in sentences])
    if piece and piece.whole:
        yield _piece(piece)
    yield from _opt_outs(words, marks, sentences)
    if told:
        yield told
    if piece:
        yield _piece(piece)
    yield from _wrong_numbers(text, words, marks)
    yield from _typos(words)
    yield from _last_word(words, marks)
    plain = [word for word in words if word not in (BREAK, PAUSE)]
    if len(plain) <= _MOST_MAYBE:
        yield from _of(marks, Kind.MAYBE, words, Intent.OPT_OUT, unsure=True)
    if len(plain) <= _MOST_ASKING:
        yield from _of(marks, Kind.JOINS, words, Intent.OPT_IN)
        yield from _of(marks, Kind.HELPS, words, Intent.HELP)
    if " ".join(plain) in _NOES and _says_no(hint):
        yield Reply(Intent.OPT_OUT, plain[0])


def _says_no(hint: str) -> bool:
    """In South Africa a bare "no" to an offer is a demand to stop."""
    base, _, region = hint.partition("-")
    return base in _NO_IS_ENOUGH or region == "za"


def _keyword(kind: Kind, text: str, language: str, hint: str) -> Reply:
    languages = {each for one, each in lexicon().whole[text] if one is kind}
    base = hint.partition("-")[0]
    told = "" if text in _EVERYWHERE else base if base in languages else language
    intents = {Kind.HELP: Intent.HELP, Kind.JOIN: Intent.OPT_IN}
    return Reply(intents.get(kind, Intent.OPT_OUT), text, told)


def _idle_only(whole: tuple[Kind, str, str], marks: Marks, words: Sequence[str]) -> bool:
    """Say whether the keyword is part of something harmless, such as "stop by"."""
    first = whole[1].split()[0]
    return whole[0] in (Kind.STRONG, Kind.WEAK) and any(
        each.kind is Kind.IDLE and first in words[each.start : each.end] for each in marks.findings
    )


def _sentences(words: Sequence[str]) -> list[list[str]]:
    parts = groupby(words, key=lambda word: word == BREAK)
    return [[word for word in part if word != PAUSE] for is_break, part in parts if not is_break]


def _opt_outs(
    words: Sequence[str], marks: Marks, sentences: Sequence[Sequence[str]]
) -> Iterator[Reply]:
    for each in marks.findings:
        if each.kind is not Kind.PHRASE or spaced.negated(each, marks):
            continue
        if spaced.weighty(each, words, marks):
            yield Reply(Intent.OPT_OUT, " ".join(words[each.start : each.end]), each.language)
    told = spaced.asks_to_stop(words, marks)
    if told is not None:
        yield Reply(Intent.OPT_OUT, " ".join(words), told)
    parts = [*sentences, *_clauses(words)] if len(sentences) > 1 or PAUSE in words else []
    clauses = list(dict.fromkeys(map(tuple, parts)))
    for clause in (*clauses[:_MOST_CLAUSES], *clauses[_MOST_CLAUSES:][-_MOST_CLAUSES:]):
        whole = said_whole(clause)
        if not whole or whole[0] is not Kind.STRONG or _idle_only(whole, marks, words):
            continue
        if whole[1] in _EVERYWHERE or spaced.native(words, whole[2]):
            found = _keyword(*whole, "")
            yield found._replace(unsure=len(words) > len(clause) + _MOST_MAYBE)


def _clauses(words: Sequence[str]) -> list[list[str]]:
    parts = groupby(words, key=lambda word: word in (BREAK, PAUSE))
    return [list(part) for is_break, part in parts if not is_break]


def _of(
    marks: Marks, kind: Kind, words: Sequence[str], intent: Intent, *, unsure: bool = False
) -> Iterator[Reply]:
    for each in marks.findings:
        if each.kind is kind and spaced.weighty(each, words, marks):
            said = " ".join(words[each.start : each.end])
            yield Reply(intent, said, each.language, unsure)


def _piece(piece: Piece) -> Reply:
    intents = {
        Kind.HELP: Intent.HELP,
        Kind.HELPS: Intent.HELP,
        Kind.JOIN: Intent.OPT_IN,
        Kind.JOINS: Intent.OPT_IN,
        Kind.WRONG: Intent.WRONG_NUMBER,
    }
    intent = intents.get(piece.kind, Intent.OPT_OUT)
    return Reply(intent, piece.words, piece.language, piece.kind is Kind.MAYBE)


def _wrong_numbers(text: str, words: Sequence[str], marks: Marks) -> Iterator[Reply]:
    yield from _of(marks, Kind.WRONG, words, Intent.WRONG_NUMBER)
    denials = [each for each in marks.findings if each.kind is Kind.IAMNOT]
    brief = len(words) <= _MOST_TELLING
    names = _names(text) if denials or brief else frozenset()
    stranger = strangers.stranger(words, marks, names) if brief else None
    if stranger:
        yield Reply(Intent.WRONG_NUMBER, " ".join(words), stranger.language)
    for each in denials:
        if _names_somebody(each, words, names):
            said = " ".join(words[each.start : each.end + 1])
            yield Reply(Intent.WRONG_NUMBER, said, each.language)


def _names(text: str) -> frozenset[str]:
    """Give the words written like names; where all is in capitals nothing is one."""
    found = [word for word in _NAME.findall(text) if word[0].isupper() and not word.isupper()]
    return frozenset(words_of(" ".join(found)))


def _names_somebody(denial: Finding, words: Sequence[str], names: frozenset[str]) -> bool:
    known = lexicon()
    following = list(takewhile(PAUSE.__ne__, words[denial.end : denial.end + 3]))
    if any(word in names and word not in known.fill for word in following):
        return True
    if denial.end + 1 != len(words) or not words[-1].isalpha():
        return False
    last = words[-1]  # "im not dave", and scripts without capitals
    return not (last in known.fill or last in known.words or last.endswith(_NO_NAME))


def _typos(words: Sequence[str]) -> Iterator[Reply]:
    """Read STOP and UNSUBSCRIBE with one slip, or torn apart, as the whole message."""
    fill = lexicon().fill
    plain = [word for word in words if word not in (BREAK, PAUSE)]
    if len(plain) > _MOST_MAYBE:
        return
    joined = "".join(plain)
    if joined in _SPLIT_UP or (joined and not joined.replace("stop", "")):
        yield Reply(Intent.OPT_OUT, joined)
    rest = [word for word in plain if word not in fill]
    if len(rest) == 1 and rest[0] not in _NEVER_TYPOS:
        for word in _TYPED_WRONG:
            if _one_slip(rest[0], word):
                yield Reply(Intent.OPT_OUT, rest[0], "", len(plain) > 1)


def _last_word(words: Sequence[str], marks: Marks) -> Iterator[Reply]:
    """Read "girl stop", "ugh, whatever, stop"; but not "which stop" or "when does it stop"."""
    plain = [word for word in words if word not in (BREAK, PAUSE)]
    if not 1 < len(plain) <= _MOST_LEADING or plain[-1] not in _SPLIT_UP:
        return
    idle = any(
        each.kind is Kind.IDLE and plain[-1] in words[each.start : each.end]
        for each in marks.findings
    )
    if not idle and plain[-2] not in _BEFORE_A_STOP and not _ASKS & set(plain):
        yield Reply(Intent.OPT_OUT, plain[-1], "", unsure=True)


def _one_slip(typed: str, meant: str) -> bool:
    """Say whether one letter is missing, added, wrong, or two are swapped."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = 0
    while start < min(len(typed), len(meant)) and typed[start] == meant[start]:
        start += 1
    a, b = typed[start:], meant[start:]
    return a[1:] == b[1:] or a == b[1:] or a[1:] == b or (a[:2] == b[1::-1] and a[2:] == b[2:])
