"""From the bytes of a campaign file to its TOML tables, or a plain sentence why not."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from dispatcher.campaign_files.lines import KeyPath, key_lines
from dispatcher.errors import CampaignError

MAX_BYTES = 1_000_000
# Nobody writes such a line by hand, and a parser's work may grow with the square of it.
MAX_LINE = 4_000

# Nobody nests so deep either: sixteen keys joined by dots, quoted or not.
_LONG_CHAIN = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){16}""")
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")

# What the parser says, and what a person can do about it; the first that matches speaks.
_REMEDIES = (
    ("Expected '=' after a key", "each line is key = value; the equals sign is missing"),
    ("Invalid value", "this value cannot be read; text stands in quotation marks"),
    ("Illegal character '\\n'", 'the quotation mark is not closed on this line; add " at its end'),
    ("Unterminated string", "a quotation mark is opened but never closed"),
    ('Expected "\'"', "a quotation mark is opened but never closed"),
    ("Expected '\"'", "a quotation mark is opened but never closed"),
    ("Unescaped '\\' in a string", "write \\\\ for a backslash"),
    ("Unclosed array", "a square bracket [ is opened but never closed, or a comma is missing"),
    ("Unclosed inline table", "a curly bracket { is opened but never closed"),
    ("Cannot overwrite a value", "this key is written twice; keep one"),
    ("Duplicate inline table key", "this key is written twice; keep one"),
    ("twice", "this table is written twice; put its keys together"),
    ("Cannot mutate", "this table is written twice; put its keys together"),
    ("Expected ']' at the end of a table", "a table's name ends with a square bracket: [offer]"),
    ("Expected ']]'", "the name of a list of tables ends with two square brackets"),
    ("Expected newline or end", "something follows the value; is a quotation mark missing?"),
    ("Invalid date or datetime", "there is no such day or time; check it against a calendar"),
    ("Invalid initial character for a key", "a key or a closing bracket is missing here"),
    ("Invalid statement", "each line is [table], key = value, or # a comment"),
)


def parse(data: bytes, path: str) -> tuple[str, dict[str, Any], Mapping[KeyPath, int]]:
    """Give the text, its tables and the line of each key; raise CampaignError at a bad place."""
    text = _decode(data, path)
    _refuse_monsters(text, path)
    try:
        return text, tomllib.loads(text), key_lines(text)
    except tomllib.TOMLDecodeError as error:
        raise _explain(str(error), text, path) from None
    except RecursionError:
        raise CampaignError(path, 1, "brackets are nested too deep to be read") from None


def _decode(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        raise CampaignError(path, 1, "this file is larger than 1 MB; is it a campaign file?")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CampaignError(path, 1, "this file is UTF-16; save it again as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        remedy = "this file is not UTF-8; save it again with the encoding UTF-8"
        raise CampaignError(path, line, remedy) from None
    if not text.strip():
        raise CampaignError(path, 1, "this file is empty; start from docs/examples")
    return text.replace("\r\n", "\n")


def _refuse_monsters(text: str, path: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            told = f"this line has {len(line)} characters; at most {MAX_LINE} fit"
            raise CampaignError(path, number, told)
    chain = _LONG_CHAIN.search(text)
    if chain:
        at = text.count("\n", 0, chain.start()) + 1
        raise CampaignError(path, at, "so many words joined by dots are no key; at most 15 fit")


def _explain(message: str, text: str, path: str) -> CampaignError:
    place = _PLACE.search(message)
    last = text.rstrip("\n").count("\n") + 1
    line = int(place[1]) if place and place[1] else last
    told = _PLACE.sub("", message)
    remedy = next((remedy for sign, remedy in _REMEDIES if sign in told), told)
    return CampaignError(path, line, remedy)
