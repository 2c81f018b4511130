"""Incoming mail as a tree of parts, whatever bytes came: limits instead of recursion and errors.

The parser of the standard library recurses as deep as a mail is nested and raises for some
charsets. This one reads what RFC 2045-2047 say and what mail servers really write, stops at fixed
sizes, and never raises.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote_to_bytes

MOST_BYTES = 4_000_000
MOST_PARTS = 100
MOST_DEPTH = 10
MOST_HEADERS = 400
MOST_IN_HEADER = 20_000
MOST_CHARACTERS = 200_000
MOST_IN_REPORT = 300_000
MOST_BLOCKS = 1000

_FIELD = re.compile(rb"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)
_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=")
_BLANK = re.compile(rb"\n[ \t]*\n")
_BLANK_LINES = re.compile(rb"\A(?:[ \t]*\n)+")
_BETWEEN_WORDS = re.compile(r"(=\?[^?\s]{1,40}\?[bBqQ]\?[^?]*\?=)\s+(?==\?)")
_PARAMETER = re.compile(r';\s*([\w.*-]{1,40})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')
_BOUNDARY_LINE = re.compile(rb"^--(\S{1,200})[ \t]*$", re.MULTILINE)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_SLOW_CODECS = frozenset({"idna", "punycode", "utf_7", "utf-7", "unicode_escape", "undefined"})
_NESTED = frozenset({"message/rfc822", "message/global", "message/news"})


@dataclass(frozen=True)
class Part:
    """One part of a mail, or the whole: headers with lower-case names, body, parts inside."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    parts: tuple[Part, ...] = ()

    def header(self, name: str) -> str:
        """Give the first header of this name in readable letters, or nothing."""
        return next((decoded(value) for key, value in self.headers if key == name), "")

    def all_of(self, name: str) -> list[str]:
        """Give every header of this name."""
        return [decoded(value) for key, value in self.headers if key == name]

    @cached_property
    def kind(self) -> str:
        """The media type in lower case; text/plain where there is none."""
        stated = next((value for key, value in self.headers if key == "content-type"), "")
        kind = stated.partition(";")[0].strip().lower()
        return kind if "/" in kind else "text/plain"

    def parameter(self, name: str) -> str:
        """Give a parameter of the Content-Type."""
        return _parameter(self.headers, name)

    @cached_property
    def content(self) -> bytes:
        """The body without its transfer encoding."""
        return _unwrapped(self.body, self.header("content-transfer-encoding").strip().lower())

    @cached_property
    def text(self) -> str:
        """The body as text, in the charset it is most likely in."""
        content = self.content[: MOST_CHARACTERS * 4]
        return as_text(content, self.parameter("charset"))[:MOST_CHARACTERS]

    def walk(self) -> list[Part]:
        """Give this part and all inside it, in the order of the mail."""
        found, waiting = [], [self]
        while waiting:
            part = waiting.pop()
            found.append(part)
            waiting.extend(reversed(part.parts))
        return found


def parse(raw: bytes) -> Part:
    """Read a mail out of any bytes."""
    raw = raw[:MOST_BYTES].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = _BLANK_LINES.sub(b"", raw.removeprefix(b"\xef\xbb\xbf"), count=1)
    if raw.startswith((b"From ", b">From ")):  # the envelope line of an mbox
        raw = raw.partition(b"\n")[2]
    return _parse(raw, 0, [MOST_PARTS])


