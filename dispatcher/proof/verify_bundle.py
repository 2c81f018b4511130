"""Verify what `dispatcher audit export` wrote: this one file and Python 3.9 or newer, no network.

    python verify.py [FOLDER or FILE.zip] [--root HASH]

Without a place it looks at the folder it lies in. HASH is what the export told: with it, nobody
can have put another bundle in the place of this one. Exit code: 0 whole, 1 not, 2 misused.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, NamedTuple

FORMAT = 1
MANIFEST, ROOT, PEOPLE = "manifest.json", "root.txt", "people.jsonl"
_GENESIS = "00" * 32
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND = timedelta(microseconds=1)
_TAKEN = ("accepted", "unsure")
# An opt-out heard in the very moment of a decision may have been committed right after it.
_GRACE = timedelta(seconds=60)
_MOST = 100  # faults that are told: what has one is not to be relied on anyway
_UNREADABLE = (OSError, EOFError, KeyError, RuntimeError, ValueError, zlib.error)

Row = Mapping[str, Any]


class Fault(Exception):
    """Where a bundle does not hold: the file, its row (0: all of it), and what is wrong."""

    def __init__(self, file: str, row: int, problem: str) -> None:
        super().__init__(f"{file}, row {row}: {problem}" if row else f"{file}: {problem}")


class Known(NamedTuple):
    """What the rows about people refer to."""

    waves: Mapping[int, Row]
    versions: Mapping[int, Row]
    rule_books: Mapping[str, Row]
    wordings: Mapping[str, Row]


class Bundle:
    """The files of a bundle, in a folder or still in its ZIP file."""

    def __init__(self, place: Path) -> None:
        self._folder = place
        self._zip = None if place.is_dir() else zipfile.ZipFile(place)

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading."""
        if self._zip is not None:
            return self._zip.open(name)
        return (self._folder / name).open("rb")

    def read(self, name: str) -> bytes:
        """Read a small file."""
        try:
            with self.open(name) as file:
                return bytes(file.read())
        except (*_UNREADABLE, zipfile.BadZipFile) as error:
            raise Fault(name, 0, f"it cannot be read ({error})") from None

    def digest(self, name: str) -> str:
        """Give the SHA-256 of a file."""
        return hashlib.sha256(self.read(name)).hexdigest()


def chained(before: str, body: bytes) -> str:
    """Give the hash of a row: over the hash of the row before it and the row itself."""
    return hashlib.sha256(before.encode() + b" " + body).hexdigest()


def first_hash(name: str) -> str:
    """Give the hash that the first row of a file is chained to."""
    return hashlib.sha256(name.encode()).hexdigest()


def verify(place: Path, root: str = "") -> Iterator[Fault]:
    """Give every fault of a bundle; none: it is whole."""
    try:
        bundle = Bundle(place)
        manifest = _manifest(bundle, root)
    except Fault as fault:
        yield fault
        return
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        yield Fault(place.name, 0, f"it is no bundle ({error})")
        return
    found = list(_small_files(bundle, manifest))
    yield from found
    if found:  # what refers to them cannot be judged, and would be told a million times
        yield from _quietly(_rows(bundle, manifest, PEOPLE))
        return
    known = _known(bundle, manifest)
    yield from _rule_data(bundle, manifest, known)
    yield from _checkpoints(bundle, manifest)
    yield from _people(bundle, manifest, known)


def _manifest(bundle: Bundle, root: str) -> Row:
    """Read the list of everything, once it is sure that it is the one that was written."""
    found = bundle.digest(MANIFEST)
    if bundle.read(ROOT) != found.encode() + b"\n":
        raise Fault(MANIFEST, 0, f"it does not have the hash in {ROOT}: one of them was changed")
    if root and root.lower() != found:
        raise Fault(MANIFEST, 0, "its hash is not the one that the export told")
    manifest: Row = json.loads(bundle.read(MANIFEST))
    if manifest["format"] != FORMAT:
        raise Fault(MANIFEST, 0, "it is of another format; use the verify.py that came with it")
    return manifest


def _small_files(bundle: Bundle, manifest: Row) -> Iterator[Fault]:
    """Check everything but the people: files as a whole, tables row by row."""
    for name, digest in manifest["files"].items():
        try:
            if bundle.digest(name) != digest:
                yield Fault(name, 0, "it was changed")
        except Fault as fault:
            yield fault
    for name in manifest["rows"]:
        if name != PEOPLE:
            yield from _quietly(_rows(bundle, manifest, name))


