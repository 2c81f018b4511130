"""A template's folder, read: `offer.toml` and, for each language, its texts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dispatcher.domain.campaigns import TemplateSource
from dispatcher.domain.names import language_tag
from dispatcher.errors import CampaignError, NotFound

MANIFEST = "offer.toml"
SUBJECT, TEXT, HTML, SMS, WHY = "subject.txt", "text.txt", "html.mjml", "sms.txt", "why.txt"
FILES = (SUBJECT, TEXT, HTML, SMS, WHY)
MAX_BYTES = 512 * 1024

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_AT_LINE = re.compile(r"\(at line (\d+)")
_KEYS = frozenset({"default_language", "required", "sample", "smart_encoding"})


def load(folder: Path) -> TemplateSource:
    """Read a template's folder; CampaignError names the file and line that cannot be read."""
    if not folder.is_dir():
        raise NotFound(f"There is no template folder {folder}.")
    manifest = folder / MANIFEST
    if not manifest.is_file():
        raise CampaignError(manifest, 1, "The file is missing; it holds the sample values.")
    settings = _manifest(manifest, _read(manifest))
    texts: dict[str, str] = {}
    for language in sorted(path for path in folder.iterdir() if path.is_dir()):
        if language_tag(language.name) != language.name:
            raise CampaignError(language, 1, 'A language folder is named like "fr" or "fr-CA".')
        for path in sorted(language.iterdir()):
            if path.suffix in {".txt", ".mjml"}:
                texts[f"{language.name}/{path.name}"] = _read(path)
    return TemplateSource(folder.name, texts, *settings)


def languages(source: TemplateSource) -> tuple[str, ...]:
    """Give the languages a template is written in, sorted."""
    return tuple(sorted({path.partition("/")[0] for path in source.texts}))


def choose(available: tuple[str, ...], wanted: str, default: str) -> str:
    """Choose the language for a person: exact ("fr-CA"), then base ("fr"), then the default."""
    known = {language.lower(): language for language in available}
    wanted = wanted.replace("_", "-").lower()
    return known.get(wanted) or known.get(wanted.partition("-")[0]) or default


def _read(path: Path) -> str:
    raw = path.read_bytes()
    if len(raw) > MAX_BYTES:
        raise CampaignError(path, 1, f"The file is larger than {MAX_BYTES // 1024} KB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise CampaignError(path, line, "The file is not UTF-8; save it as UTF-8.") from wrong
    if "\0" in text:
        raise CampaignError(path, 1, "The file holds zero bytes; it is not a text.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _manifest(path: Path, text: str) -> tuple[tuple[str, ...], dict[str, str], str, bool]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        found = _AT_LINE.search(str(wrong))
        # The parser names the end of the document instead of its last line.
        line = int(found[1]) if found else text.rstrip("\n").count("\n") + 1
        raise CampaignError(path, line, f"{wrong}.") from wrong
    unknown = sorted(set(data) - _KEYS)
    if unknown:
        known = ", ".join(sorted(_KEYS))
        raise _wrong(path, text, unknown[0], f"There is no setting {unknown[0]!r}; known: {known}.")
    sample = _sample(path, text, data.get("sample", {}))
    required = data.get("required", [])
    if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
        raise _wrong(path, text, "required", 'A list of names is wanted, as in ["first_name"].')
    for name in required:
        if name not in sample:
            raise _wrong(path, text, "required", f"{name!r} is required but has no sample value.")
    default = data.get("default_language", "en")
    if not isinstance(default, str) or not default or language_tag(default) != default:
        raise _wrong(path, text, "default_language", 'A language is named like "fr" or "fr-CA".')
    smart = data.get("smart_encoding", True)
    if not isinstance(smart, bool):
        raise _wrong(path, text, "smart_encoding", "true or false is wanted.")
    return tuple(required), sample, default, smart


def _sample(path: Path, text: str, table: object) -> dict[str, str]:
    if not isinstance(table, Mapping):
        raise _wrong(path, text, "sample", "A table of sample values is wanted: [sample].")
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping) and name == "offer":
            flat |= {f"offer.{key}": each for key, each in value.items()}
        else:
            flat[name] = value
    for name, value in flat.items():
        if not _NAME.match(name.removeprefix("offer.")) or "__" in name:
            raise _wrong(path, text, name, f"{name!r}: names have small letters, digits and _.")
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise _wrong(path, text, name, f"{name!r} wants a text or a number.")
    return {name: str(value) for name, value in flat.items()}


def _wrong(path: Path, text: str, name: str, problem: str) -> CampaignError:
    """Name the line on which a setting stands, as far as it can be found."""
    key = re.escape(name.removeprefix("offer."))
    found = re.search(rf"^\s*\[?\"?{key}\b", text, re.MULTILINE)
    line = text.count("\n", 0, found.end()) + 1 if found else 1
    return CampaignError(path, line, problem, name)
