"""What a machine lacks skips a test and says how to get it; where all is required, it fails."""

from __future__ import annotations

import pytest

from tests.support.requirements import require

NEED = ("chromium", "see the page as people do", "apt install chromium")
SAID = "chromium is missing, needed to see the page as people do; to install it: apt install"


def test_what_is_there_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is required of the run."""
    require("/usr/bin/chromium", *NEED)
    monkeypatch.setenv("DISPATCH_REQUIRE", "all")
    require("/usr/bin/chromium", *NEED)


@pytest.mark.parametrize("required", [None, "", "some"])
def test_what_is_missing_skips_and_names_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, required: str | None
) -> None:
    """A visitor's machine need not have everything."""
    monkeypatch.delenv("DISPATCH_REQUIRE", raising=False)
    if required is not None:
        monkeypatch.setenv("DISPATCH_REQUIRE", required)
    with pytest.raises(pytest.skip.Exception, match=SAID):
        require(None, *NEED)


def test_where_everything_is_required_the_same_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In CI no promise goes unproved in silence."""
    monkeypatch.setenv("DISPATCH_REQUIRE", "all")
    # A skip would go past `raises(fail)`, and this test would be skipped instead of failing.
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as caught:
        require(None, *NEED)
    assert caught.type is pytest.fail.Exception
    assert caught.match(f"{SAID}.*forbids skipping")