def _quietly(rows: Iterator[tuple[int, Row]]) -> Iterator[Fault]:
    """Read to the end; give the fault, if there is one."""
    try:
        for _ in rows:
            pass
    except Fault as fault:
        yield fault


def _rows(bundle: Bundle, manifest: Row, name: str) -> Iterator[tuple[int, Row]]:
    """Give the rows of a file, numbered from 1, each found to follow the one before it."""
    last, count = first_hash(name), 0
    told = manifest["rows"][name]
    try:
        with bundle.open(name) as file:
            for line in file:
                count += 1
                stored, _, body = line.rstrip(b"\n").partition(b" ")
                last = chained(last, body)
                if stored != last.encode() or not line.endswith(b"\n"):
                    raise Fault(name, count, "it was changed, or one before it is missing")
                yield count, json.loads(body)
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        raise Fault(name, count + 1, f"it cannot be read ({error})") from None
    if (count, last) != (told["count"], told["last"]):
        raise Fault(name, count + 1, f"it is missing: there were {told['count']} rows")


def _known(bundle: Bundle, manifest: Row) -> Known:
    def by(key: str, name: str) -> dict[Any, Row]:
        return {row[key]: row for _, row in _rows(bundle, manifest, name)}

    return Known(
        by("id", "waves.jsonl"),
        by("id", "versions.jsonl"),
        by("hash", "rule_books.jsonl"),
        by("digest", "wordings.jsonl"),
    )


def _rule_data(bundle: Bundle, manifest: Row, known: Known) -> Iterator[Fault]:
    """Check what names itself by its content: versions, wordings, the rule book with its data."""
    for number, row in enumerate(known.versions.values(), 1):
        pinned = json.dumps([row["spec"], row["template"]], sort_keys=True, separators=(",", ":"))
        if _sha256(pinned.encode()) != row["digest"]:
            yield Fault("versions.jsonl", number, "it is not what was approved")
    for number, row in enumerate(known.wordings.values(), 1):
        if _sha256(row["text"].encode()) != row["digest"]:
            yield Fault("wordings.jsonl", number, "it is not the text that was shown")
    book = manifest["rule_book"]
    made = "\n".join([*book["made_of"], ""]) + f"{book['data_fingerprint']} {book['profile']}"
    if _sha256(made.encode())[:16] != book["hash"]:
        yield Fault(MANIFEST, 0, "the rule book is not made of what it says")
    data = [bundle.digest(name)[:16] for name in book["data"]]
    if (data[0] if len(data) == 1 else _sha256(" ".join(data).encode())[:16]) != (
        book["data_fingerprint"]
    ):
        yield Fault(book["data"][-1], 0, "it is not the rule data of the rule book")


def _checkpoints(bundle: Bundle, manifest: Row) -> Iterator[Fault]:
    last = _GENESIS
    for number, row in _rows(bundle, manifest, "checkpoints.jsonl"):
        if row["prev_hash"] != last:
            yield Fault("checkpoints.jsonl", number, "the checkpoint before it is missing")
        last = row["hash"]


def _people(bundle: Bundle, manifest: Row, known: Known) -> Iterator[Fault]:
    try:
        for number, row in _rows(bundle, manifest, PEOPLE):
            for problem in _problems(row, known):
                who = f"person {row['person']}, wave {row['wave']}"
                yield Fault(PEOPLE, number, f"{problem} ({who})")
    except Fault as fault:
        yield fault


def _problems(row: Row, known: Known) -> Iterator[str]:
    wave = known.waves.get(row["wave"])
    version = known.versions.get(wave["version_id"]) if wave else None
    if version is None:
        yield "its wave, or the version of its campaign, is missing"
        return
    yield from _chain(row["person"], row["consents"], known.wordings)
    yield from _evidence(row["consents"], row.get("evidence") or {})
    if row["delivery"]["state"] in _TAKEN:
        yield from _decision(row, known)
        if version["spec"]["policy"]["message_class"] == "promotional":
            yield from _consent(row, version["spec"]["policy"]["topic"])


def _chain(person: int, events: Sequence[Row], wordings: Mapping[str, Row]) -> Iterator[str]:
    last = _GENESIS
    for seq, event in enumerate(events, 1):
        if event["seq"] != seq:
            yield f"consent event {seq} is missing"
            return
        if event["prev_hash"] != last:
            yield f"consent event {seq} does not follow the one before it"
        if _link(person, event) != event["hash"]:
            yield f"consent event {seq} was changed"
        if event["wording"] and event["wording"] not in wordings:
            yield f"the wording of consent event {seq} is missing"
        last = event["hash"]


