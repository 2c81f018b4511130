"""Export files: what was collected about somebody, as JSON, as CSV and in one ZIP."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson

EVERYTHING = "everything.json"
_INSIDE = ("decisions", "attempts", "events")  # tables within each campaign
_NO_TABLE = ("ledger_faults", "erasure")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?[\d.]+\Z")


def written(data: Mapping[str, Any]) -> dict[str, bytes]:
    """Write everything as one JSON file, and each part of it as CSV; file name -> content."""
    files = {EVERYTHING: to_json(data)}
    for name, rows in tables(data).items():
        if rows:
            files[f"{name}.csv"] = _csv(rows)
    return files


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Put the files of an export into one ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def to_json(data: Any) -> bytes:
    """Write what was collected as JSON."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(data, default=_plain, option=options)


def tables(data: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Give the parts that are tables, and out of the campaigns those inside them."""
    tables = {
        name: [_plain(row) for row in rows]
        for name, rows in data.items()
        if isinstance(rows, list | tuple) and name not in _NO_TABLE
    }
    for name in _INSIDE:
        tables[name] = [
            {"campaign": story["campaign"], "wave_id": story["wave_id"], **_plain(row)}
            for story in data["campaigns"]
            for row in story[name]
        ]
    tables["campaigns"] = [
        {name: value for name, value in story.items() if name not in _INSIDE}
        for story in data["campaigns"]
    ]
    person = dict(data["customer"])
    addresses, facts = person.pop("addresses"), person.pop("attributes")
    reached = {str(at["channel"]): at["address"] for at in addresses}
    tables["customer"] = [
        {"name": name, "value": value} for name, value in {**person, **reached, **facts}.items()
    ]
    return tables


def _csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write rows with a heading; with the mark by which spreadsheets know UTF-8."""
    every = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(every[0]), restval="", extrasaction="ignore")
    writer.writeheader()
    for row in every:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    """Write a cell; what a spreadsheet would take for a formula is made a text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    text = value if isinstance(value, str) else to_json(value).decode()
    formula = text.startswith(_FORMULA) and not _NUMBER.match(text)
    return f"'{text}" if formula else text


def _plain(value: Any) -> Any:
    """Give what JSON knows of a value it does not know."""
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
