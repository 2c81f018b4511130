"""The rejects of a file: each row that was not taken, with its line and the reason."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from dispatcher.errors import ImportFileError
from dispatcher.storage.imports import Reject


def write_rejects(path: Path, rejects: Iterable[Reject]) -> int:
    """Write the rejects file, whole or not at all; none when there is nothing to say."""
    if path.exists() and not path.is_file():  # replacing a device would take it from everybody
        raise ImportFileError(path, 0, "rejects can only be written to a file; name another")
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("w", encoding="utf-8-sig", newline="") as file:
            count = _fill(file, rejects)
        if count:
            unfinished.replace(path)
        else:
            unfinished.unlink()
    except OSError as error:
        problem = f"the rejects cannot be written here: {error.strerror}; name another --rejects"
        raise ImportFileError(path, 0, problem) from error
    return count


def _fill(file: TextIO, rejects: Iterable[Reject]) -> int:
    writer = csv.writer(file)
    writer.writerow(Reject._fields)
    count = 0
    for reject in rejects:
        writer.writerow([reject.line, reject.column, _harmless(reject.value), reject.reason])
        count += 1
    return count


def _harmless(value: str) -> str:
    """Keep a spreadsheet from taking a value for a formula."""
    return f"'{value}" if value.startswith(("=", "@", "+", "-", "\t", "\r")) else value
