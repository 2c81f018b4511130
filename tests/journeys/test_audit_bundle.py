"""A bundle proves itself offline, and whatever is changed in it is named."""

from __future__ import annotations

import ast
import email
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from dispatcher.domain.consents import ConsentSource
from dispatcher.domain.messages import Channel
from dispatcher.errors import Conflict, NotFound
from dispatcher.proof import verify_bundle
from dispatcher.proof.verify_bundle import chained, first_hash, verify
from dispatcher.services.audit_bundle import Bundled, Order, export_bundle
from dispatcher.services.erase import erase
from dispatcher.services.subscribe import Act, opt_in, opt_out
from dispatcher.storage import chains
from tests.support.house import TUESDAY, House
from tests.support.ledger import settled

# Letters that JSON writers like to disagree about.
ODD = 'Café «x» "y" \\ \t\x7f\u2028 \U0001f600'


@pytest.fixture
def sent(house: House) -> House:
    """A campaign that went to some, by consents of several kinds, and was refused to others."""
    house.people(4)
    house.people(1, first=5, consent=False)
    desk = house.dispatcher.desk
    house.promise([2], "Coffee offers, at most 4 a month")
    proof = {"ip": "192.0.2.7", "user_agent": ODD}
    opt_in(desk, Act(3, Channel.SMS, TUESDAY, topic="theatre", evidence=proof, origin=ODD))
    opt_out(desk, Act(4, Channel.SMS, TUESDAY))
    house.campaign()
    house.run()
    assert house.inbox() == [1, 2, 3]
    return house


def bundle(house: House, file: Path, **order: Any) -> Bundled:
    """Export the campaign of the house."""
    chosen = Order("Coffee week", file, TUESDAY, **order)
    return export_bundle(house.dispatcher.database, house.dispatcher.book, chosen)


def unpacked(file: Path, folder: Path) -> Path:
    """Unzip a bundle."""
    with zipfile.ZipFile(file) as zipped:
        zipped.extractall(folder)
    return folder


def told(place: Path, root: str = "") -> list[str]:
    """Give what verifying says."""
    return [str(fault) for fault in verify(place, root)]


def rewritten(folder: Path, name: str, number: int, change: Any) -> None:
    """Change a row and make every hash anew, as somebody would who knows how."""
    lines = (folder / name).read_bytes().splitlines()
    rows = [json.loads(line.partition(b" ")[2]) for line in lines]
    change(rows[number - 1])
    last, out = first_hash(name), []
    for row in rows:
        body = orjson.dumps(row)
        last = chained(last, body)
        out.append(last.encode() + b" " + body + b"\n")
    (folder / name).write_bytes(b"".join(out))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["rows"][name]["last"] = last
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    root = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    (folder / "root.txt").write_text(root + "\n")


def test_a_bundle_verifies_where_nothing_of_ours_is(sent: House, tmp_path: Path) -> None:
    """Its own verify.py, run by a bare Python in the unzipped folder, finds it whole."""
    done = bundle(sent, tmp_path / "b.zip")
    folder = unpacked(done.file, tmp_path / "b")
    command = [sys.executable, "-I", "-S", "verify.py", "--root", done.root]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "The bundle is whole" in ran.stdout
    assert done.rows["people.jsonl"] == 5
    assert told(done.file, done.root) == []  # still zipped, too


@pytest.mark.parametrize("channel", Channel)
def test_a_copy_of_a_message_can_be_told_to_be_what_was_sent(
    house: House, tmp_path: Path, channel: Channel
) -> None:
    """Its text has the hash that the bundle names; whoever got nothing has none."""
    house.people(2, channel=channel)
    house.people(1, first=3, channel=channel, consent=False)
    house.campaign(channels=(channel,))
    house.run(channel)
    copies = {row[0]: bytes(row[1]) for row in house.query(_COPIES)}
    folder = unpacked(bundle(house, tmp_path / "b.zip").file, tmp_path / "b")
    rows = [orjson.loads(line[65:]) for line in (folder / "people.jsonl").read_bytes().splitlines()]
    named = {row["person"]: row["delivery"]["rendered"] for row in rows}
    assert named == {
        person: hashlib.sha256(_text_of(copies[person], channel)).hexdigest()
        if person in copies
        else ""
        for person in (1, 2, 3)
    }
    erase(house.dispatcher.desk, 1, TUESDAY)
    assert house.query("SELECT count(*) FROM delivery WHERE rendered <> ''") == [1]


_COPIES = "SELECT customer_id, content FROM sandbox_message"


def _text_of(content: bytes, channel: Channel) -> bytes:
    if channel is Channel.SMS:
        return content
    parts = email.message_from_bytes(content).walk()
    plain = next(part for part in parts if part.get_content_type() == "text/plain")
    decoded = plain.get_payload(decode=True)
    assert isinstance(decoded, bytes)
    return decoded


def test_the_verifier_needs_the_standard_library_only() -> None:
    """It is Python 3.9 and imports nothing that would have to be installed."""
    source = Path(verify_bundle.__file__).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    named = {
        alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in named} <= sys.stdlib_module_names


def test_each_altered_byte_is_found_and_its_row_named(sent: House, tmp_path: Path) -> None:
    """Whichever byte of whichever file, whatever it becomes."""
    done = bundle(sent, tmp_path / "b.zip", with_evidence=True)
    folder = unpacked(done.file, tmp_path / "b")
    contents = {
        str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()
    }
    names = sorted(name for name, content in contents.items() if content)

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def alter(data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(names))
        content = contents[name]
        at = data.draw(st.integers(0, len(content) - 1))
        changed = bytearray(content)
        changed[at] ^= data.draw(st.integers(1, 255))
        (folder / name).write_bytes(changed)
        found = told(folder)
        (folder / name).write_bytes(content)
        row = content.count(b"\n", 0, at) + 1
        place = f"{name}, row {row}:" if name.endswith(".jsonl") else name
        assert any(fault.startswith(place) or name in fault for fault in found)
        if name.endswith(".jsonl"):
            assert found[0].startswith(place)

    alter()
    assert told(folder, done.root) == []


