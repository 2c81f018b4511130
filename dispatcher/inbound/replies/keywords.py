"""Whole messages: keywords, and the words around them that say nothing."""

from __future__ import annotations

from collections.abc import Sequence

from dispatcher.inbound.replies.lexicon import Kind, Lexicon, lexicon
from dispatcher.inbound.replies.normalise import BREAK, PAUSE


def said_whole(words: Sequence[str]) -> tuple[Kind, str, str] | None:
    """Read a message that is a keyword and otherwise says nothing; give the words, the language."""
    known = lexicon()
    plain = [word for word in words if word not in (BREAK, PAUSE)]
    if not plain or len(plain) > _MOST_WHOLE:
        return _repeated(plain, known)
    empty = _empty_words(plain, known)
    full = [i for i, is_empty in enumerate(empty) if not is_empty]
    first, last = (full[0], full[-1]) if full else (len(plain), -1)
    best: tuple[int, int, Kind, str, str] | None = None
    for start in range(min(first, len(plain) - 1) + 1):
        for end in range(max(last + 1, start + 1), min(start + _LONGEST_KEYWORD, len(plain)) + 1):
            text = " ".join(plain[start:end])
            for kind, language in known.whole.get(text, ()):
                if kind is not Kind.STRONG and len(plain) > _MOST_WEAK:
                    continue
                rank = (_RANK[kind], start - end, kind, text, language)
                best = min(best, rank, key=lambda each: each[:2]) if best else rank
    if best is None:
        said = [plain[i] for i in full]
        return _repeated(said, known) or _keywords_alone(said, known)
    if best[2] is not Kind.STRONG and any(word.isdigit() for word in plain):
        return None  # "cancel 2" is about something else
    return best[2:]


def _repeated(words: Sequence[str], known: Lexicon) -> tuple[Kind, str, str] | None:
    """Read STOP STOP STOP, however often."""
    if len(set(words)) != 1:
        return None
    for kind, language in known.whole.get(words[0], ()):
        if kind is Kind.STRONG:
            return kind, words[0], language
    return None


def _keywords_alone(words: list[str], known: Lexicon) -> tuple[Kind, str, str] | None:
    """Read "stop cancel end": nothing but keywords, one of them beyond doubt."""
    told = [known.whole.get(word, ()) for word in words]
    ends = [{kind for kind, _ in each} & {Kind.STRONG, Kind.WEAK, Kind.HELP} for each in told]
    if not words or not all(ends):
        return None
    for word, each in zip(words, told, strict=True):
        for kind, language in each:
            if kind is Kind.STRONG:
                return kind, word, language
    return None


_MOST_WHOLE = 24
_MOST_WEAK = 5
_LONGEST_KEYWORD = 9
_RANK = {Kind.STRONG: 0, Kind.WEAK: 1, Kind.HELP: 2, Kind.JOIN: 3}


def _empty_words(words: Sequence[str], known: Lexicon) -> list[bool]:
    """Say of each word whether it adds nothing: politeness, swearing, numbers."""
    empty = [word in known.fill or word.isdigit() for word in words]
    for i, word in enumerate(words):
        for phrase in known.fills.get(word, ()):
            if tuple(words[i : i + len(phrase)]) == phrase:
                empty[i : i + len(phrase)] = [True] * len(phrase)
                break
    return empty
