"""Reads one HTTP/1.1 answer from bytes as they come, strictly and within bounds (RFC 9112)."""

from __future__ import annotations

import re

HEAD_CAP = 32 * 1024  # bytes of status line and headers
BODY_CAP = 256 * 1024  # bytes of body that are kept; a longer one is cut and its connection closed
INTERIM_CAP = 8  # 1xx answers before the real one

Headers = list[tuple[bytes, bytes]]

_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: [^\x00]*)?")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_LINE_CAP = 4096  # of a chunk's size line, and of the trailers as a whole
_CHUNKED = -1
_UNTIL_CLOSE = -2


class GarbledAnswer(ValueError):
    """What came is not an HTTP answer that can be trusted; its text says why."""


class AnswerReader:
    """Collects one answer: feed it bytes until `done`, tell it of the end by `finish()`.

    `cut` says the body was longer than the cap; `reusable` that another request may follow on the
    same connection.
    """

    __slots__ = (
        "_buffer",
        "_interim",
        "_left",
        "body",
        "cut",
        "done",
        "headers",
        "keeps",
        "status",
    )

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.body = b""
        self.done = False
        self.cut = False
        self.keeps = False
        self._buffer = bytearray()
        self._left = 0
        self._interim = 0

    @property
    def reusable(self) -> bool:
        """Whether the answer is whole, nothing follows it, and the server keeps the line open."""
        return self.done and self.keeps and not self.cut and not self._buffer

    def feed(self, data: bytes) -> None:
        """Take the next bytes; raise GarbledAnswer if they cannot be right."""
        self._buffer += data
        while not self.done and not self.status:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 or end > HEAD_CAP:
                self._check_head_size(end)
                return
            self._take_head(bytes(self._buffer[:end]), end + 4)
        if self.status and not self.done:
            self._take_body()

    def finish(self) -> None:
        """Take note that the server closed: an end for some answers, a loss for the others."""
        if self.done:
            return
        if not self.status or self._left != _UNTIL_CLOSE:
            raise GarbledAnswer("the connection ended in the middle of the answer")
        self.body, self.done = bytes(self._buffer), True
        self._buffer.clear()

    def _check_head_size(self, end: int) -> None:
        if end > HEAD_CAP or len(self._buffer) > HEAD_CAP + 4:
            raise GarbledAnswer(f"the headers are longer than {HEAD_CAP} bytes")
        if not b"HTTP/1."[: len(self._buffer)] == self._buffer[:7]:
            raise GarbledAnswer("this is not HTTP/1.1")

    def _take_head(self, head: bytes, size: int) -> None:
        first, *lines = head.split(b"\r\n")
        match = _STATUS.fullmatch(first)
        if match is None:
            raise GarbledAnswer("the status line is not one of HTTP/1.1")
        headers = [_header(line) for line in lines]
        del self._buffer[:size]
        status = int(match[2])
        if status < 200:
            self._skip_interim(status)
            return
        self.status, self.headers = status, headers
        self.keeps = _keeps(match[1] == b"1", headers)
        self._left = _body_size(status, headers)

    def _skip_interim(self, status: int) -> None:
        self._interim += 1
        if status == 101 or self._interim > INTERIM_CAP:
            raise GarbledAnswer("the server answers with interim answers only")

    def _take_body(self) -> None:
        if self._left == _CHUNKED:
            self._take_chunks()
        elif self._left == _UNTIL_CLOSE:
            if len(self._buffer) > BODY_CAP:
                self._cut(bytes(self._buffer[:BODY_CAP]))
        elif self._left > BODY_CAP:
            self._cut(b"")
        elif len(self._buffer) >= self._left:
            self.body, self.done = bytes(self._buffer[: self._left]), True
            del self._buffer[: self._left]

    def _take_chunks(self) -> None:
        while not self.done:
            end = self._buffer.find(b"\r\n", 0, _LINE_CAP)
            if end < 0:
                self._check_line_size()
                return
            match = _CHUNK.fullmatch(self._buffer[:end])
            if match is None:
                raise GarbledAnswer("the size of a chunk is not a number")
            size = int(match[1], 16)
            if size == 0:
                self._take_trailers(end)
                return
            if len(self.body) + size > BODY_CAP:
                self._cut(self.body)
                return
            if not self._take_chunk(end + 2, size):
                return

    def _take_chunk(self, start: int, size: int) -> bool:
        if len(self._buffer) < start + size + 2:
            return False
        if self._buffer[start + size : start + size + 2] != b"\r\n":
            raise GarbledAnswer("a chunk is longer than it says")
        self.body += bytes(self._buffer[start : start + size])
        del self._buffer[: start + size + 2]
        return True

    def _take_trailers(self, start: int) -> None:
        """Skip the trailers after the last chunk; its own line end may close them at once."""
        end = self._buffer.find(b"\r\n\r\n", start, start + _LINE_CAP)
        if end >= 0:
            del self._buffer[: end + 4]
            self.done = True
        elif len(self._buffer) > start + _LINE_CAP:
            raise GarbledAnswer("the trailers are too long")

    def _check_line_size(self) -> None:
        if len(self._buffer) >= _LINE_CAP:
            raise GarbledAnswer("the size line of a chunk is too long")

    def _cut(self, body: bytes) -> None:
        self.body, self.cut, self.done = body, True, True


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not _NAME.fullmatch(name) or b"\n" in value or b"\r" in value:
        raise GarbledAnswer("a header line is not one")
    return name.lower(), value.strip(b" \t")


def _values(headers: Headers, wanted: bytes) -> list[bytes]:
    return [value for name, value in headers if name == wanted]


def _keeps(http_1_1: bool, headers: Headers) -> bool:
    said = b",".join(_values(headers, b"connection")).lower()
    return b"close" not in said and (http_1_1 or b"keep-alive" in said)


def _body_size(status: int, headers: Headers) -> int:
    """Give the length of the body, or how its end is told (RFC 9112 section 6.3)."""
    coding = _values(headers, b"transfer-encoding")
    sizes = set(_values(headers, b"content-length"))
    if coding and (sizes or [value.lower() for value in coding] != [b"chunked"]):
        raise GarbledAnswer("the answer tells its length in two ways")
    if status in (204, 304):
        return 0
    if coding:
        return _CHUNKED
    if not sizes:
        return _UNTIL_CLOSE
    if len(sizes) > 1 or not (size := sizes.pop()).isdigit() or len(size) > 15:
        raise GarbledAnswer("the length of the answer is not a number")
    return int(size)
