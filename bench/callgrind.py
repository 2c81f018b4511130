"""Speaks to valgrind's callgrind from inside a process: begin to count, write the count, stop.

Outside of valgrind the very same words are without effect. They are a sequence of machine
instructions that does nothing, which valgrind knows (valgrind.h, "client requests"); here for
x86-64, the only machine on which instructions are counted.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
from collections.abc import Callable
from pathlib import Path

MACHINE = "x86_64"
_TOOL = (ord("C") << 24) + (ord("T") << 16)
_WRITE, _BEGIN, _END = _TOOL + 3, _TOOL + 4, _TOOL + 5
_SPELL = bytes.fromhex(
    "4889f8"  # mov rax, rdi   the request and its arguments
    "31d2"  # xor edx, edx   the answer when nobody listens
    "48c1c703 48c1c70d 48c1c73d 48c1c733"  # rol rdi, by 3, 13, 61, 51: all the way round
    "4887db"  # xchg rbx, rbx  here valgrind listens
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)


class Callgrind:
    """Counts the instructions of calls; the process runs under callgrind, not counting yet."""

    def __init__(self) -> None:
        if platform.machine() != MACHINE:
            raise OSError(f"instructions are counted on {MACHINE} only")
        self._code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | 4)
        self._code.write(_SPELL)
        place = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        self._ask = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(place)

    def count(self, name: str, work: Callable[[], object]) -> None:
        """Count one call; its sum is written under this name."""
        begin, write, end = _request(_BEGIN), _request(_WRITE, name.encode()), _request(_END)
        self._ask(begin)
        work()
        self._ask(write)
        self._ask(end)


def _request(number: int, words: bytes = b"") -> ctypes.Array[ctypes.c_size_t]:
    request = (ctypes.c_size_t * 6)(number)
    if words:
        kept = ctypes.create_string_buffer(words)
        request[1] = ctypes.addressof(kept)
        request.kept = kept  # type: ignore[attr-defined]  # lives as long as the request
    return request


def totals(out: Path) -> dict[str, int]:
    """Read what was written beside `out`: instructions by name."""
    found: dict[str, int] = {}
    for part in out.parent.glob(f"{out.name}.*"):
        name, total = "", 0
        for line in part.read_text("utf-8", "replace").splitlines():
            if line.startswith("desc: Trigger: Client Request: "):
                name = line.removeprefix("desc: Trigger: Client Request: ")
            elif line.startswith("totals: "):
                total = int(line.split()[1])
        if name:
            found[name] = total
    return found
