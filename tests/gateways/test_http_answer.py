"""Answers over HTTP are read the same however they are cut up, and nonsense is called nonsense."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.gateways.http_answer import BODY_CAP, HEAD_CAP, AnswerReader, GarbledAnswer

BODY = b'{"id": "ref-1"}'
GOOD = {
    "sized": b"HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n" + BODY,
    "chunked": b"HTTP/1.1 202 \r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5;x=y\r\n{"id"\r\nA\r\n: "ref-1"}\r\n0\r\nX-Sum: 1\r\n\r\n',
    "interim": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 OK\r\ncontent-length:15\r\n\r\n" + BODY,
}


def read(*parts: bytes, ends: bool = False) -> AnswerReader:
    """Read an answer that comes in these parts."""
    reader = AnswerReader()
    for part in parts:
        reader.feed(part)
    if ends:
        reader.finish()
    return reader


@pytest.mark.parametrize("answer", GOOD.values(), ids=GOOD)
@given(data=st.data())
def test_cuts_do_not_matter(answer: bytes, data: st.DataObject) -> None:
    """An answer in any number of pieces reads as the same answer."""
    places = data.draw(st.lists(st.integers(0, len(answer)), max_size=8).map(sorted))
    edges = [0, *places, len(answer)]
    reader = read(*(answer[a:b] for a, b in pairwise(edges)))
    assert (reader.status, reader.body, reader.reusable) == (202, BODY, True)


@pytest.mark.parametrize("answer", GOOD.values(), ids=GOOD)
def test_an_answer_that_stops_short_is_a_loss(answer: bytes) -> None:
    """At whatever byte the connection ends before the end, there is no answer."""
    for size in range(len(answer)):
        with pytest.raises(GarbledAnswer):
            read(answer[:size], ends=True)


def test_without_a_length_the_end_of_the_connection_ends_the_answer() -> None:
    """HTTP/1.0 style answers are understood, and their connection is not used again."""
    reader = read(b"HTTP/1.0 200 OK\r\n\r\nOK 12", ends=True)
    assert (reader.status, reader.body, reader.reusable) == (200, b"OK 12", False)


@pytest.mark.parametrize(
    "headers",
    [
        b"Connection: close\r\nContent-Length: 0",
        b"Connection: Keep-Alive, Close\r\nContent-Length: 0",
    ],
)
def test_a_server_that_closes_is_believed(headers: bytes) -> None:
    """After `Connection: close` nothing more is written to the connection."""
    assert not read(b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n\r\n").reusable


def test_words_after_the_answer_spoil_the_connection() -> None:
    """Bytes nobody asked for could be taken for the next answer, so the connection is left."""
    reader = read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKHTTP/1.1 200 OK")
    assert reader.done
    assert not reader.reusable


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3B9ACA00\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["sized", "chunked", "until close"],
)
def test_a_gigabyte_is_not_read(start: bytes) -> None:
    """The status of a giant answer counts; its body is cut and its connection dropped."""
    reader = AnswerReader()
    reader.feed(start)
    fed = 0
    while not reader.done:
        reader.feed(b"x" * 65536)
        fed += 65536
    assert fed <= BODY_CAP + 65536
    assert (reader.status, reader.cut, reader.reusable) == (200, True, False)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"220 mail.example ESMTP\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * HEAD_CAP,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 5000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 5000,
    ],
)
def test_nonsense_is_called_nonsense(nonsense: bytes) -> None:
    """What is not a clear HTTP answer is refused before it can be misread."""
    with pytest.raises(GarbledAnswer):
        read(nonsense)


@given(st.binary(max_size=400), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", *GOOD.values()]))
def test_no_bytes_can_do_worse_than_be_refused(noise: bytes, start: bytes) -> None:
    """Whatever comes, the reader gives an answer or says why not."""
    try:
        reader = read(start, noise, ends=True)
    except GarbledAnswer:
        return
    assert reader.done
