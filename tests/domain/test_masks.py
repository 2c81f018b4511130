"""Addresses in logs are masked, whoever wrote the line and wherever in it they stand."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.domain.masks import mask, mask_logs


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as a file would have it."""
    before, out = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logging.getLogger("masks").addHandler(handler)
    mask_logs()
    yield out
    logging.setLogRecordFactory(before)
    logging.getLogger("masks").removeHandler(handler)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to anna@d.example now", "to a•••@d.example now"),
        ("<anna+shop@mail.d.example>", "<a•••@mail.d.example>"),
        ("RCPT TO:<a@d.example>", "RCPT TO:<a•••@d.example>"),
        ("{'address': 'zoë.ü@bücher.example'}", "{'address': 'z•••@bücher.example'}"),
        ("+33612345678 says", "+33•••••678 says"),
        ("to=%2B447700900123&x=1", "to=+44•••••123&x=1"),
        ("+44 7700 900123.", "+44•••••123."),
        ("wave 1838440683889664, 1+1=2, a @ b, v5.7.0", None),
    ],
)
def test_an_address_cannot_be_read(text: str, masked: str | None) -> None:
    """What is no address stays as it is."""
    assert mask(text) == (text if masked is None else masked)


@given(st.text())
def test_any_text_can_be_masked(text: str) -> None:
    """Twice is as good as once, and nothing is ever raised."""
    assert mask(mask(text)) == mask(text)


def test_messages_arguments_and_tracebacks_are_masked(log: io.StringIO) -> None:
    """A bug that repeats whom it was about does not tell the log."""
    here = logging.getLogger("masks")
    here.warning("no answer for %s and %s", "anna@d.example", {"to": "+33612345678"})
    try:
        raise ValueError("anna@d.example is a duplicate")
    except ValueError:
        here.exception("failed for +33612345678")
    said = log.getvalue()
    assert "ValueError: a•••@d.example is a duplicate" in said
    assert "failed for +33•••••678" in said
    assert "anna" not in said
    assert "612345" not in said
