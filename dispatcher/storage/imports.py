"""Imports of customers: staged apart, resolved to people, merged in chunks that can be resumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from dispatcher.storage.database import copy_rows, driver
from dispatcher.storage.imports_rows import StagedRow, StagedTold
from dispatcher.storage.imports_sql import (
    ADD_ADDRESSES,
    ADD_CUSTOMERS,
    ADD_PRESSURE,
    CONSENTS,
    CREATE,
    CREATE_CHUNK,
    DROP,
    HAS_DUPLICATES,
    INDEX_STAGED,
    LAST_PLACE,
    LAST_ROW,
    LOCK_CUSTOMERS,
    MERGE_DUPLICATES,
    RESOLVE,
    SPLIT,
    UPDATE_CUSTOMERS,
)


class Reject(NamedTuple):
    """What was not taken, or not wholly: the line in the file, the column, its value, and why."""

    line: int
    column: str
    value: str
    reason: str


class Import(NamedTuple):
    """How far an import is, and what came of it."""

    id: int
    state: str
    rows_read: int
    rows_merged: int
    rejects: int
    people: int
    updated: int
    proven: int
    unproven: int
    withheld: int


class Span(NamedTuple):
    """Plain rows by their numbers, or people by their places: above `after`, up to `upto`."""

    after: int
    upto: int


class ConsentRow(NamedTuple):
    """A consent that a row of the file tells, with what holds already for that person."""

    line: int
    person: int
    channel: str
    topic: str
    at: datetime | None
    kind: str
    wording: str
    origin: str
    proven: bool
    blocked: bool  # the address is suppressed, or not this person's
    out: bool  # the person has opted out, of the topic or of everything
    state: str | None  # of the very topic


_COLUMNS = ", ".join(Import._fields)
_BEGIN = text(
    "INSERT INTO import (source, digest, state) VALUES (:source, :digest, 'staging')"
    f" ON CONFLICT (digest) DO UPDATE SET digest = excluded.digest RETURNING {_COLUMNS}"
)
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('import of customers'))")
_RESTART = text(
    "UPDATE import SET state = 'staging', rows_read = 0, rows_merged = 0, rejects = 0"
    " WHERE id = :id"
)
_STAGED = text("UPDATE import SET state = 'merging', rows_read = :rows WHERE id = :id")
_MERGED = text(
    "UPDATE import SET rows_merged = rows_merged + :people + :updated, people = people + :people,"
    " updated = updated + :updated,"
    " proven = proven + :proven, unproven = unproven + :unproven, withheld = withheld + :withheld"
    " WHERE id = :id"
)
_NOTHING = {"people": 0, "updated": 0, "proven": 0, "unproven": 0, "withheld": 0}
_DONE = text(
    "UPDATE import SET state = 'done', finished_at = clock_timestamp(), rejects = :rejects"
    f" WHERE id = :id RETURNING {_COLUMNS}"
)
_UPDATE_CUSTOMERS = text(UPDATE_CUSTOMERS)
_ADD_CUSTOMERS = text(ADD_CUSTOMERS)
_ADD_ADDRESSES = text(ADD_ADDRESSES)
_ADD_PRESSURE = text(ADD_PRESSURE)
_CONSENTS = text(CONSENTS)
_ANALYZE = text("ANALYZE customer, address, consent, consent_event, person_pressure")


def take_turn(conn: Connection) -> bool:
    """Hold the right to import until the transaction ends; False when somebody else has it."""
    return bool(conn.execute(_LOCK).scalar_one())


def begin(conn: Connection, source: str, digest: str) -> Import:
    """Begin an import, or find the one of the same file and mapping."""
    return Import(*conn.execute(_BEGIN, {"source": source, "digest": digest}).one())


def can_resume(conn: Connection, import_id: int) -> bool:
    """Say whether what was staged is still there: a crash of the server empties it."""
    there = conn.execute(text(f"SELECT to_regclass('import_people_{import_id}') IS NOT NULL"))
    if not there.scalar_one():
        return False
    return conn.execute(text(f"SELECT FROM import_rows_{import_id} LIMIT 1")).first() is not None


def start_staging(conn: Connection, import_id: int) -> None:
    """Make empty tables for the rows of a file."""
    drop_staging(conn, import_id)
    conn.execute(_RESTART, {"id": import_id})
    _run(conn, CREATE, import_id)


def stage(
    conn: Connection, import_id: int, rows: bytes, told: bytes, rejects: Iterable[Reject]
) -> None:
    """COPY good rows and what they tell alike, encoded already, and rejects."""
    _copy(conn, f"import_rows_{import_id} ({', '.join(StagedRow._fields)})", rows)
    _copy(conn, f"import_told_{import_id} ({', '.join(StagedTold._fields)})", told)
    copy_rows(conn, f"import_rejects_{import_id} (line, column_name, value, reason)", rejects)


def _copy(conn: Connection, into: str, encoded: bytes) -> None:
    with driver(conn).cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN".encode()) as copy:
        copy.write(encoded)


def resolve(conn: Connection, import_id: int, rows_read: int) -> None:
    """Find out which rows are the same person, and whose person is there already."""
    for script in (INDEX_STAGED, SPLIT, RESOLVE):
        _run(conn, script, import_id)
    if conn.execute(text(HAS_DUPLICATES.format(id=import_id))).scalar_one():
        _run(conn, MERGE_DUPLICATES, import_id)
    conn.execute(_STAGED, {"id": import_id, "rows": rows_read})


def last(conn: Connection, import_id: int, *, tangled: bool) -> int:
    """Give the number of the last row, or the place of the last person of tangled rows."""
    query = LAST_PLACE if tangled else LAST_ROW
    return int(conn.execute(text(query.format(id=import_id))).scalar_one())


def merged(conn: Connection, import_id: int, *, tangled: bool) -> list[Span]:
    """Give what is merged already, of the plain rows or of the people of tangled ones."""
    query = f"SELECT after, upto FROM import_merged_{import_id} WHERE tangled = :tangled"
    return [Span(*row) for row in conn.execute(text(query), {"tangled": tangled})]


def merge_people(conn: Connection, import_id: int, span: Span) -> tuple[int, int]:
    """Add or update some people of tangled rows; give how many are new, and how many were there.

    What the file tells of them is at hand until the transaction ends, for their consents.
    """
    conn.execute(text(LOCK_CUSTOMERS.format(id=import_id)), span._asdict())
    conn.execute(text(CREATE_CHUNK.format(id=import_id)), span._asdict())
    updated = conn.execute(_UPDATE_CUSTOMERS, {"import_id": import_id}).rowcount
    new = conn.execute(_ADD_CUSTOMERS, {"import_id": import_id}).rowcount
    conn.execute(_ADD_ADDRESSES)
    conn.execute(_ADD_PRESSURE)
    return new, updated


def consent_rows(conn: Connection) -> Iterator[ConsentRow]:
    """Give every consent a tangled chunk tells of people the ledger knows, as the file has them."""
    for row in conn.execute(_CONSENTS):
        yield ConsentRow(*row)


def note_merged(
    conn: Connection,
    import_id: int,
    span: Span,
    counts: Mapping[str, int],
    rejects: Iterable[Reject] = (),
    *,
    tangled: bool,
) -> None:
    """Note that a chunk is merged, at the end of its own transaction.

    Last of all the row of the import itself: it is locked from here on, and chunks are at work
    side by side.
    """
    copy_rows(conn, f"import_rejects_{import_id} (line, column_name, value, reason)", rejects)
    copy_rows(conn, f"import_merged_{import_id} (tangled, after, upto)", [(tangled, *span)])
    conn.execute(_MERGED, {"id": import_id, **_NOTHING, **counts})


def rejects_of(conn: Connection, import_id: int) -> Iterator[Reject]:
    """Give all rejects in the order of the file."""
    query = (
        f"SELECT line, column_name, value, reason FROM import_rejects_{import_id}"
        " ORDER BY line, column_name"
    )
    with driver(conn).cursor(name="rejects") as cursor:
        cursor.execute(query.encode())
        for row in cursor:
            yield Reject(*row)


def finish(conn: Connection, import_id: int, rejects: int) -> Import:
    """Make the new people visible, all at once, and drop what was staged."""
    done = Import(*conn.execute(_DONE, {"id": import_id, "rejects": rejects}).one())
    drop_staging(conn, import_id)
    # Or the first campaign after it is planned blindly; the autovacuum looks closer a minute later.
    conn.execute(text("SET LOCAL default_statistics_target = 30"))
    conn.execute(_ANALYZE)
    return done


def drop_staging(conn: Connection, import_id: int) -> None:
    """Drop the tables of an import."""
    _run(conn, DROP, import_id)


def _run(conn: Connection, script: str, import_id: int) -> None:
    # Scripts of several statements: only the driver itself takes those in one piece.
    driver(conn).execute(script.format(id=import_id).encode())
