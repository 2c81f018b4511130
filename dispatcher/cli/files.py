"""Files that commands write for people; a full disk names the file it happened to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dispatcher.errors import Conflict
from dispatcher.services.export_files import EVERYTHING, zipped


def write_new(file: Path, text: str) -> None:
    """Write a file that must not be there yet."""
    if file.exists():
        raise Conflict(f"{file} is there already; choose another name with --out")
    write(file, text)


def write(file: Path, text: str) -> None:
    """Write a file, whatever was there before."""
    write_bytes(file, text.encode())


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file, whatever was there before; a full disk names it."""
    try:
        file.write_bytes(content)
    except OSError as error:
        error.filename = str(file)  # missing when the trouble comes after the opening
        raise


def write_export(out: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write an export as one ZIP, as JSON alone, or into a new folder; name what was written."""
    if out.suffix == ".zip":
        write_bytes(out, zipped(files))
        return [out.name]
    if out.suffix == ".json" or (out.exists() and not out.is_dir()):
        write_bytes(out, files[EVERYTHING])
        return [out.name]
    if out.is_dir():
        raise Conflict(f"{out} is there already; name a new folder with --out")
    out.mkdir(mode=0o700)
    for name, content in files.items():
        write_bytes(out / name, content)
    return sorted(files)
