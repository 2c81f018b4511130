"""The journal: what this process was about to put on the wire, kept where kill -9 cannot reach.

One append-only file per process, locked for life. `begin` is written before the last bytes of a
message, the receipt after them. No fsync: the page cache survives the process, and a reboot is
recognised by its boot id (PROTOCOL section 3).
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from dispatcher.domain.messages import DeliveryKey, Outcome, Receipt
from dispatcher.errors import Unavailable

_RECORD = struct.Struct("<cqqHH")  # kind, wave, customer, attempt, length of what follows
_BEGIN, _RECEIPT = b"B", b"R"
SUFFIX = ".journal"


class JournalFull(Unavailable):
    """The journal takes no more, so nothing may be begun; most likely its disk is full."""


class Journal:
    """This process's own journal, open and locked until the process ends."""

    def __init__(self, folder: Path, worker: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{worker}{SUFFIX}"
        self._file = _own(self.path)
        self._size = 0
        os.ftruncate(self._file, 0)
        header = json.dumps({"worker": worker, "boot_id": boot_id()}) + "\n"
        self._append(header.encode())
        self._header_size = self._size

    def begin(self, key: DeliveryKey) -> None:
        """Note that the last bytes of this attempt are about to be written; may be JournalFull."""
        self._append(_RECORD.pack(_BEGIN, key.wave_id, key.customer_id, key.attempt, 0))

    def receipt(self, receipt: Receipt) -> None:
        """Note what the gateway said; may be JournalFull."""
        payload = orjson.dumps(receipt[1:])
        key = receipt.key
        head = _RECORD.pack(_RECEIPT, key.wave_id, key.customer_id, key.attempt, len(payload))
        self._append(head + payload)

    def forget(self) -> None:
        """Cut the journal back to its header, once all that it says is settled."""
        os.ftruncate(self._file, self._header_size)
        self._size = self._header_size

    def close(self) -> None:
        """Remove the journal; only for a process that leaves nothing unsettled."""
        self.path.unlink(missing_ok=True)
        os.close(self._file)

    def abandon(self) -> None:
        """Unlock the journal and leave it to be adopted, as if this process had died."""
        os.close(self._file)

    def _append(self, record: bytes) -> None:
        """Write a whole record or none: one torn in the middle would hide all that follow."""
        try:
            written = os.write(self._file, record)
            problem = "the disk took a part of a record only"
        except OSError as error:
            written, problem = 0, str(error)
        if written < len(record):
            os.ftruncate(self._file, self._size)
            raise JournalFull(f"the journal {self.path} cannot be written: {problem}")
        self._size += written


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


def _records(data: bytes) -> Iterator[tuple[bytes, DeliveryKey, bytes]]:
    at = 0
    while at + _RECORD.size <= len(data):
        kind, wave, customer, attempt, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > len(data):
            return  # torn tail: the process died in the middle of writing it
        yield kind, DeliveryKey(wave, customer, attempt), data[at : at + length]
        at += length
