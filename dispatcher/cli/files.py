"""Files that commands write for people; a full disk names the file it happened to."""

from __future__ import annotations

from pathlib import Path

from dispatcher.errors import Conflict


def write_new(file: Path, text: str) -> None:
    """Write a file that must not be there yet."""
    if file.exists():
        raise Conflict(f"{file} is there already; choose another name with --out")
    write(file, text)


def write(file: Path, text: str) -> None:
    """Write a file, whatever was there before."""
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        error.filename = str(file)  # missing when the trouble comes after the opening
        raise