@pytest.mark.parametrize("name", ["people.jsonl", "checkpoints.jsonl", "wordings.jsonl"])
def test_a_row_or_a_file_that_is_missing_is_found(sent: House, tmp_path: Path, name: str) -> None:
    """Taken from the middle, from the end, or altogether."""
    settled(sent.dispatcher.database)
    with sent.dispatcher.database.begin() as conn:
        chains.checkpoint(conn)
    done = bundle(sent, tmp_path / "b.zip")
    folder = unpacked(done.file, tmp_path / "b")
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    (folder / name).write_bytes(b"".join(lines[:-1]))
    assert told(folder)[0].startswith(f"{name}, row {len(lines)}:")
    (folder / name).write_bytes(b"".join(lines[1:]))
    assert told(folder)[0].startswith(f"{name}, row 1:")
    (folder / name).unlink()
    assert told(folder)[0].startswith(f"{name}, row 1:")


def test_another_bundle_does_not_pass_for_this_one(sent: House, tmp_path: Path) -> None:
    """Whoever makes all hashes anew is found out by the hash that the export told."""
    done = bundle(sent, tmp_path / "b.zip")
    folder = unpacked(done.file, tmp_path / "b")
    rewritten(folder, "people.jsonl", 1, lambda row: row["delivery"].update(parts=9))
    assert told(folder) == []
    assert told(folder, done.root) == [
        "manifest.json: its hash is not the one that the export told"
    ]


def _shift(row: Any) -> None:
    row["consents"][0]["topic"] = "theatre"


def _unproven(row: Any) -> None:
    row["decisions"] = []


def _nobody(row: Any) -> None:
    row["delivery"]["consent_event"] = 999


def _late(row: Any) -> None:
    row["delivery"]["send_before"] = "2026-01-01T00:00:00+00:00"


def _lost(row: Any) -> None:
    del row["consents"][0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_shift, "consent event 1 was changed"),
        (_unproven, "no decision to send it is on record"),
        (_nobody, "the consent that allowed it is not on record"),
        (_late, "it was decided after its time"),
        (_lost, "consent event 1 is missing"),
    ],
)
def test_hashes_made_anew_do_not_help_a_lie(
    sent: House, tmp_path: Path, change: Any, problem: str
) -> None:
    """What does not fit together is found though every row is where it should be."""
    done = bundle(sent, tmp_path / "b.zip")
    folder = unpacked(done.file, tmp_path / "b")
    rewritten(folder, "people.jsonl", 2, change)
    assert any(fault.startswith(f"people.jsonl, row 2: {problem}") for fault in told(folder))


def test_evidence_is_only_in_it_on_request(sent: House, tmp_path: Path) -> None:
    """Without: salted hashes. With: the values, which must be those of the chain."""
    bare = unpacked(bundle(sent, tmp_path / "a.zip").file, tmp_path / "a")
    full = unpacked(bundle(sent, tmp_path / "b.zip", with_evidence=True).file, tmp_path / "b")
    assert b"192.0.2.7" not in (bare / "people.jsonl").read_bytes()
    assert b"192.0.2.7" in (full / "people.jsonl").read_bytes()
    for folder in (bare, full):
        content = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
        assert b"+447700900001" not in content

    def forge(row: Any) -> None:
        (values,) = row["evidence"].values()
        values["ip"][1] = "192.0.2.8"

    rewritten(full, "people.jsonl", 3, forge)
    assert any("ip of consent event 2 is not what was recorded" in fault for fault in told(full))


def test_a_campaign_that_wrote_to_somebody_out_is_found(sent: House, tmp_path: Path) -> None:
    """A delivery on record in spite of an opt-out does not verify."""
    desk = sent.dispatcher.desk
    with desk.database.begin() as conn:
        conn.execute(text("UPDATE delivery SET decided_at = decided_at + interval '1 day'"))
        conn.execute(text("ALTER TABLE decision DISABLE TRIGGER ALL"))
        conn.execute(text("UPDATE decision SET at = at + interval '1 day'"))
    opt_out(desk, Act(1, Channel.SMS, TUESDAY, source=ConsentSource.OWN_HAND))
    done = bundle(sent, tmp_path / "b.zip")
    found = told(done.file)
    assert any(
        fault.startswith("people.jsonl, row 1: consent event 2 had ended") for fault in found
    )


def test_who_was_erased_leaves_a_bundle_that_verifies(sent: House, tmp_path: Path) -> None:
    """The bare chain still proves what was allowed."""
    erase(sent.dispatcher.desk, 3, TUESDAY)
    done = bundle(sent, tmp_path / "b.zip", with_evidence=True)
    assert told(done.file, done.root) == []


def test_nothing_is_written_over_and_nothing_unfinished_left(sent: House, tmp_path: Path) -> None:
    """A file that is there stays; one that cannot be made is not there."""
    done = bundle(sent, tmp_path / "b.zip")
    with pytest.raises(Conflict):
        bundle(sent, done.file)
    with pytest.raises(NotFound):
        export_bundle(
            sent.dispatcher.database,
            sent.dispatcher.book,
            Order("no such", tmp_path / "c.zip", TUESDAY),
        )
    assert sorted(path.name for path in tmp_path.glob("*.zip*")) == ["b.zip"]
