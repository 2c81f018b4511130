"""The journal: what this process was about to put on the wire, kept where kill -9 cannot reach.

One file per process, locked for life. `begin` is written before the last bytes of a
message, the receipt after them. No fsync: the page cache survives the process, and a reboot is
recognised by its boot id
(docs/how-it-works.md#why-nobody-is-forgotten-and-nobody-is-told-twice).
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from dispatcher.domain.messages import DeliveryKey, Outcome, Receipt
from dispatcher.errors import Unavailable

_BODY = struct.Struct("<qqHH")  # wave, customer, attempt, length of what follows
_HEAD = 1 + _BODY.size  # a record begins with its kind
_BEGIN, _RECEIPT = ord("B"), ord("R")
_CHUNK = 1 << 20  # bytes; room is taken from the disk before it is needed
SUFFIX = ".journal"


class JournalFull(Unavailable):
    """There is no room to note a message, so it must not go; the disk may have some again later."""


class Journal:
    """This process's own journal, open and locked until the process ends.

    The file is mapped: a record costs no system call, and is in the page cache as soon as it is
    written. Its kind is written last, so that a record is there whole or not at all.
    """

    def __init__(self, folder: Path, worker: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{worker}{SUFFIX}"
        self._file = _own(self.path)
        header = json.dumps({"worker": worker, "boot_id": boot_id()}).encode() + b"\n"
        os.ftruncate(self._file, 0)
        try:
            self._take_room(_CHUNK)
        except JournalFull:
            self.path.unlink()
            os.close(self._file)
            raise
        self._map = mmap.mmap(self._file, _CHUNK)
        self._map[: len(header)] = header
        self._start = self._at = len(header)

    def begin(self, key: DeliveryKey) -> None:
        """Note that the last bytes of this attempt are about to be written; may be JournalFull."""
        self._write(_BEGIN, key, b"")

    def receipt(self, receipt: Receipt) -> None:
        """Note what the gateway said; may be JournalFull."""
        self._write(_RECEIPT, receipt.key, orjson.dumps(receipt[1:]))

    def forget(self) -> None:
        """Clear the journal, once all that it says is settled."""
        self._map[self._start : self._at] = bytes(self._at - self._start)
        self._at = self._start

    def close(self) -> None:
        """Remove the journal; only for a process that leaves nothing unsettled."""
        self.path.unlink(missing_ok=True)
        self._map.close()
        os.close(self._file)

    def abandon(self) -> None:
        """Unlock the journal and leave it to be adopted, as if this process had died."""
        self._map.close()
        os.close(self._file)

    def _write(self, kind: int, key: DeliveryKey, payload: bytes) -> None:
        at, end = self._at, self._at + _HEAD + len(payload)
        if end >= len(self._map):
            self._grow(end)
        _BODY.pack_into(self._map, at + 1, *key, len(payload))
        if payload:
            self._map[at + _HEAD : end] = payload
        self._map[at] = kind
        self._at = end

    def _grow(self, end: int) -> None:
        size = (end // _CHUNK + 1) * _CHUNK
        self._take_room(size)
        self._map.resize(size)

    def _take_room(self, size: int) -> None:
        """Have the disk give room beforehand: a full one is an error here, not a crash later."""
        try:
            os.posix_fallocate(self._file, 0, size)
        except OSError as error:
            problem = f"the journal {self.path} cannot be written: {error.strerror}"
            raise JournalFull(problem) from error


def _own(path: Path) -> int:
    """Open and lock a new journal; again, should a tidying process have removed it in between."""
    while True:
        handle = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(handle).st_ino:
            return handle
        os.close(handle)


@dataclass(slots=True)
class Legacy:
    """What a dead process's journal says. `complete`: absence of `begin` proves "unsent"."""

    worker: str
    complete: bool
    begun: set[DeliveryKey] = field(default_factory=set)
    receipts: dict[DeliveryKey, Receipt] = field(default_factory=dict)


def orphans(folder: Path) -> Iterator[Legacy]:
    """Give the journals of processes that are gone; each stays locked while it is dealt with.

    A journal is removed when the caller comes back for the next one: only then is it settled.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        handle = _lock(path)
        if handle is None:
            continue
        try:
            yield _read(handle, path)
            path.unlink(missing_ok=True)
        finally:
            os.close(handle)


def exists(folder: Path, worker: str) -> bool:
    """Tell whether a worker's journal lies in this folder, locked or not."""
    return (folder / f"{worker}{SUFFIX}").exists()


def boot_id() -> str:
    """Name this boot of the machine; a page cache does not outlive it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return "unknown"


def _lock(path: Path) -> int | None:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def _read(handle: int, path: Path) -> Legacy:
    size = os.fstat(handle).st_size
    data = os.pread(handle, size, 0)
    head, newline, records = data.partition(b"\n")
    if not newline:
        return Legacy(path.name.removesuffix(SUFFIX), complete=False)
    header = json.loads(head)
    known_boot = header["boot_id"] == boot_id() != "unknown"
    legacy = Legacy(header["worker"], complete=known_boot)
    for kind, key, payload in _records(records):
        if kind == _BEGIN:
            legacy.begun.add(key)
        else:
            outcome, *rest = orjson.loads(payload)
            legacy.receipts[key] = Receipt(key, Outcome(outcome), *rest)
    return legacy


def _records(data: bytes) -> Iterator[tuple[int, DeliveryKey, bytes]]:
    at = 0
    while at + _HEAD <= len(data) and data[at] in (_BEGIN, _RECEIPT):
        wave, customer, attempt, length = _BODY.unpack_from(data, at + 1)
        payload = data[at + _HEAD : at + _HEAD + length]
        if len(payload) < length:
            return
        yield data[at], DeliveryKey(wave, customer, attempt), payload
        at += _HEAD + length
