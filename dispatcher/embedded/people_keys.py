"""The keys of people's evidence, and who is to stay silent or forgotten: kept apart from backups.

A backup is a copy of one night and holds none of these keys. This file is of the last night only:
each new one takes the place of the one before, and so the keys of whoever was erased are gone from
every backup there is. It also says who was erased and which addresses get nothing, so that what an
old backup brings back is forgotten and silent again before anybody sees it.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from dispatcher.errors import DispatcherError

FORMAT = 1
_MANIFEST = "manifest.json"
# What is kept, and how it comes back: nothing that is there is overwritten.
_TABLES = {
    "vault.person_key": "customer_id, key",
    "suppression": "channel, digest, brand, reason, source, at",
    "erasure": "customer_id, asked_at",
}
_ERASED = "erasure"
_GONE = "SELECT customer_id, asked_at FROM loaded_erasure"


class KeysUnreadable(DispatcherError):
    """The file of keys is none, or is damaged; nothing was changed."""


def save(database_url: str, target: Path, now: datetime) -> None:
    """Write the file in the place of the one before; a database without our tables has none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    manifest = json.dumps({"format": FORMAT, "made": now.isoformat()}).encode()
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".keys-") as folder:
        unfinished = Path(folder) / "keys"
        unfinished.touch(mode=0o600)
        with (
            tarfile.open(unfinished, "w") as archive,
            psycopg.connect(_plain(database_url)) as conn,
        ):
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            _add(archive, _MANIFEST, manifest)
            for table, columns in _TABLES.items():
                if conn.execute("SELECT to_regclass(%s)", [table]).fetchone() != (None,):
                    _add(archive, table, _copied(conn, table, columns))
        unfinished.replace(target)


def load(database_url: str, sources: Sequence[Path]) -> dict[int, datetime]:
    """Bring keys and silence into a restored database; give who was erased, and when.

    `sources` are files that `save` wrote, the database's schema must be ours. KeysUnreadable:
    nothing was brought in.
    """
    found: dict[int, datetime] = {}
    contents = [_read(source) for source in sources]
    with psycopg.connect(_plain(database_url)) as conn:
        for content in contents:
            for table, rows in content.items():
                _merge(conn, table, rows)
            if _ERASED in content:
                found |= dict(conn.execute(_GONE).fetchall())
    return found


def _merge(conn: psycopg.Connection, table: str, rows: bytes) -> None:
    name, columns = sql.SQL(table), sql.SQL(_TABLES[table])
    beside = sql.Identifier(f"loaded_{table.rpartition('.')[2]}")
    make = "CREATE TEMPORARY TABLE IF NOT EXISTS {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0"
    conn.execute(sql.SQL(make).format(beside, columns, name))
    with conn.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(beside)) as copy:
        copy.write(rows)
    if table != _ERASED:  # whoever was erased is erased again, not only said to be
        merge = "INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING"
        conn.execute(sql.SQL(merge).format(name, columns, columns, beside))


def _copied(conn: psycopg.Connection, table: str, columns: str) -> bytes:
    query = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.SQL(table), sql.SQL(columns))
    with conn.cursor().copy(query) as copy:
        return b"".join(bytes(block) for block in copy)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))


def _read(source: Path) -> dict[str, bytes]:
    try:
        with tarfile.open(source) as archive:
            files = {each.name: archive.extractfile(each) for each in archive}
            content = {name: file.read() for name, file in files.items() if file}
        readable = json.loads(content.pop(_MANIFEST))["format"] == FORMAT
    except (tarfile.TarError, KeyError, ValueError, OSError) as error:
        raise KeysUnreadable(f"{source} holds no keys of people: {error}.") from None
    if not readable or not set(content) <= set(_TABLES):
        raise KeysUnreadable(f"{source} was made by a newer version of Dispatcher: update first.")
    return content


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
