"""Where the data shipped with the package lies: in the package, or beside it in a source tree."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def templates_folder() -> Path:
    """The templates that ship with the product."""
    return shipped_folder("templates")


def migrations_folder() -> Path:
    """The schema's migrations (Alembic)."""
    return shipped_folder("migrations")


def shipped_folder(name: str, package: Path = _PACKAGE) -> Path:
    """An installed package carries its data inside (`_data`), a source tree has it at the top."""
    inside = package / "_data" / name
    return inside if inside.is_dir() else package.parent / name


def jurisdictions_file() -> Path:
    """The rules of jurisdictions, which lie beside the code that judges by them."""
    return _PACKAGE / "rules" / "jurisdictions.toml"


def texting_file() -> Path:
    """What countries ask of texts besides hours."""
    return _PACKAGE / "rules" / "texting.toml"


def facts_file() -> Path:
    """What the shipped templates say about people."""
    return _PACKAGE / "campaign_files" / "facts.toml"


def programme_file() -> Path:
    """A programme to start from: `dispatcher init` writes it, the demo plays with it."""
    return _PACKAGE / "campaign_files" / "programme.toml"
