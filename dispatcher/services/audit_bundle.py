"""Audit bundle: what a campaign did and why it might, in a ZIP that proves itself offline."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, text

from dispatcher.domain.campaigns import Campaign
from dispatcher.errors import Conflict
from dispatcher.proof import verify_bundle
from dispatcher.proof.verify_bundle import FORMAT, MANIFEST, PEOPLE, ROOT, chained, first_hash
from dispatcher.resources import jurisdictions_file
from dispatcher.rules.book import RuleBook, made_of
from dispatcher.storage import bundles, campaigns
from dispatcher.storage.database import Database

_DATA = "rule-data/jurisdictions.toml"
_OVERRIDES = "rule-data/overrides.toml"
_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_README = """\
This bundle tells what one campaign of Dispatcher did, to whom (by number, never by address), why
each verdict was given, and which consent allowed each message.

    python verify.py --root HASH        (Python 3.9 or newer, no network; HASH was told at export)

It names the file and the row of anything that was changed, and checks that each message had a
decision to send it, that the consent it names is one to this topic and was not taken back, that
each chain of consents is whole, that each wording is the very text that was shown, and that the
campaign is what was approved.

people.jsonl       one row for each person in each wave: verdict, decisions with the facts they
                   were made from, the chain of consents of those who were written to
wordings.jsonl     the texts that people agreed to
versions.jsonl     each approved version: the file as it was written, and its template
waves.jsonl        each time the campaign was run
acts.jsonl         what operators did to it
rule_books.jsonl   which rules and rule data stand behind the hash in each decision
checkpoints.jsonl  the chain of checkpoints over the whole ledger of consents
rule-data/         the rule data in use at the time of the export

What it does not hold: the messages as they were sent. Each is its version's template, filled in
with what was known of the person then, which is not kept; `rendered` is the SHA-256 of its text (of
a mail: of the decoded plain part), so that a copy somebody has can be told to be the one that went.
It is empty where a worker died before it could note it, and after an erasure. Personal evidence is
only in it if it was asked for; else the chain holds salted hashes of it.
"""


@dataclass(slots=True)
class Bundled:
    """What was written: rows by file, and the hash that names all of it."""

    campaign: str
    file: Path
    root: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What to bundle, and where to put it."""

    campaign: str
    out: Path
    made_at: datetime
    overrides: Path | None = None
    with_evidence: bool = False


class _Writer:
    """Writes files one after another and keeps the hash of each row's end."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.rows: dict[str, dict[str, Any]] = {}
        self.files: dict[str, str] = {}

    def file(self, name: str, content: bytes) -> None:
        self._archive.writestr(name, content)
        self.files[name] = hashlib.sha256(content).hexdigest()

    def table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        last, count = first_hash(name), 0
        with self._archive.open(name, "w", force_zip64=True) as out:
            for row in rows:
                body = orjson.dumps(row)
                last, count = chained(last, body), count + 1
                out.write(last.encode() + b" " + body + b"\n")
        self.rows[name] = {"count": count, "last": last}


def export_bundle(
    database: Database, book: RuleBook, order: Order, tell: Callable[[int], None] = lambda _: None
) -> Bundled:
    """Write the bundle of a campaign; an unfinished one never bears the name. `tell` hears rows.

    All of it is read as it stood at one instant. Conflict: there is such a file already.
    """
    if order.out.exists():
        raise Conflict(f"{order.out} is there already; choose another name with --out")
    unfinished = order.out.with_name(order.out.name + ".part")
    try:
        with database.begin_by_key() as conn:
            conn.execute(_SNAPSHOT)
            campaign = campaigns.find(conn, order.campaign)
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
                done = _write(conn, zipped, book, order, campaign, tell)
        unfinished.replace(order.out)
    finally:
        unfinished.unlink(missing_ok=True)
    done.size = order.out.stat().st_size
    return done


def _write(
    conn: Connection,
    zipped: zipfile.ZipFile,
    book: RuleBook,
    order: Order,
    campaign: Campaign,
    tell: Callable[[int], None],
) -> Bundled:
    out = _Writer(zipped)
    out.file("README.txt", _README.encode())
    out.file("verify.py", Path(verify_bundle.__file__).read_bytes())
    out.file(_DATA, jurisdictions_file().read_bytes())
    if order.overrides is not None:
        out.file(_OVERRIDES, order.overrides.read_bytes())
    waves = bundles.waves(conn, campaign.id)
    out.table("versions.jsonl", bundles.versions(conn, campaign.id))
    out.table("waves.jsonl", waves)
    out.table("acts.jsonl", bundles.acts(conn, campaign.id))
    out.table("rule_books.jsonl", bundles.rule_books(conn))
    out.table("checkpoints.jsonl", bundles.checkpoints(conn))
    shown: set[str] = set()
    out.table(PEOPLE, _people(conn, waves, order, shown, tell))
    out.table("wordings.jsonl", bundles.wordings(conn, shown - {""}))
    manifest = orjson.dumps(_manifest(out, book, order, campaign), option=orjson.OPT_INDENT_2)
    root = hashlib.sha256(manifest).hexdigest()
    zipped.writestr(MANIFEST, manifest)
    zipped.writestr(ROOT, root + "\n")
    rows = {name: told["count"] for name, told in out.rows.items()}
    return Bundled(campaign.name, order.out, root, rows)


def _people(
    conn: Connection,
    waves: Iterable[bundles.Row],
    order: Order,
    shown: set[str],
    tell: Callable[[int], None],
) -> Iterator[bundles.Row]:
    """Give everybody, shard by shard; note the wordings that their consents refer to."""
    for wave in waves:
        for shard in bundles.shards_of(wave):
            count = 0
            for row in bundles.people(conn, wave["id"], shard, with_evidence=order.with_evidence):
                shown.update(event["wording"] for event in row["consents"])
                count += 1
                yield row
            tell(count)


def _manifest(out: _Writer, book: RuleBook, order: Order, campaign: Campaign) -> dict[str, Any]:
    data = book.law.jurisdictions
    return {
        "format": FORMAT,
        "campaign": {"id": campaign.id, "name": campaign.name, "brand": campaign.brand},
        "made_at": order.made_at,
        "with_evidence": order.with_evidence,
        "rule_book": {
            "hash": book.hash,
            "made_of": made_of(book.name, book.version),
            "profile": book.law.profile,
            "data_version": data.version,
            "data_fingerprint": data.fingerprint,
            "data": [name for name in (_DATA, _OVERRIDES) if name in out.files],
        },
        "rows": out.rows,
        "files": out.files,
    }