def fields(raw: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Split header lines, unfolded, from what follows them."""
    found: list[tuple[str, list[bytes]]] = []
    at, size = 0, len(raw)
    while at < size:
        end = raw.find(b"\n", at)
        end = size if end < 0 else end
        line = raw[at:end]
        if not line.strip():
            at = end + 1
            break
        if line[:1] in b" \t" and found:
            found[-1][1].append(line.strip())
        elif match := _FIELD.fullmatch(line):
            if len(found) >= MOST_HEADERS:
                break
            found.append((match[1].decode("ascii").lower(), [match[2]]))
        elif not line.startswith((b"From ", b">From ")):
            break
        at = end + 1
    heads = tuple((name, _unfolded(lines)) for name, lines in found)
    return heads, raw[at:]


def all_fields(content: bytes) -> Iterator[tuple[tuple[str, str], ...]]:
    """Give block after block of header lines, as reports have them; other lines are left out."""
    content = content[:MOST_IN_REPORT].replace(b"\r\n", b"\n")
    for block in _BLANK.split(content)[:MOST_BLOCKS]:
        lines = block.split(b"\n")
        kept = [line for line in lines if line[:1] in (b" ", b"\t") or _FIELD.fullmatch(line)]
        found, _ = fields(b"\n".join(kept).lstrip())
        if found:
            yield found


def decoded(value: str) -> str:
    """Give a header value with its encoded words (RFC 2047) read."""
    if "=?" not in value:
        return value
    return _WORD.sub(_word, _BETWEEN_WORDS.sub(r"\1", value))


def as_text(content: bytes, charset: str = "") -> str:
    """Read bytes as text: in the charset named, else UTF-8, else what Windows would have meant."""
    charset = charset.strip().lower()
    for name in (charset, "utf-8"):
        if not name or name in _SLOW_CODECS or (name in ("us-ascii", "ascii")):
            continue
        try:
            return content.decode(name)
        except (LookupError, ValueError, TypeError, AssertionError):
            continue
    return content.decode("cp1252", "replace")


def _parse(raw: bytes, depth: int, left: list[int]) -> Part:
    heads, body = fields(raw)
    part = Part(heads, body)
    left[0] -= 1
    if depth >= MOST_DEPTH or left[0] <= 0:
        return part
    if part.kind.startswith("multipart/"):
        pieces = _pieces(body, part.parameter("boundary"), left[0])
        inside = [_parse(piece, depth + 1, left) for piece in pieces if left[0] > 0]
        return Part(heads, body, tuple(inside))
    if part.kind in _NESTED:
        return Part(heads, body, (_parse(part.content.lstrip(b"\n"), depth + 1, left),))
    return part


def _pieces(body: bytes, boundary: str, most: int) -> list[bytes]:
    """Cut a multipart body; a boundary nobody named is the first line that looks like one."""
    name = boundary.rstrip().encode("utf-8", "replace")
    if not name or b"--" + name not in body:
        guess = _BOUNDARY_LINE.search(body)
        if guess is None:
            return []
        name = guess[1]
    line = re.compile(rb"^--" + re.escape(name) + rb"(--)?[ \t]*(?:\n|\Z)", re.MULTILINE)
    pieces, start = [], -1
    for found in line.finditer(body):
        if start >= 0:
            pieces.append(body[start : max(found.start() - 1, start)])
        start = -1 if found[1] else found.end()
        if len(pieces) >= most:
            return pieces
    return [*pieces, body[start:]] if start >= 0 else pieces


def _unfolded(lines: list[bytes]) -> str:
    value = b" ".join(lines)[:MOST_IN_HEADER].strip()
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _word(found: re.Match[str]) -> str:
    charset, how, text = found.groups()
    raw = text.encode("utf-8", "replace")
    letters = how in "bB"
    content = _base64(raw) if letters else binascii.a2b_qp(raw.replace(b"_", b" "), header=True)
    return as_text(content, charset.partition("*")[0])


def _parameter(headers: tuple[tuple[str, str], ...], name: str) -> str:
    """Find a parameter, also in the pieces and percent signs of RFC 2231."""
    stated = next((value for key, value in headers if key == "content-type"), "")
    pieces = {}
    for key, quoted, bare in _PARAMETER.findall(stated[:4000]):
        base, _, rest = key.lower().partition("*")
        if base == name:
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
            pieces[rest] = _percent(value) if rest.endswith("*") or key.endswith("*") else value
    if not pieces:
        return ""
    return pieces.get("") or "".join(pieces[key] for key in sorted(pieces))


def _percent(value: str) -> str:
    return as_text(unquote_to_bytes(value.rsplit("'", 1)[-1]))


def _unwrapped(body: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return _base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    return body


def _base64(raw: bytes) -> bytes:
    """Decode what can be decoded; lines of another alphabet and a torn end are left out."""
    letters = _NOT_BASE64.sub(b"", raw)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