def _link(person: int, event: Row) -> str:
    """Give the hash of a consent event, as the ledger of Dispatcher makes it."""
    body = [
        *(1, person, event["seq"], event["channel"], event["topic"], event["action"]),
        *(event["source"], event["kind"], event["wording"], event["origin"]),
        *(_microseconds(event["occurred_at"]), _microseconds(event["received_at"])),
        sorted(event["commitments"].items()),
    ]
    written = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return _sha256(bytes.fromhex(event["prev_hash"]) + written)


def _evidence(events: Sequence[Row], kept: Mapping[str, Mapping[str, list[str]]]) -> Iterator[str]:
    """Check that each value is the one the chain was made with."""
    for event in events:
        for name, (salt, value) in kept.get(str(event["id"]), {}).items():
            if _sha256(bytes.fromhex(salt) + value.encode()) != event["commitments"].get(name):
                yield f"{name} of consent event {event['seq']} is not what was recorded"


def _decision(row: Row, known: Known) -> Iterator[str]:
    """Check that what was handed over had been decided so, in time, by a known rule book."""
    delivery = row["delivery"]
    made = [
        each
        for each in row["decisions"]
        if each["verdict"] == "send" and each["at"] == delivery["decided_at"]
    ]
    if not made:
        yield "no decision to send it is on record"
    for each in made:
        if each["rule_book"] not in known.rule_books:
            yield f"the rule book {each['rule_book']} is missing"
    before = delivery["send_before"]
    if before and _at(before) <= _at(delivery["decided_at"]):
        yield "it was decided after its time"


def _consent(row: Row, topic: str) -> Iterator[str]:
    """Check that the consent it names is one to this topic, given before and not taken back."""
    delivery = row["delivery"]
    decided = _at(delivery["decided_at"])
    given = [each for each in row["consents"] if each["id"] == delivery["consent_event"]]
    if not given:
        yield "the consent that allowed it is not on record"
        return
    consent = given[0]
    fits = consent["channel"] == delivery["channel"] and consent["topic"] in (topic, "*")
    if consent["action"] != "opt_in" or not fits:
        yield f"consent event {consent['seq']} does not allow it"
    if _at(consent["received_at"]) > decided + _GRACE:
        yield f"consent event {consent['seq']} was recorded only afterwards"
    for each in row["consents"]:
        ends = each["action"] == "opt_out" and each["channel"] == consent["channel"]
        if ends and each["topic"] in (consent["topic"], topic, "*"):
            heard = _at(each["received_at"]) + _GRACE <= decided
            if heard and _effective(each) >= _effective(consent):
                yield f"consent event {each['seq']} had ended it"


def _effective(event: Row) -> datetime:
    return min(_at(event["occurred_at"]), _at(event["received_at"]))


def _at(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


def _microseconds(instant: str) -> int:
    return (_at(instant) - _EPOCH) // _MICROSECOND


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def main(words: Sequence[str]) -> int:
    """Say what is wrong with a bundle, or that nothing is."""
    place, root = Path(__file__).resolve().parent, ""
    rest = list(words)
    if "--root" in rest[:-1]:
        at = rest.index("--root")
        root = rest[at + 1]
        del rest[at : at + 2]
    if len(rest) > 1 or any(word.startswith("-") for word in rest):
        sys.stderr.write(f"{(__doc__ or '').strip()}\n")
        return 2
    place = Path(rest[0]) if rest else place
    told = 0
    for fault in verify(place, root):
        told += 1
        sys.stdout.write(f"{fault}\n")
        if told == _MOST:
            sys.stdout.write("... and perhaps more\n")
            break
    if told:
        sys.stdout.write("The bundle does NOT hold.\n")
        return 1
    sys.stdout.write(f"The bundle is whole: {_told(place)}\n")
    if not root:
        sys.stdout.write("Compare the hash with the one that the export told.\n")
    return 0


def _told(place: Path) -> str:
    bundle = Bundle(place)
    manifest = json.loads(bundle.read(MANIFEST))
    rows = sum(each["count"] for each in manifest["rows"].values())
    return (
        f'{rows} rows on campaign "{manifest["campaign"]["name"]}", made {manifest["made_at"]},'
        f" hash {bundle.digest(MANIFEST)}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
