"""Reads a gateway's settings from plain data into its dataclass, whose fields carry their help."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, NamedTuple, TypeVar, get_type_hints

from pydantic import SecretStr, TypeAdapter, ValidationError

from dispatcher.errors import ConfigError

T = TypeVar("T")


class Described(NamedTuple):
    """One setting as the documentation shows it; `default` is `required` when there is none."""

    name: str
    default: str
    help: str


def option(help_text: str, default: Any = MISSING) -> Any:
    """Declare a setting with its help; without a default it must be given."""
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={"help": help_text})
    return field(default=default, metadata={"help": help_text})


def parse(kind: type[T], given: Mapping[str, Any]) -> T:
    """Build a settings dataclass from plain data such as TOML; raise ConfigError."""
    return kind(**converted(kind, given))


def converted(kind: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check names and types of plain data against a settings dataclass; raise ConfigError."""
    known = fields(kind)
    names = [f.name for f in known]
    for name in given:
        if name not in names:
            raise ConfigError(name, f"there is no such setting{nearest(name, names)}")
    for f in known:
        if f.name not in given and _required(f):
            raise ConfigError(f.name, f"is missing. {f.metadata.get('help', '')}".strip())
    hints = get_type_hints(kind)
    return {name: _convert(name, hints[name], value) for name, value in given.items()}


def nearest(name: str, known: Iterable[str]) -> str:
    """Give `; did you mean "x"?` for the closest known name, else the list of all."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; there are: {', '.join(known)}"


def described(kind: type) -> list[Described]:
    """Give name, default and help of each setting."""
    return [Described(f.name, _default(f), f.metadata.get("help", "")) for f in fields(kind)]


def _required(f: Field[Any]) -> bool:
    return f.default is MISSING and f.default_factory is MISSING


def _default(f: Field[Any]) -> str:
    if _required(f):
        return "required"
    value = f.default if f.default_factory is MISSING else f.default_factory()
    if isinstance(value, SecretStr) or value in ("", (), {}):
        return ""
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _convert(name: str, hint: Any, value: Any) -> Any:
    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        said = error.errors(include_input=False)[0]["msg"]
        raise ConfigError(name, said[:1].lower() + said[1:]) from None
