"""Reading languages written in words: marks on the words, and rules over the marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from operator import or_
from typing import NamedTuple

from dispatcher.inbound.replies.keywords import MOST_WEAK, empty_words
from dispatcher.inbound.replies.lexicon import UNIVERSAL, Entry, Kind, Lexicon, lexicon
from dispatcher.inbound.replies.normalise import BREAK, PAUSE

_GAP_WORDS = 3
_LONG = 60
_FEW = 2  # words that mean little beside a thing
_SHORT_WORDS = frozenset({UNIVERSAL, "vi"})
_MOST_LANGUAGES = 3
_MOST_PLACES = 30  # where rules are tried in each language
_STOPS = (BREAK,)


class Finding(NamedTuple):
    """What was found, where, and in which language."""

    kind: Kind
    start: int
    end: int
    language: str


class Marks(NamedTuple):
    """The findings in a message, for each language what each word may do, and where rules begin."""

    findings: list[Finding]
    masks: dict[str, list[int]]
    triggers: dict[str, set[int]]


def mark(words: Sequence[str]) -> Marks:
    """Look up every word and phrase; what lies within an idle one does not count."""
    present = frozenset(words)
    found = [finding for i in range(len(words)) for finding in _at(words, i, present)]
    if len(words) > _LONG:
        found = _in_main_languages(found)
    found = _delighted(found, words)
    reach = _idle_reach(found, len(words))
    kept = [each for each in found if each.kind is Kind.IDLE or not _idle(each, reach)]
    masks: dict[str, list[int]] = {}
    triggers: dict[str, set[int]] = {}
    for kind, start, end, language in kept:
        mask = masks.get(language)
        if mask is None:
            mask = masks[language] = [0] * len(words)
        for i in range(start, end):
            mask[i] |= kind
        if kind & _TRIGGERS:
            triggers.setdefault(language, set()).update(range(start, end))
    return Marks(kept, masks, triggers)


def _in_main_languages(found: Sequence[Finding]) -> list[Finding]:
    """A long message shows its language: leave what other languages make of its words."""
    count = Counter(each.language for each in found)
    main = {UNIVERSAL, *(language for language, _ in count.most_common(_MOST_LANGUAGES))}
    return [each for each in found if each.language in main]


def _delighted(found: list[Finding], words: Sequence[str]) -> list[Finding]:
    """Take "stop it, so cute" for what it is: a cry is idle where delight is told."""
    glad = {each.start for each in found if each.kind is Kind.GLAD}
    if not glad:
        return found
    apart = {i for i, word in enumerate(words) if word in (BREAK, PAUSE)}
    apart.update(i for start in glad for i in range(start - _GAP_WORDS, start + 1))
    return [
        each._replace(kind=Kind.IDLE) if each.kind is Kind.CRY and each.end in apart else each
        for each in found
    ]


def _idle_reach(found: Sequence[Finding], length: int) -> list[int]:
    """Give for each place how far the idle phrases go that begin there or earlier."""
    reach = [0] * length
    for each in found:
        if each.kind is Kind.IDLE:
            reach[each.start] = max(reach[each.start], each.end)
    return list(accumulate(reach, max))


def _idle(one: Finding, reach: Sequence[int]) -> bool:
    """Say whether it lies in an idle phrase or runs into one: "please stop by"."""
    if one.kind is Kind.PHRASE and one.start and reach[one.start - 1] > one.start:
        return True
    if one.kind is Kind.PHRASE and reach[one.end - 1] > one.end:
        return True
    return one.end <= reach[one.start]


def _at(words: Sequence[str], i: int, present: frozenset[str]) -> Iterator[Finding]:
    shelf = _shelf(words[i])
    for entry in shelf.alone:
        yield Finding(entry.kind, i, i + 1, entry.language)
    longer = shelf.longer.get(words[i + 1], ()) if i + 1 < len(words) else ()
    loose = [entry for needed, entry in shelf.loose if not needed or needed in present]
    for entry in (*longer, *loose):
        end = _follow(words, i + 1, entry.rest)
        if end:
            yield Finding(entry.kind, i, end, entry.language)


class Shelf(NamedTuple):
    """What begins with one word: alone, before a certain next word, or before a stem or a gap.

    With the loose ones stands a word that they need somewhere, if there is one.
    """

    alone: tuple[Entry, ...]
    longer: dict[str, tuple[Entry, ...]]
    loose: tuple[tuple[str, Entry], ...]


@lru_cache(maxsize=8192)
def _shelf(word: str) -> Shelf:
    known: Lexicon = lexicon()
    found = known.words.get(word, ())
    for length in range(2, min(len(word), known.longest_stem) + 1):
        found += known.stems.get(word[:length], ())
    longer: dict[str, tuple[Entry, ...]] = {}
    loose: list[tuple[str, Entry]] = []
    for entry in found:
        if entry.rest and entry.rest[0] != "_" and not entry.rest[0].endswith("*"):
            longer[entry.rest[0]] = (*longer.get(entry.rest[0], ()), entry)
        elif entry.rest:
            plain = [part for part in entry.rest if part != "_" and part[-1] != "*"]
            loose.append((plain[-1] if plain else "", entry))
    return Shelf(tuple(each for each in found if not each.rest), longer, tuple(loose))


def _follow(words: Sequence[str], i: int, rest: tuple[str, ...]) -> int:
    """Give where the phrase ends that goes on like this, or 0."""
    for n, part in enumerate(rest):
        if part == "_":
            return _leap(words, i, rest[n + 1 :])
        if i >= len(words):
            return 0
        fits = words[i].startswith(part[:-1]) if part[-1] == "*" else words[i] == part
        if not fits:
            return 0
        i += 1
    return i


def _leap(words: Sequence[str], i: int, rest: tuple[str, ...]) -> int:
    for start in range(i, min(i + _GAP_WORDS, len(words)) + 1):
        if start > i and words[start - 1] in _STOPS:
            return 0
        end = _follow(words, start, rest)
        if end:
            return end
    return 0


def native(words: Sequence[str], language: str) -> bool:
    """Say whether no other language has more of the words: "red" alone is not yet Turkish."""
    tongues = _tongues(tuple(words))
    return not tongues or language in tongues


@lru_cache(maxsize=8)
def _tongues(words: tuple[str, ...]) -> frozenset[str]:
    known = lexicon().tongues
    count = Counter(each for word in words for each in known.get(word, ()))
    most = max(count.values(), default=0)
    return frozenset(each for each, n in count.items() if n == most)


def weighty(one: Finding, words: Sequence[str], marks: Marks) -> bool:
    """Say whether a phrase means what it says: one word needs its language around it."""
    mask = marks.masks[one.language]
    if one.kind is Kind.PHRASE and _of_a_thing(one, mask):
        return False
    alone = one.end - one.start == 1
    few = alone or (one.end - one.start == _FEW and one.language not in _SHORT_WORDS)
    about = any(kinds & Kind.THING for kinds in mask)
    if one.kind is Kind.WRONG and few and about:
        return False  # "I got the wrong colour"
    ours = any(kinds & (Kind.TEXT | Kind.SEND | Kind.MINE) for kinds in mask)
    if one.kind is Kind.PHRASE and few and about and not ours:
        return False  # "tired of waiting for my parcel"
    if not alone or one.language == UNIVERSAL:
        return True
    return not words[one.start].isascii() or native(words, one.language)


def _of_a_thing(one: Finding, mask: Sequence[int]) -> bool:
    """Read "delete my order": what is to end is named next, or anywhere if all said is "end"."""
    if one.end < len(mask) and mask[one.end] & Kind.THING:
        return True
    if mask[one.end - 1] & (Kind.STOP | Kind.REMOVE) and one.end + 1 < len(mask):
        owned = not mask[one.end] & (Kind.TEXT | Kind.SEND | Kind.MINE)
        if owned and mask[one.end + 1] & Kind.THING:
            return True  # "please stop my shipment"
    verb = one.end - one.start == 1 and mask[one.start] & (Kind.STOP | Kind.REMOVE)
    return bool(verb) and any(kinds & Kind.THING for kinds in mask)


def negated(one: Finding, marks: Marks) -> bool:
    """Say whether a phrase that begins with a "stop" follows a "never"."""
    before = one.start - 1
    return before >= 0 and any(
        mask[before] & Kind.NOT
        and not mask[before] & Kind.STOP
        and mask[one.start] & (Kind.STOP | Kind.REMOVE)
        for mask in marks.masks.values()
    )


class Sight(NamedTuple):
    """A message as one language sees it, English mixed in; `empty` says which words are filling."""

    words: Sequence[str]
    mask: list[int]
    empty: list[bool]
    things: bool  # something else that can be stopped is named

    def ahead(self, i: int, most: int) -> Iterator[int]:
        """Give the places after one, up to the end of the sentence."""
        for j in range(i + 1, min(i + 1 + most, len(self.words))):
            if self.words[j] == BREAK:
                return
            yield j

    def behind(self, i: int, most: int) -> Iterator[int]:
        """Give the places before one, back to a pause."""
        for j in range(i - 1, max(i - 1 - most, -1), -1):
            if self.words[j] in (BREAK, PAUSE):
                return
            yield j

    def meets(self, places: Iterator[int], wanted: int, unless: int = 0) -> bool:
        """Say whether one of the wanted comes before anything that rules it out."""
        for j in places:
            if self.mask[j] & wanted:
                return True
            if self.mask[j] & unless:
                return False
        return False


_TRIGGERS = Kind.STOP | Kind.REMOVE | Kind.NOT | Kind.CONSENT


def sights(words: Sequence[str], marks: Marks, kinds: int) -> Iterator[tuple[str, Sight]]:
    """Give the message as each language sees it that has one of these kinds in it."""
    english = marks.masks.get(UNIVERSAL)
    told = {each.language for each in marks.findings if each.kind & kinds}
    empty = empty_words(words, lexicon()) if told else []
    for language, own in marks.masks.items():
        if language not in told and UNIVERSAL not in told:
            continue
        mask = own
        if english is not None and own is not english:
            mask = list(map(or_, own, english))
        yield language, Sight(words, mask, empty, any(each & Kind.THING for each in mask))


def asks_to_stop(words: Sequence[str], marks: Marks) -> str | None:
    """Apply the rules in each language met; give the language of the first that fires."""
    shared = marks.triggers.get(UNIVERSAL, set())
    for language, sight in sights(words, marks, _TRIGGERS):
        if _fires(sight, marks.triggers.get(language, set()) | shared):
            return language
    return None


def _fires(sight: Sight, places: set[int]) -> bool:
    for i in sorted(places)[:_MOST_PLACES]:
        kinds = sight.mask[i]
        if kinds & Kind.STOP and _stops(sight, i):
            return True
        if kinds & Kind.REMOVE and _removes(sight, i):
            return True
        if kinds & Kind.NOT and not kinds & Kind.STOP and _refuses(sight, i):
            return True
        if kinds & Kind.CONSENT and _revokes(sight, i):
            return True
    return False


def _stops(sight: Sight, i: int) -> bool:
    """Stop, and near it what we do: "stop those texts", but not "stop sending the parcel"."""
    before = sight.mask[i - 1] if i else 0
    if before & Kind.NOT and not before & (Kind.STOP | Kind.SUBJECT | Kind.PHRASE):
        return False
    asked = sight.meets(sight.behind(i, 5), Kind.HOW, Kind.NOT)
    if asked and not sight.things:
        return True
    for j in sight.ahead(i, 6):
        kinds = sight.mask[j]
        if kinds & (Kind.TEXT | Kind.SEND) or (kinds & Kind.MINE and not sight.things):
            vague = not kinds & Kind.TEXT
            other = sight.meets(sight.ahead(j, 3), Kind.THING) or sight.meets(
                sight.behind(i, 3), Kind.THING
            )
            return not (vague and other)
        if kinds & Kind.THING:
            return False
    return sight.meets(sight.behind(i, 4), Kind.TEXT, Kind.THING)


def _removes(sight: Sight, i: int) -> bool:
    """Take, and near it me, my number or the list."""
    if i and sight.mask[i - 1] & Kind.NOT:
        return False
    return sight.meets(sight.ahead(i, 5), Kind.MINE, Kind.THING) or sight.meets(
        sight.behind(i, 4), Kind.MINE, Kind.THING
    )


def _refuses(sight: Sight, i: int) -> bool:
    """No more, do not send, do not want; but not a statement about what did not come."""
    want = i if sight.mask[i] & Kind.WANT else _wanting(sight, i)
    if want is not None:
        ours = Kind.TEXT | Kind.SEND | Kind.MORE
        apart = Kind.KEEP | Kind.THING
        if sight.meets(sight.ahead(want, 4), ours, apart):
            return True
        if sight.meets(sight.behind(i, 4), Kind.TEXT, apart):
            return True
    if _turned_down(sight, i):
        return True
    more = sight.meets(sight.ahead(i, 4), Kind.MORE, Kind.KEEP | Kind.THING)
    if more and sight.meets(sight.behind(i, 5), Kind.HOW):
        return True  # "how do I not get these any more"
    if i and sight.mask[i - 1] & Kind.SUBJECT:
        return False
    return _forbids(sight, i)


def _wanting(sight: Sight, i: int) -> int | None:
    for j in sight.ahead(i, 4):
        if sight.mask[j] & Kind.KEEP:
            return None
        if sight.mask[j] & Kind.WANT:
            return j
    return None


def _turned_down(sight: Sight, i: int) -> bool:
    """Read "Ich will eure Werbung nicht", where the "not" comes last."""
    if sight.meets(sight.ahead(i, 2), Kind.KEEP | Kind.THING):
        return False
    ours = False
    for j in sight.behind(i, 5):
        if sight.mask[j] & Kind.THING:
            return False
        ours = ours or bool(sight.mask[j] & Kind.TEXT)
        if ours and sight.mask[j] & Kind.WANT:
            return True
    return False


def _forbids(sight: Sight, i: int) -> bool:
    """Read "do not ever text", "no more of these messages", "no ads please"."""
    more = ours = False
    for j in sight.ahead(i, 5):
        kinds = sight.mask[j]
        if kinds & Kind.KEEP or kinds & Kind.THING:
            return False
        if kinds & Kind.SEND and not sight.meets(sight.ahead(j, 2), Kind.THING):
            return True
        more = more or bool(kinds & Kind.MORE)
        ours = ours or bool(kinds & Kind.TEXT)
        if more and ours:
            return True
        if not (kinds & (Kind.MORE | Kind.TEXT | Kind.MINE) or sight.empty[j]):
            return False
    return ours and len(sight.words) <= MOST_WEAK


def _revokes(sight: Sight, i: int) -> bool:
    return sight.meets(sight.behind(i, 5), Kind.REVOKE) or sight.meets(
        sight.ahead(i, 4), Kind.REVOKE
    )
