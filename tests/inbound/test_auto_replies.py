"""A machine's answer is told from a person's, in many languages and by many mail programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.auto_replies import is_auto_reply, why_auto_reply
from tests.support.returned import Sample, samples


@pytest.mark.parametrize(
    "sample",
    samples("auto-replies-1.txt", "auto-replies-2.txt"),
    ids=lambda sample: sample.name,
)
def test_automatic_is_what_nobody_wrote(sample: Sample) -> None:
    """Absence notes, receipts and robots are automatic; people, bounces and lists are not."""
    assert is_auto_reply(sample.raw) is (sample.labels[0] == "yes"), why_auto_reply(sample.raw)


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Whatever comes gets an answer; it is never an error."""
    is_auto_reply(raw)
