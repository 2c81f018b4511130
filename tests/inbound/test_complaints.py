"""A complaint is recognised in each of its shapes, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.inbound.complaints import ComplaintKind, read_complaint
from tests.support.returned import Sample, samples

COMPLAINTS = samples("complaints-1.txt", "complaints-2.txt")


@pytest.mark.parametrize("sample", COMPLAINTS, ids=lambda sample: sample.name)
def test_a_complaint_says_what_and_who(sample: Sample) -> None:
    """Kind and recipient are read; a recipient that was blacked out is nobody."""
    kind, recipient = sample.labels[:2]
    complaint = read_complaint(sample.raw)
    if kind == "none":
        assert complaint is None
        return
    assert complaint is not None
    assert (complaint.kind, complaint.recipient) == (ComplaintKind(kind), recipient)


def test_a_complaint_without_recipient_still_carries_our_token() -> None:
    """Who it was is known by the unsubscribe link in the returned headers alone."""
    sample = next(each for each in COMPLAINTS if each.name == "yahoo no recipient")
    complaint = read_complaint(sample.raw)
    assert complaint is not None
    assert complaint.names.unsubscribe_link == ("AAAAAAAAAAcAAAAAAAAB-zqLk",)


def test_a_spam_verdict_taken_back_ends_nothing() -> None:
    """not-spam is kept as what it is and changes no consent."""
    sample = next(each for each in COMPLAINTS if each.name == "not spam")
    complaint = read_complaint(sample.raw)
    assert complaint is not None
    assert complaint.feedback_type == "not-spam"
    assert not complaint.ends_consent


@given(st.binary(max_size=2000))
def test_no_bytes_make_it_fail(raw: bytes) -> None:
    """Whatever comes is read or is no complaint; it is never an error."""
    read_complaint(b"Content-Type: message/feedback-report\n\n" + raw)
    read_complaint(raw)
