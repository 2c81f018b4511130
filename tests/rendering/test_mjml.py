"""Promises of the way from MJML to HTML."""

from __future__ import annotations

from html import unescape

import pytest

from dispatcher.rendering.mjml import BrokenMjmlError, to_html

MAIL = (
    "<mjml>{head}<mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"
)


def mjml(inner: str, head: str = "") -> str:
    """Put some words into a whole mail, the words on line 2."""
    return MAIL.format(head=head, inner="\n" + inner)


def test_tags_come_through_as_they_were_written() -> None:
    """Quotes, brackets and ampersands inside a tag mean nothing to MJML."""
    tag = """{% if a < b and c == "<&'\\"" %}"""
    html = to_html(mjml(f"<mj-text>{tag}x{{% endif %}} {{{{ d }}}}</mj-text>"), "en")
    assert f"{tag}x{{% endif %}} {{{{ d }}}}" in html


def test_html_is_ascii_in_short_lines_and_knows_its_language() -> None:
    """Characters become references, lines stay far below 998, the language is named."""
    inner = '<mj-text>Été — ß 👍</mj-text><mj-image alt="À\u00a0b" src="https://x.example/i.png" />'
    html = to_html(mjml(inner * 20), "fr")
    assert html.isascii()
    assert max(map(len, html.split("\r\n"))) < 998
    assert 'lang="fr"' in html
    assert "Été — ß 👍" in unescape(html)
    assert 'alt="À\u00a0b"' in unescape(html)
    assert "fonts.googleapis" not in html


def test_blocks_may_stand_between_components() -> None:
    """An if may choose whole paragraphs."""
    html = to_html(mjml("{% if a %}<mj-text>x</mj-text>{% endif %}"), "en")
    assert html.index("{% if a %}") < html.index(">x<") < html.index("{% endif %}")


@pytest.mark.parametrize(
    ("inner", "line", "says"),
    [
        ("<mj-texd>x</mj-texd>", 2, "did you mean 'mj-text'"),
        ('<mj-text colr="red">x</mj-text>', 2, "did you mean 'color'"),
        ("<mj-section></mj-section>", 2, "cannot stand inside <mj-column>"),
        ("<mj-text>\n<b>x</mj-text>", 3, "closes nothing"),
        ("\n<mj-text>x", 3, "closes nothing"),
        ("stray words", 2, "stands outside of mj-text"),
        ("{{ name }}", 2, "stands outside of mj-text"),
        ("<mj-text>a < b</mj-text>", 2, "write &lt;"),
        ("<mj-raw><script>x</script></mj-raw>", 2, "no place in a mail"),
        ('<mj-include path="/etc/passwd" />', 2, "no place in a mail"),
        ('<mj-text><a href="javascript:x">x</a></mj-text>', 2, "does not begin with https"),
        ('<mj-text><a href="{{ name }}">x</a></mj-text>', 2, "only values named"),
        ('<mj-button href="{{ name }}">x</mj-button>', 2, "only values named"),
        ('<mj-text><a onclick="x" href="#">x</a></mj-text>', 2, "would run a script"),
        ('<mj-text><p style="color: {{ name }}">x</p></mj-text>', 2, "style holds a tag"),
        ("<mj-text><mj-text>x</mj-text></mj-text>", 2, "cannot stand inside"),
        ("<mj-text>" + "<b>" * 50 + "</b>" * 50 + "</mj-text>", 2, "nested more than"),
    ],
)
def test_what_mjml_lets_pass_in_silence_is_named(inner: str, line: int, says: str) -> None:
    """Unknown and misplaced tags, unsafe links and scripts, each with its line."""
    with pytest.raises(BrokenMjmlError) as wrong:
        to_html(mjml(inner), "en")
    fault = wrong.value.faults[0]
    assert says in fault.text
    assert fault.line == line


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("<mj-head><mj-style>.x { content: 'é' }</mj-style></mj-head>", "beyond ASCII"),
        ("<mj-head><mj-style>.x { color: {{ a }} }</mj-style></mj-head>", "style holds a tag"),
        ("<mj-head><mj-font name='x' href='https://x.example/f' /></mj-head>", "mj-font"),
    ],
)
def test_styles_hold_no_values(head: str, says: str) -> None:
    """References mean nothing inside a style, and values are not safe there."""
    with pytest.raises(BrokenMjmlError, match=says):
        to_html(mjml("<mj-text>x</mj-text>", head), "en")


@pytest.mark.parametrize("text", ["", "nope", "<html></html>", "<mjml>", "<mjml></mjml"])
def test_what_is_no_mjml_is_refused(text: str) -> None:
    """Anything else is named as what it is not."""
    with pytest.raises(BrokenMjmlError):
        to_html(text, "en")


def test_a_tag_that_mjml_would_lose_is_named() -> None:
    """A tag in a comment never reaches anybody; better say so."""
    with pytest.raises(BrokenMjmlError, match="does not come through"):
        to_html(mjml("<!-- {{ a }} --><mj-text>x</mj-text>"), "en")
