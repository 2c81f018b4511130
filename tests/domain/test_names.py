"""Names have one spelling, so that what one place writes another one can name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.campaign_files import values
from dispatcher.domain.names import is_topic, language_tag


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        *(("en", "en"), ("FR", "fr"), ("fr_ca", "fr-CA"), ("gsw", "gsw")),
        *(("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("ca-VALENCIA", "ca-valencia")),
        *(("", ""), ("french!", ""), ("f", ""), ("fr-", ""), ("fr\n", ""), ("fr-a", "")),
    ],
)
def test_a_language_has_one_spelling(written: str, tag: str) -> None:
    """However it is written, it is kept as RFC 5646 writes it; what is no tag is refused."""
    assert language_tag(written) == tag


@given(st.from_regex(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}", fullmatch=True))
def test_the_spelling_of_a_spelling_is_itself(written: str) -> None:
    """A tag that was kept can be written into a campaign file as it stands."""
    tag = language_tag(written)
    assert language_tag(tag) == values.language(tag) == tag


@pytest.mark.parametrize("topic", ["coffee", "0.5-l_cups", "x" * 64])
def test_a_topic_that_can_be_imported_can_be_named_in_a_campaign(topic: str) -> None:
    """Nobody is out of reach because of the length of a topic."""
    assert is_topic(topic)
    assert values.topic(topic) == topic


@pytest.mark.parametrize("topic", ["", "*", "Coffee", "-tea", "x" * 65, "tea\n", "a b", "{a}"])
def test_what_is_no_topic_anywhere(topic: str) -> None:
    """Everything, nothing, and what would need quotes."""
    assert not is_topic(topic)
